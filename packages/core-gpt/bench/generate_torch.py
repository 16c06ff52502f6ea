"""Tokens a second of Hugging Face's GPT-2 with its cache, for bench/generate.mjs: random weights of a given shape."""
import json
import sys
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

shape = json.loads(sys.argv[1])
torch.set_num_threads(shape["threads"])
model = GPT2LMHeadModel(GPT2Config(n_embd=shape["width"], n_layer=shape["numLayers"], n_head=shape["numHeads"],
                                   n_positions=shape["contextLength"], vocab_size=shape["vocabSize"])).eval()
best = float("inf")
with torch.no_grad():
    for _ in range(shape["rounds"]):
        step = model(torch.arange(shape["prompt"])[None], use_cache=True)
        times = []
        for _ in range(shape["tokens"]):
            start = time.perf_counter()
            next_id = step.logits[:, -1:].argmax(-1)
            step = model(next_id, past_key_values=step.past_key_values, use_cache=True)
            times.append(time.perf_counter() - start)
        best = min(best, sorted(times)[len(times) // 2])
print(json.dumps(dict(milliseconds=1000 * best, torch=torch.__version__)))
