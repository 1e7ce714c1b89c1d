#!/usr/bin/env python3
"""Checks that transformers loads what swift-llm-train writes of every family, and computes the same.

Each model of Tests/Fixtures is read and written again by Tests/DistributedChecks/LogitsCheck.swift, and a
larger Llama of random weights is written; beside them stands what was computed of 2 sequences that fill
the context.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0
    swift build -c release --product DistributedChecks
    python Tests/Scripts/check_families.py .build/release/DistributedChecks

Exit code 1: a tensor is missing, too many or other than in the model that was read, or a logit differs by
more than 1e-5 of the largest.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers  # noqa: E402

# Two float32 forward passes that sum in another order.
TOLERANCE = 1e-5
FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"


def load(directory):
    return transformers.AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)


def check(program, source):
    """Prints a line; returns whether all is well."""
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder) / "model"
        subprocess.run([program, "logits", directory] + ([source] if source else []), check=True,
                       timeout=120)
        reference = load_file(directory / "reference.safetensors")
        os.remove(directory / "reference.safetensors")
        model, report = load(directory)
    strays = {key: names for key, names in report.items() if names}
    if source:
        own, stored = load(source)[0].state_dict(), model.state_dict()
        strays |= {name: "differs" for name in own.keys() | stored.keys()
                   if not (name in own and name in stored
                           and torch.equal(own[name], stored[name]))}
    with torch.no_grad():
        logits = model.eval()(reference["ids"].long(), use_cache=False).logits
    expected = reference["logits"]
    error = float((logits - expected).abs().max() / expected.abs().max())
    good = not strays and error <= TOLERANCE
    print(f"{'ok  ' if good else 'FAIL'} {source.name if source else 'random Llama':<20} "
          f"{type(model).__name__:<20} {expected.numel()} logits differ by at most {error:.2e} of "
          f"the largest {strays or ''}".rstrip())
    return good


def main():
    transformers.logging.set_verbosity_error()
    program = pathlib.Path(sys.argv[1]).resolve()
    configurations = [FIXTURES.glob(f"{kind}/*/config.json") for kind in
                      ("gpt2", "llama", "families")]
    sources = [path.parent for paths in configurations for path in sorted(paths)]
    return 0 if all([check(program, source) for source in [None] + sources]) else 1


if __name__ == "__main__":
    sys.exit(main())
