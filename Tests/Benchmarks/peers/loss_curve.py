"""The loss of transformers' GPT-2, step by step, on the shards and from the weights of one of our runs.

    python loss_curve.py --model MODEL --shard train-00000.h5 --dtype bf16 --steps 200

Windows in file order, AdamW with a constant learning rate, clipping at 1; bf16 is torch.autocast.
Prints one JSON line: {"dtype": ..., "losses": [...]}.
"""

import argparse
import contextlib
import json

import h5py
import torch
from transformers import GPT2LMHeadModel

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--shard", required=True)
parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--length", type=int, default=256)
parser.add_argument("--learning-rate", type=float, default=6e-4)
parser.add_argument("--weight-decay", type=float, default=0.1)
options = parser.parse_args()

torch.set_num_threads(2)
with h5py.File(options.shard) as file:
    tokens = torch.tensor(file["tokens"][:].astype("int64"))
model = GPT2LMHeadModel.from_pretrained(options.model)
model.train()
matrices = [p for p in model.parameters() if p.dim() >= 2]
others = [p for p in model.parameters() if p.dim() < 2]
optimizer = torch.optim.AdamW(
    [
        {"params": matrices, "weight_decay": options.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ],
    lr=options.learning_rate,
    betas=(0.9, 0.95),
    eps=1e-8,
)
window_count = (len(tokens) - 1) // options.length
losses = []
for step in range(options.steps):
    windows = [(step * options.batch + j) % window_count for j in range(options.batch)]
    rows = torch.stack([tokens[w * options.length : (w + 1) * options.length + 1] for w in windows])
    precision = (
        torch.autocast("cpu", dtype=torch.bfloat16)
        if options.dtype == "bf16"
        else contextlib.nullcontext()
    )
    with precision:
        logits = model(rows[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), rows[:, 1:].flatten()
        )
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    losses.append(loss.item())
print(json.dumps({"dtype": options.dtype, "losses": losses}))
