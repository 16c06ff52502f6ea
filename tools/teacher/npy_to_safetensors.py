#!/usr/bin/env python3
"""Turns a teacher's rows from .npy into the safetensors file that `btp-cli distill` reads.

    python npy_to_safetensors.py --rows vectors.npy --texts texts.csv --out texts.vectors.safetensors [--note "encoder=all-MiniLM-L6-v2"]

[N, K] becomes `vectors` (float16 stays, all else float32), [N] becomes `scores` F32. `texts_sha256` in the header is the
sha256 of the file that the rows belong to, row by row; another number of rows is refused, but scores may cover the first
rows only with --prefix.
"""
import argparse
import csv
import hashlib
import sys

import numpy as np
from safetensors.numpy import save_file


def count_texts(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8", newline="") as f:
            return sum(1 for _ in csv.DictReader(f))
    with open(path, encoding="utf-8") as f:
        return sum(1 for _ in f)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--rows", required=True, help=".npy with one row a text")
    p.add_argument("--texts", required=True, help="the CSV or .txt file they belong to")
    p.add_argument("--out", required=True)
    p.add_argument("--note", action="append", default=[], help="key=value for the header")
    p.add_argument("--prefix", action="store_true", help="allow rows for the first texts only")
    a = p.parse_args()
    rows, texts = np.load(a.rows), count_texts(a.texts)
    if rows.ndim not in (1, 2) or len(rows) > texts or (len(rows) < texts and not a.prefix):
        sys.exit(f"Expected one row for each of the {texts} texts of {a.texts}, got {list(rows.shape)}.")
    if not np.isfinite(rows).all():
        sys.exit(f"Expected finite numbers in {a.rows}.")
    with open(a.texts, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    keep = rows.ndim == 2 and rows.dtype == np.float16
    name = "vectors" if rows.ndim == 2 else "scores"
    notes = dict(note.split("=", 1) for note in a.note)
    save_file({name: rows if keep else rows.astype(np.float32)}, a.out, metadata={**notes, "texts_sha256": digest})


if __name__ == "__main__":
    main()
