#!/usr/bin/env python3
"""Makes packages/core-gpt/goldens: what a small random GPT computes by Hugging Face's code in PyTorch.

The tests of core-gpt hold its results against these files; nothing else reads them, and neither building nor testing
needs Python. Made once and committed; run it again only to change what is covered.

    pip install torch transformers safetensors
    python tools/goldens/make_gpt2_goldens.py [OUTPUT_DIRECTORY]

Weights are much wider than a trained model's, so that a mistake in any operation shows far above rounding.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import (LogitsProcessorList, RepetitionPenaltyLogitsProcessor,
                                                    TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

SEED = 1
# Unlike the shared fixture's: an odd number of heads, a head size that is no power of two, an odd vocabulary.
SHAPE = dict(n_layer=2, n_head=3, n_embd=18, vocab_size=53, n_positions=24)
LENGTHS = [9, 1, 0, 6]  # of the messages in the batch; one is empty
NEW_TOKENS = 12


def make_model(activation: str = "gelu_new") -> GPT2LMHeadModel:
    """The model with its random weights: the same for every activation."""
    config = GPT2Config(**SHAPE, activation_function=activation, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
                        bos_token_id=0, eos_token_id=0)
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config).eval()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if ".ln_" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.3 * noise)
            else:
                parameter.copy_((0.6 if "wte" in name or "wpe" in name else 0.3) * noise)
    return model


def make_batch(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Messages padded on the right with random ids: what stands in the padding must not matter."""
    width = max(LENGTHS)
    ids = torch.randint(0, SHAPE["vocab_size"], (len(LENGTHS), width), generator=generator)
    mask = (torch.arange(width)[None] < torch.tensor(LENGTHS)[:, None]).float()
    return ids, mask


def sampling_cases() -> dict:
    """Probabilities of the next token under several options, by the processors of transformers' `generate`."""
    generator = torch.Generator().manual_seed(SEED + 2)
    logits = 2 * torch.randn(1, 20, generator=generator)
    previous = torch.tensor([[3, 7, 3, 11]])
    cases = []
    for options in (dict(), dict(temperature=0.7), dict(topK=5), dict(topP=0.8), dict(repetitionPenalty=1.5),
                    dict(topP=0.05), dict(temperature=1.3, topK=8, topP=0.9, repetitionPenalty=1.2)):
        steps = LogitsProcessorList()
        if "repetitionPenalty" in options:
            steps.append(RepetitionPenaltyLogitsProcessor(options["repetitionPenalty"]))
        if "temperature" in options:
            steps.append(TemperatureLogitsWarper(options["temperature"]))
        if "topK" in options:
            steps.append(TopKLogitsWarper(options["topK"]))
        if "topP" in options:
            steps.append(TopPLogitsWarper(options["topP"]))
        cases.append(dict(options=options, probabilities=steps(previous, logits.clone()).softmax(-1)[0].tolist()))
    return dict(logits=logits[0].tolist(), previous=previous[0].tolist(), cases=cases)


def gradients(model: GPT2LMHeadModel, prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}.{name}": parameter.grad.clone() for name, parameter in model.transformer.named_parameters()}


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(SEED + 1)
    model = make_model()
    ids, mask = make_batch(generator)
    tensors = {f"param.{name}": value.detach().clone() for name, value in model.transformer.named_parameters()}
    tensors |= {"ids": ids.int(), "mask": mask}

    # 1. The language model on every token, padding included: hidden states, logits, loss, gradients.
    result = model(ids, labels=ids, output_hidden_states=True)
    result.loss.backward()
    tensors |= {f"hidden.{i}": hidden.detach() for i, hidden in enumerate(result.hidden_states)}
    tensors["logits"] = result.logits.detach()
    tensors |= gradients(model, "language-model-gradient")
    language_model_loss = result.loss.item()
    with torch.no_grad():
        tensors["logits.erf-gelu"] = make_model("gelu")(ids).logits

    # 2. The classifier: mean over real tokens, one linear map, cross-entropy with one weight a class.
    model.zero_grad()
    labels = torch.tensor([1, 0, 1, 0])
    class_weights = torch.tensor([0.75, 1.5])
    weight = (0.5 * torch.randn(2, SHAPE["n_embd"], generator=generator)).requires_grad_()
    bias = (0.2 * torch.randn(2, generator=generator)).requires_grad_()
    hidden = model.transformer(ids).last_hidden_state
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
    logits = pooled @ weight.T + bias
    loss = torch.nn.functional.cross_entropy(logits, labels, weight=class_weights)
    loss.backward()
    tensors |= {"head.weight": weight.detach().T, "head.bias": bias.detach(), "labels": labels.int()}
    tensors |= {"pooled": pooled.detach(), "classifier-logits": logits.detach()}
    tensors |= gradients(model, "classifier-gradient")
    tensors |= {"classifier-gradient.head.weight": weight.grad.T, "classifier-gradient.head.bias": bias.grad}

    # 3. Greedy continuation of the first message.
    prompt = ids[:1, : LENGTHS[0]]
    greedy = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=NEW_TOKENS, do_sample=False,
                            eos_token_id=None, pad_token_id=0)[0, LENGTHS[0]:].tolist()

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "small-gpt.safetensors")
    facts = dict(
        made_by="tools/goldens/make_gpt2_goldens.py",
        versions=dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__),
        config=dict(vocabSize=SHAPE["vocab_size"], contextLength=SHAPE["n_positions"], width=SHAPE["n_embd"],
                    numLayers=SHAPE["n_layer"], numHeads=SHAPE["n_head"], layerNormEpsilon=1e-5),
        language_model_loss=language_model_loss,
        classifier_loss=loss.item(),
        class_weights=class_weights.tolist(),
        greedy=dict(prompt=prompt[0].tolist(), continuation=greedy),
    )
    (folder / "small-gpt.json").write_text(json.dumps(facts) + "\n")
    (folder / "sampling.json").write_text(json.dumps(sampling_cases()) + "\n")
    for name in ("small-gpt.safetensors", "small-gpt.json", "sampling.json"):
        print(name, (folder / name).stat().st_size, "bytes")


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[2] / "packages" / "core-gpt" / "goldens"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
