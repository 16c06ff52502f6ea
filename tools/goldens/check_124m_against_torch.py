#!/usr/bin/env python3
"""Writes a GPT-2 of the 124M shape with random weights, and the logits that Hugging Face's code computes, for
`node packages/weights-gpt2/bench/load.mjs FOLDER` to compare with. Half a gigabyte; not for committing.

    pip install torch transformers safetensors
    python tools/goldens/check_124m_against_torch.py FOLDER
"""
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
config = GPT2Config(attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0)
model = GPT2LMHeadModel(config).eval()
with torch.no_grad():
    # Biases and gains that are not 0 and 1, so that a lost or swapped one is seen.
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            weight.add_(torch.randn_like(weight) * 0.1)
    ids = torch.randint(0, config.vocab_size, (1, 6))
    logits = model(ids).logits
model.save_pretrained(folder)
save_file({"ids": ids.int(), "logits": logits.contiguous()}, folder / "expected.safetensors")
