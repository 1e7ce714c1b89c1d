"""Prompt and decode tokens/s of GPT-2 in Hugging Face transformers, batch 1, with its key-value cache.

    python transformers_decode.py --precision bf16 --new-tokens 64

Random weights of GPT-2 124M, the likeliest token each time: what `swift-llm-train bench --generate` does.
Prints one JSON line with medians.
"""

import argparse
import json
import os
import statistics
import time

import torch
import transformers


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vocabulary-size", type=int, default=50304)
    parser.add_argument("--prompt-length", type=int, default=128)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


@torch.inference_mode()
def sample(model, prompt, count):
    """Seconds of the prompt and of `count` tokens after it."""
    start = time.perf_counter()
    output = model(prompt, use_cache=True, logits_to_keep=1)
    token = output.logits[:, -1:].argmax(-1)
    middle = time.perf_counter()
    for _ in range(count):
        output = model(token, past_key_values=output.past_key_values, use_cache=True)
        token = output.logits[:, -1:].argmax(-1)
    return middle - start, time.perf_counter() - middle


def main():
    chosen = options()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=chosen.vocabulary_size)
    ).eval()
    if chosen.precision == "bf16":
        model = model.to(torch.bfloat16)
    prompt = torch.randint(chosen.vocabulary_size, (1, chosen.prompt_length))
    samples = [sample(model, prompt, chosen.new_tokens) for _ in range(1 + chosen.repeats)][1:]
    prompt_seconds, decode_seconds = (statistics.median(s) for s in zip(*samples))
    print(
        json.dumps(
            {
                "program": "transformers",
                "version": transformers.__version__,
                "precision": chosen.precision,
                "threads_per_rank": chosen.threads,
                "prompt_tokens_per_second": chosen.prompt_length / prompt_seconds,
                "decode_tokens_per_second": chosen.new_tokens / decode_seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
