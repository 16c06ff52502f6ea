"""Reference values for cyberbully-train/src/metrics, from scikit-learn, numpy and scipy.

Needed only to make the goldens anew, never to build or test:
    pip install scikit-learn scipy numpy
    python tools/goldens/make_metrics_goldens.py
Writes packages/cyberbully-train/src/metrics/goldens/metrics.json.
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from sklearn import metrics

TARGET = pathlib.Path(__file__).parents[2] / "packages/cyberbully-train/src/metrics/goldens/metrics.json"


def ece(labels, scores, weights, bins=15):
    """Expected calibration error, equal-width bins, written from the definition in arXiv 1706.04599."""
    edges = np.minimum(np.floor(scores * bins), bins - 1)
    total = 0.0
    for bin_index in range(bins):
        inside = edges == bin_index
        if weights[inside].sum() > 0:
            gap = np.average(labels[inside], weights=weights[inside]) - np.average(scores[inside], weights=weights[inside])
            total += weights[inside].sum() * abs(gap)
    return total / weights.sum()


def measure(labels, scores, threshold, weights):
    called = (scores >= threshold).astype(int)
    w = {"sample_weight": weights}
    tn, fp, fn, tp = metrics.confusion_matrix(labels, called, labels=[0, 1], **w).ravel()
    both = len(set(labels[weights > 0])) == 2
    any_positive = labels[weights > 0].sum() > 0
    return {
        "confusion": {"truePositives": tp, "falsePositives": fp, "trueNegatives": tn, "falseNegatives": fn},
        "accuracy": metrics.accuracy_score(labels, called, **w),
        "precision": metrics.precision_score(labels, called, zero_division=0, **w),
        "recall": metrics.recall_score(labels, called, zero_division=0, **w),
        "specificity": metrics.recall_score(labels, called, pos_label=0, zero_division=0, **w),
        "f1": metrics.f1_score(labels, called, zero_division=0, **w),
        "macroF1": metrics.f1_score(labels, called, labels=[0, 1], average="macro", zero_division=0, **w),
        "rocAuc": metrics.roc_auc_score(labels, scores, **w) if both else None,
        "prAuc": metrics.average_precision_score(labels, scores, **w) if any_positive else None,
        "ece": ece(labels, scores, weights),
        "brier": metrics.brier_score_loss(labels, scores, **w),
        "logLoss": metrics.log_loss(labels, scores, labels=[0, 1], **w),
    }


def best(labels, scores):
    """Best value over all cuts, by trying each."""
    found = {}
    for aim in ["accuracy", "f1", "youden"]:
        values = []
        for cut in [*np.unique(scores), 2.0]:
            m = measure_cut(labels, scores >= cut)
            values.append(m[aim])
        found[aim] = max(values)
    return found


def measure_cut(labels, called):
    recall = metrics.recall_score(labels, called, zero_division=0)
    specificity = metrics.recall_score(labels, called, pos_label=0, zero_division=0)
    return {
        "accuracy": metrics.accuracy_score(labels, called),
        "f1": metrics.f1_score(labels, called, zero_division=0),
        "youden": recall + specificity - 1,
    }


def temperature(labels, margins):
    """Minimum over 1/T of the mean log loss of sigmoid(margin / T)."""

    def loss(inverse):
        z = inverse * margins
        return np.mean(np.logaddexp(0, z) - labels * z)

    found = minimize_scalar(loss, bounds=(1 / 20, 20), method="bounded", options={"xatol": 1e-12})
    return 1 / found.x


def case(name, labels, scores, threshold, rng):
    labels = np.asarray(labels, dtype=int)
    scores = np.asarray(scores, dtype=float)
    weights = np.bincount(rng.integers(0, len(labels), len(labels)), minlength=len(labels))
    return {
        "name": name,
        "labels": labels.tolist(),
        "scores": scores.tolist(),
        "threshold": threshold,
        "expected": measure(labels, scores, threshold, np.ones(len(labels))),
        "weights": weights.tolist(),
        "weighted": measure(labels, scores, threshold, weights),
        "best": best(labels, scores),
    }


def cases():
    rng = np.random.default_rng(20261123)
    labels = rng.integers(0, 2, 300)
    margins = 1.5 * (labels - 0.5) + rng.normal(0, 1.2, 300)
    yield case("overlapping", labels, 1 / (1 + np.exp(-margins)), 0.5, rng), (labels, margins)
    rare = (rng.random(400) < 0.08).astype(int)
    overconfident = 6 * (rare - 0.3) + rng.normal(0, 3, 400)
    yield case("rare and overconfident", rare, 1 / (1 + np.exp(-overconfident)), 0.7, rng), (rare, overconfident)
    yield case("many ties", labels, np.round(1 / (1 + np.exp(-margins)), 1), 0.4, rng), None
    yield case("all equal", [0, 1, 1, 0, 1], [0.5] * 5, 0.5, rng), None
    yield case("one label", [0, 0, 0, 0], [0.1, 0.2, 0.9, 0.4], 0.5, rng), None
    yield case("separated", [0, 0, 0, 1, 1], [0.0, 0.1, 0.2, 0.9, 1.0], 0.5, rng), None
    yield case("reversed", [1, 1, 0, 0], [0.1, 0.3, 0.6, 1.0], 0.5, rng), None


def main():
    made, temperatures = [], []
    for one, fit in cases():
        made.append(one)
        if fit is not None:
            labels, margins = fit
            temperatures.append(
                {"labels": labels.tolist(), "margins": margins.tolist(), "expected": temperature(labels, margins)}
            )
    wilson = []
    for successes, trials in [(0, 10), (10, 10), (2600, 3250), (7, 9)]:
        z = scipy.stats.norm.ppf(0.975)
        interval = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
        wilson.append({"successes": successes, "trials": trials, "low": interval.low, "high": interval.high, "z": z})
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    content = {"madeWith": versions, "cases": made, "temperatures": temperatures, "wilson": wilson}
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(content, default=float) + "\n")


if __name__ == "__main__":
    main()
