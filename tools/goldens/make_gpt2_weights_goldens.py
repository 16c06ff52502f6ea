#!/usr/bin/env python3
"""Writes packages/weights-gpt2/goldens: small random GPT-2 models of unusual sizes, each in another stored form, with what
Hugging Face's own code computes from them.

    pip install torch transformers safetensors
    python tools/goldens/make_gpt2_weights_goldens.py packages/weights-gpt2/goldens

Never needed to run or test the project. Weights are drawn wide, so that a wrong epsilon, a missing transposition or GELU by
erf moves the logits by far more than the tests' tolerance; the script checks that for GELU before it writes.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

CASES = {
    # one head as wide as the model, every dimension odd where it may be
    "one-head": dict(vocab_size=11, n_positions=5, n_embd=7, n_layer=1, n_head=1),
    # as older versions of transformers saved it: prefix, mask buffers, half precision
    "half-with-buffers": dict(vocab_size=50, n_positions=27, n_embd=24, n_layer=3, n_head=6),
    # an output matrix of its own, another epsilon, bfloat16, sharded
    "separate-head": dict(vocab_size=131, n_positions=33, n_embd=16, n_layer=2, n_head=2, layer_norm_epsilon=1e-3,
                          tie_word_embeddings=False),
    # saved from nn.Linear layers: matrices are [out, in]
    "linear-layout": dict(vocab_size=29, n_positions=26, n_embd=20, n_layer=2, n_head=5),
}
LENGTHS = {"one-head": 5}


def build(name, sizes, seed):
    torch.manual_seed(seed)
    config = GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0, **sizes)
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            noise = torch.randn_like(weight)
            if "ln_" in key:
                weight.copy_(noise * 0.2 + (1.0 if key.endswith("weight") else 0.0))
            else:
                weight.copy_(noise * (0.5 if key.split(".")[-2] in ("wte", "wpe", "lm_head") else 0.3))
    return config, model


def stored(name, config, model):
    """The tensors as they lie in the file, and the dtype the values were rounded to."""
    state = {k: v.detach().clone() for k, v in model.state_dict().items()}
    if config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    if name == "half-with-buffers":
        state = {k: v.half() for k, v in state.items()}
        context = config.n_positions
        for i in range(config.n_layer):
            mask = torch.ones(context, context, dtype=torch.bool).tril().view(1, 1, context, context)
            state[f"transformer.h.{i}.attn.bias"] = mask
            state[f"transformer.h.{i}.attn.masked_bias"] = torch.tensor(-1e4).half()
    elif name == "separate-head":
        state = {k: v.bfloat16() for k, v in state.items()}
    elif name == "linear-layout":
        linear = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
        state = {k: (v.t().contiguous() if k.endswith(linear) else v) for k, v in state.items()}
    return {k: v.contiguous() for k, v in state.items()}


def round_like(name, model):
    dtype = {"half-with-buffers": torch.float16, "separate-head": torch.bfloat16}.get(name)
    if dtype is not None:
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(weight.to(dtype).float())


def save(folder, name, state):
    if name != "separate-head":
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    keys = sorted(state)
    shards = {f"model-0000{i + 1}-of-00002.safetensors": keys[i::2] for i in range(2)}
    for file, names in shards.items():
        save_file({k: state[k] for k in names}, folder / file, metadata={"format": "pt"})
    weight_map = {k: file for file, names in shards.items() for k in names}
    index = dict(metadata=dict(total_size=sum(v.numel() * v.element_size() for v in state.values())), weight_map=weight_map)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


def expected(name, config, model):
    length = LENGTHS.get(name, 6)
    ids = torch.randint(0, config.vocab_size, (2, length))
    tensors = {"ids": ids.int()}
    with torch.no_grad():
        result = model(ids, output_hidden_states=True)
        tensors["logits"] = result.logits
        tensors["hidden"] = result.hidden_states[-1]
        if length + 20 <= config.n_positions:
            greedy = ids
            for _ in range(20):
                greedy = torch.cat([greedy, model(greedy).logits[:, -1].argmax(-1, keepdim=True)], 1)
            tensors["greedy"] = greedy[:, length:].int()
        for block in model.transformer.h:
            block.mlp.act = torch.nn.GELU()
        moved = (model(ids).logits - result.logits).abs().max().item()
    assert moved > 3e-4, f"{name}: GELU by erf moves the logits by {moved} only"
    return {k: v.contiguous() for k, v in tensors.items()}


def main():
    out = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    for seed, (name, sizes) in enumerate(CASES.items()):
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        config, model = build(name, sizes, seed)
        round_like(name, model)
        save(folder, name, stored(name, config, model))
        (folder / "config.json").write_text(config.to_json_string(use_diff=False))
        save_file(expected(name, config, model), folder / "expected.safetensors")


main()
