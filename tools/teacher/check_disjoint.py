#!/usr/bin/env python3
"""Proves that the functional suite and the functional training texts are apart: no case is a training text, and none
shares five words in a row with one.

    python tools/teacher/check_disjoint.py [--suite datasets/functional/cases.csv] [--train datasets/functional-train/texts.csv]

Exit code 0 when they are apart; 1 with the places (file lines, not texts) when they are not.
"""
import argparse
import csv
import re
import sys


def words(text):
    joined = re.sub(r"\b(?:[a-z0-9][ .*_-]){2,}[a-z0-9]\b", lambda m: re.sub(r"[ .*_-]", "", m[0]), text.lower())  # "l o s e r" is one word
    return re.findall(r"[a-z0-9']+", joined)


def grams(tokens, n):
    return {tuple(tokens[i:i + n]) for i in range(len(tokens) - n + 1)}


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return [r["Text"] for r in csv.DictReader(f)]


def nearness(texts):
    """A function of a text that says how near it is to one of `texts`; None where it is apart from all."""
    whole, shared = set(), set()
    for w in map(words, texts):
        whole.add(tuple(w))
        shared |= grams(w, 5)

    def near(text):
        w = words(text)
        return "same text" if tuple(w) in whole else "five words shared" if grams(w, 5) & shared else None

    return near


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--suite", default="datasets/functional/cases.csv")
    p.add_argument("--train", default="datasets/functional-train/texts.csv")
    a = p.parse_args()
    near, cases = nearness(rows(a.train)), rows(a.suite)
    bad = [(i + 2, why) for i, text in enumerate(cases) if (why := near(text))]
    for line, why in bad:
        print(f"{a.suite} line {line}: {why}", file=sys.stderr)
    print(f"{len(bad)} of {len(cases)} cases are not apart from {a.train}")
    sys.exit(1 if bad else 0)
