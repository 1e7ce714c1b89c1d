#!/usr/bin/env python3
"""Checks a checkpoint of swift-llm-train with Hugging Face transformers.

Loads the checkpoint directory unchanged with AutoModelForCausalLM and AutoTokenizer, checks that
the shards belong to its tokenizer, encodes the first document again, and computes the mean loss
over the shards by the project's window rule: of N tokens there are W = floor((N - 1) / T)
windows; window w covers tokens [wT, wT + T], inputs and targets shifted by one.

    pip install torch==2.13.0 transformers==5.23.0 h5py==3.16.0 numpy==2.4.6
    python Tests/Scripts/check_checkpoint.py RUN/checkpoints/latest DATA/validation-*.h5 \\
        --sequence-length 64 --expected 1.8812345

Exit code 1: some check failed, or the loss differs from --expected by more than 1e-5.
"""

import argparse
import hashlib
import math
import os
import pathlib
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

# Nothing is fetched: the checkpoint directory must suffice.
os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

# Two float32 forward passes that sum in another order agree to about 1e-6 in the mean loss.
TOLERANCE = 1e-5
LONGEST_DOCUMENT = 2_000_000


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Check a checkpoint directory with Hugging Face transformers.")
    parser.add_argument("checkpoint", type=pathlib.Path, help="a Hugging Face model directory")
    parser.add_argument(
        "shards", type=pathlib.Path, nargs="+", help="token shards (.h5), one stream in name order")
    parser.add_argument(
        "--sequence-length", type=int, metavar="T", help="default: the model's context length")
    parser.add_argument("--batch-size", type=int, default=16, metavar="B", help="default: 16")
    parser.add_argument(
        "--windows", type=int, metavar="W", help="only the first W windows; default: all")
    parser.add_argument(
        "--expected", type=float, metavar="LOSS", help=f"fail when off by more than {TOLERANCE}")
    return parser.parse_args()


def check(holds, claim):
    print(f"{'ok  ' if holds else 'FAIL'} {claim}")
    return bool(holds)


def check_shard(path, checkpoint, tokenizer, model):
    """The shard names this tokenizer, and its ids fit the tokenizer and the model."""
    with h5py.File(path) as shard:
        attributes, tokens = dict(shard.attrs), shard["tokens"]
        largest = int(tokens[:].max()) if tokens.shape[0] else -1
    digest = hashlib.sha256((checkpoint / "tokenizer.json").read_bytes()).hexdigest()
    named = attributes.get("tokenizer_sha256", "")
    named = named.decode() if isinstance(named, bytes) else str(named)
    size, rows = int(attributes.get("vocabulary_size", -1)), model.config.vocab_size
    return all([
        check(named == digest, f"{path.name} was made with the checkpoint's tokenizer.json"),
        check(size == len(tokenizer),
              f"{path.name} has vocabulary size {size}, the loaded tokenizer {len(tokenizer)}"),
        check(largest < len(tokenizer) <= rows,
              f"{path.name} has no id above {largest}; the model has {rows} rows")])


def check_first_document(path, tokenizer):
    """The first document, decoded and encoded, gives its ids again: two programs, one tokenizer."""
    with h5py.File(path) as shard:
        start, end = (int(offset) for offset in shard["document_offsets"][:2])
        ids = shard["tokens"][start:min(end, start + LONGEST_DOCUMENT)].astype(np.int64).tolist()
        end_of_text = int(shard.attrs["end_of_text_id"])
    if end - start > LONGEST_DOCUMENT:
        return check(True, f"(not encoded again: the first document has {end - start} tokens)")
    if ids and ids[-1] == end_of_text:
        ids.pop()
    text = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    again = tokenizer.encode(text, add_special_tokens=False)
    print(f"     the first document begins {text[:60]!r}")
    return check(again == ids, f"its {len(ids)} tokens are the same when encoded again")


def read_tokens(paths):
    streams = []
    for path in paths:
        with h5py.File(path) as shard:
            streams.append(shard["tokens"][:].astype(np.int64))
    return torch.from_numpy(np.concatenate(streams))


@torch.no_grad()
def mean_loss(model, tokens, sequence_length, batch_size, window_limit):
    """Mean nats a token over the windows, summed in double, and the number of windows."""
    count = (len(tokens) - 1) // sequence_length
    count = count if window_limit is None else min(count, window_limit)
    if count < 1:
        sys.exit(f"check_checkpoint: {len(tokens)} tokens hold no window of {sequence_length} + 1")
    total = 0.0
    for first in range(0, count, batch_size):
        size = min(batch_size, count - first)
        start, length = first * sequence_length, size * sequence_length
        inputs = tokens[start:start + length].view(size, sequence_length)
        targets = tokens[start + 1:start + length + 1]
        logits = model(inputs, use_cache=False).logits.flatten(0, 1).float()
        total += F.cross_entropy(logits, targets, reduction="none").double().sum().item()
    return total / (count * sequence_length), count


def check_loss(arguments, model):
    length = arguments.sequence_length or model.config.max_position_embeddings
    tokens = read_tokens(arguments.shards)
    loss, count = mean_loss(model, tokens, length, arguments.batch_size, arguments.windows)
    print(f"loss {loss:.7f} perplexity {math.exp(loss):.4f} "
          f"({count} windows of {length}, {len(tokens)} tokens)")
    if arguments.expected is None:
        return True
    difference = abs(loss - arguments.expected)
    return check(
        difference <= TOLERANCE,
        f"the loss is {difference:.1e} from the expected {arguments.expected:.7f}")


def main():
    arguments = parse_arguments()
    arguments.shards.sort(key=lambda path: path.name)
    model, report = AutoModelForCausalLM.from_pretrained(
        arguments.checkpoint, dtype=torch.float32, output_loading_info=True)
    model.eval()
    tokenizer = AutoTokenizer.from_pretrained(arguments.checkpoint)
    strays = {key: names for key, names in report.items() if names}
    passed = [check(not strays, f"every weight has its place {strays or ''}".rstrip())]
    for path in arguments.shards:
        passed.append(check_shard(path, arguments.checkpoint, tokenizer, model))
    passed.append(check_first_document(arguments.shards[0], tokenizer))
    passed.append(check_loss(arguments, model))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
