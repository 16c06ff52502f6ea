#!/usr/bin/env python3
"""More texts for a teacher to score, made of those there are: parts of messages, two joined, words exchanged.

    python mix_texts.py --file a.csv=4 --file b.csv=0.5 --out mixed.txt [--seed 0]

One text a line. A teacher says what each is worth, so that they need no label of their own and may make no sense: what
counts is that their words and turns are those of the messages which the student is meant for (after Tang and others 2019,
arXiv 1903.12136, section 3.2). The output is made of real messages: it stays outside the repository, as they do.
"""
import argparse
import csv
import random


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return [r["Text"].replace("\\n", " ").split() for r in csv.DictReader(f)]


def span(words, part, rng):
    """A run of words, `part` of them, at least three."""
    count = max(3, round(len(words) * part))
    start = rng.randrange(max(1, len(words) - count + 1))
    return words[start:start + count]


def mixed(words, texts, pool, rng):
    """One new text: a part (3 in 10), two parts joined (4 in 10) or words exchanged (3 in 10)."""
    kind = rng.random()
    if kind < 0.3:
        return span(words, rng.uniform(0.4, 0.9), rng)
    if kind < 0.7:
        pair = [span(words, rng.uniform(0.3, 0.7), rng), span(rng.choice(texts), rng.uniform(0.3, 0.7), rng)]
        rng.shuffle(pair)
        return pair[0] + pair[1]
    share = rng.uniform(0.08, 0.3)
    return [rng.choice(pool) if rng.random() < share else word for word in words]


def main(a):
    rng = random.Random(a.seed)
    out = []
    for entry in a.file:
        path, times = entry.rsplit("=", 1)
        texts = [words for words in read(path) if len(words) >= 3]
        pool = [word for words in texts for word in words]
        for words in texts:
            count = int(float(times)) + (rng.random() < float(times) % 1)
            out += [" ".join(mixed(words[:a.words], texts, pool, rng)[:a.words]) for _ in range(count)]
    out = list(dict.fromkeys(out))
    rng.shuffle(out)
    with open(a.out, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(text + "\n" for text in out)
    print(f"{len(out)} texts")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--file", action="append", required=True, help="CSV with a column Text, = how many new texts for each of its")
    p.add_argument("--out", required=True)
    p.add_argument("--words", type=int, default=60, help="longest text")
    p.add_argument("--seed", type=int, default=0)
    main(p.parse_args())
