#!/usr/bin/env python3
"""A second teacher: TF-IDF of words and characters with logistic regression, for `make_scores.py combine`.

    pip install scikit-learn safetensors
    python tfidf_scores.py --train btp.csv --train twitter.csv --score btp.csv=btp.tfidf.safetensors --score mixed.txt=mixed.tfidf.safetensors

It knows spellings that a word-piece encoder does not; alone it is worse, together both are better. A file that it trains
on is scored in five parts, each by a model that has not seen that part. Output: `scores` F32 [N], logits.
"""
import argparse
import csv
import hashlib

import numpy as np
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union


def read(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8", newline="") as f:
            rows = [(r["Text"], int(float(r.get("Label") or 0))) for r in csv.DictReader(f)]
    else:
        with open(path, encoding="utf-8") as f:
            rows = [(line.rstrip("\n"), 0) for line in f]
    return [t.replace("\\n", " ") for t, _ in rows], np.array([y for _, y in rows])


def fitted(texts, labels):
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    model = make_pipeline(make_union(words, characters), LogisticRegression(C=2, max_iter=300))
    return model.fit(texts, labels)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def main(a):
    sets = {path: read(path) for path in a.train}
    texts = [t for x, _ in sets.values() for t in x]
    labels = np.concatenate([y for _, y in sets.values()])
    part = np.random.default_rng(a.seed).integers(0, 5, len(texts))
    unseen = np.zeros(len(texts), np.float32)
    jobs = [entry.rsplit("=", 1) for entry in a.score]
    if any(path in sets for path, _ in jobs):
        for k in range(5):
            model = fitted([t for t, p in zip(texts, part) if p != k], labels[part != k])
            unseen[part == k] = model.decision_function([t for t, p in zip(texts, part) if p == k])
    starts = dict(zip(sets, np.cumsum([0] + [len(x) for x, _ in sets.values()])))
    model = fitted(texts, labels)
    for path, out in jobs:
        x, _ = sets.get(path) or read(path)
        scores = unseen[starts[path]:starts[path] + len(x)] if path in sets else model.decision_function(x)
        save_file({"scores": np.ascontiguousarray(scores, np.float32)}, out, metadata={"texts_sha256": digest(path), "teacher": "TF-IDF + logistic regression"})


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--train", action="append", required=True, help="CSV with the columns Text and Label")
    p.add_argument("--score", action="append", required=True, help="FILE=OUT")
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
