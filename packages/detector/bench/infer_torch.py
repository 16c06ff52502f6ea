"""GPT-2's 124M shape as a classifier in PyTorch: fp32, bf16 and dynamic int8, for bench/int8.mjs. One JSON line a figure.

Best of some runs, as wall time and as processor time: the second can be compared on a machine that others use as well.
    python infer_torch.py THREADS
"""
import copy, json, sys, time, warnings

warnings.filterwarnings("ignore")
import torch
from transformers import GPT2Config, GPT2ForSequenceClassification
from transformers.pytorch_utils import Conv1D

torch.set_num_threads(int(sys.argv[1]))


def linear_for_conv1d(module):
    """Dynamic quantisation knows nn.Linear only."""
    for name, child in module.named_children():
        if isinstance(child, Conv1D):
            linear = torch.nn.Linear(*child.weight.shape)
            linear.weight.data, linear.bias.data = child.weight.data.t().contiguous(), child.bias.data
            setattr(module, name, linear)
        else:
            linear_for_conv1d(child)
    return module


def best(f, runs):
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        f()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


base = GPT2ForSequenceClassification(GPT2Config(num_labels=2, pad_token_id=50256)).eval()
linear = linear_for_conv1d(copy.deepcopy(base))
models = {
    "fp32": base,
    "bf16": copy.deepcopy(base).to(torch.bfloat16),
    "int8": torch.ao.quantization.quantize_dynamic(linear, {torch.nn.Linear}, dtype=torch.qint8),
}
with torch.inference_mode():
    for count in (1, 32):
        ids = torch.randint(0, 50000, (count, 24))
        mask = torch.ones_like(ids)
        for dtype, model in models.items():
            wall, cpu = best(lambda: model(input_ids=ids, attention_mask=mask), 12 if count == 1 else 7)
            print(json.dumps(dict(dtype=dtype, count=count, ms=wall * 1e3, cpuMs=cpu * 1e3)), flush=True)
