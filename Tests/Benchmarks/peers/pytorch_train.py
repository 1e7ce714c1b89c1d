"""A training step of GPT-2 in PyTorch on the processor: what `swift-llm-train bench` is compared with.

    python pytorch_train.py --precision bf16
    python pytorch_train.py --ranks 2 --threads 1

The same work a step: random tokens, AdamW (PyTorch's fused one), clipping by the global norm, batch over
all ranks. Several ranks are DistributedDataParallel over gloo, on the loopback device. Prints one JSON
line with the median of the measured steps.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import tempfile
import time

import torch
from torch import nn
from torch.nn import functional

CONTEXT = 1024


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--vocabulary-size", type=int, default=50304)
    parser.add_argument("--sequence-length", type=int, default=256)
    parser.add_argument("--micro-batch-size", type=int, default=4, help="over all ranks")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--threads", type=int, default=None, help="of each rank")
    parser.add_argument("--steps", type=int, default=6, help="measured, after two to warm up")
    chosen = parser.parse_args()
    if chosen.micro_batch_size % chosen.ranks:
        parser.error("--micro-batch-size must be a multiple of --ranks")
    chosen.threads = chosen.threads or max(1, os.cpu_count() // chosen.ranks)
    return chosen


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.project_in = nn.Linear(width, 3 * width)
        self.project_out = nn.Linear(width, width)

    def forward(self, hidden):
        batch, length, width = hidden.shape
        parts = self.project_in(hidden).view(batch, length, 3, self.heads, width // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self.project_out(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.first_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.second_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
        )

    def forward(self, hidden):
        hidden = hidden + self.attention(self.first_norm(hidden))
        return hidden + self.feed_forward(self.second_norm(hidden))


class Model(nn.Module):
    """Returns the loss, so that DistributedDataParallel sees the whole computation."""

    def __init__(self, chosen):
        super().__init__()
        self.tokens = nn.Embedding(chosen.vocabulary_size, chosen.width)
        self.positions = nn.Embedding(CONTEXT, chosen.width)
        self.blocks = nn.Sequential(
            *(Block(chosen.width, chosen.heads) for _ in range(chosen.layers))
        )
        self.norm = nn.LayerNorm(chosen.width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, inputs, targets):
        hidden = self.tokens(inputs) + self.positions.weight[: inputs.shape[1]]
        hidden = self.norm(self.blocks(hidden))
        logits = functional.linear(hidden, self.tokens.weight)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train(rank, chosen, meeting_point):
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    plain = model = Model(chosen)
    if chosen.ranks > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting_point}", rank=rank, world_size=chosen.ranks
        )
        model = nn.parallel.DistributedDataParallel(plain)
    optimizer = torch.optim.AdamW(
        plain.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    torch.manual_seed(rank + 2)
    seconds = []
    for _ in range(2 + chosen.steps):
        size = (chosen.micro_batch_size // chosen.ranks, chosen.sequence_length + 1)
        batch = torch.randint(chosen.vocabulary_size, size)
        if chosen.ranks > 1:
            torch.distributed.barrier()
        start = time.perf_counter()
        loss = step(model, plain, optimizer, batch, chosen)
        seconds.append(time.perf_counter() - start)
    if rank == 0:
        print(json.dumps(report(plain, seconds[2:], loss, chosen)), flush=True)
    if chosen.ranks > 1:
        torch.distributed.destroy_process_group()


def step(model, plain, optimizer, batch, chosen):
    if chosen.precision == "bf16":
        context = torch.autocast("cpu", dtype=torch.bfloat16)
    else:
        context = contextlib.nullcontext()
    with context:
        loss = model(batch[:, :-1], batch[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def report(plain, seconds, loss, chosen):
    median = statistics.median_high(seconds)
    tokens = chosen.micro_batch_size * chosen.sequence_length
    multiplying = sum(p.numel() for p in plain.parameters()) - plain.positions.weight.numel()
    flops = 6 * multiplying + 12 * chosen.layers * chosen.width * chosen.sequence_length
    return {
        "program": "PyTorch",
        "version": torch.__version__,
        "precision": chosen.precision,
        "world_size": chosen.ranks,
        "threads_per_rank": chosen.threads,
        "milliseconds_per_step": median * 1e3,
        "tokens_per_second": tokens / median,
        "gflops": flops * tokens / median / 1e9,
        "loss": loss,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main():
    chosen = options()
    if chosen.ranks == 1:
        return train(0, chosen, None)
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(train, (chosen, f"{folder}/meeting"), nprocs=chosen.ranks)


if __name__ == "__main__":
    main()
