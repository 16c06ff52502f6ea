#!/usr/bin/env python3
"""Training speed of the compact preset's shape in PyTorch, for bench/compact.mjs: all parameters trained, messages sorted by
length and padded to the batch's longest. Prints one JSON line.

    python compact_torch.py PEERS_FOLDER --dtype fp32|bf16 [--width 128] [--layers 2] [--heads 4] [--batch 64] [--steps 40]
"""
import argparse
import json
import random
import sys
import time

p = argparse.ArgumentParser()
p.add_argument("peers")
p.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
for name, default in dict(width=128, layers=2, heads=4, batch=64, steps=40, threads=2).items():
    p.add_argument(f"--{name}", type=int, default=default)
a = p.parse_args()
sys.path.insert(0, a.peers)

import reference_torch as reference  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.manual_seed(0)
torch.set_num_threads(a.threads)
rows = [(ids[:128], label) for ids, label in reference.read(f"{a.peers}/btp-validation.tokens.jsonl", None)]
kept = sorted({i for ids, _ in rows for i in ids} | {reference.PAD})
number = {token: k for k, token in enumerate(kept)}
rows = [([number[i] for i in ids], label) for ids, label in rows]
reference.VOCAB, reference.CTX, reference.PAD = len(kept), 128, number[reference.PAD]
model = reference.Classifier(a.width, a.layers, a.heads).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
random.Random(0).shuffle(rows)
pool = a.batch * 16
rows = [r for i in range(0, len(rows), pool) for r in sorted(rows[i : i + pool], key=lambda r: len(r[0]))]
count = len(rows) // a.batch
seen = spent = 0
for k, s in enumerate(range(0, count, max(1, count // a.steps))):  # the first few are warm-up
    ids, y = reference.pad(rows[s * a.batch : (s + 1) * a.batch], "dynamic")
    start = time.perf_counter()
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=a.dtype == "bf16"):
        loss = F.cross_entropy(model(ids).float(), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if k >= 5:
        seen, spent = seen + len(y), spent + time.perf_counter() - start
print(json.dumps(dict(messages_per_s=round(seen / spent), dtype=a.dtype, vocabulary=len(kept), torch=torch.__version__)))
