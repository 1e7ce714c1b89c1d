#!/usr/bin/env python3
"""Compares the logits of a Llama that swift-llm-train wrote with those of transformers.

The Llama has random weights, grouped queries, Llama 3's scaled positions and an output layer of its
own; Tests/DistributedChecks/LogitsCheck.swift writes it, and what it computes from 2 x 256 tokens.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0
    swift build -c release --product DistributedChecks
    python Tests/Scripts/check_llama.py .build/release/DistributedChecks

Exit code 1: a logit differs by more than 1e-5 of the largest.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoModelForCausalLM  # noqa: E402

# Two float32 forward passes that sum in another order.
TOLERANCE = 1e-5


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder) / "llama"
        subprocess.run([program, "logits", directory], check=True, timeout=120)
        reference = load_file(directory / "reference.safetensors")
        os.remove(directory / "reference.safetensors")
        model, report = AutoModelForCausalLM.from_pretrained(
            directory, dtype=torch.float32, output_loading_info=True)
        strays = {key: names for key, names in report.items() if names}
        with torch.no_grad():
            logits = model.eval()(reference["ids"].long()).logits
    expected = reference["logits"]
    error = float((logits - expected).abs().max() / expected.abs().max())
    agreement = float((logits.argmax(-1) == expected.argmax(-1)).float().mean())
    good = not strays and error <= TOLERANCE
    print(f"{'ok  ' if good else 'FAIL'} {type(model).__name__}, {expected.numel()} logits differ by "
          f"at most {error:.2e} of the largest; likeliest tokens agree for {agreement:.2%} "
          f"{strays or ''}".rstrip())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
