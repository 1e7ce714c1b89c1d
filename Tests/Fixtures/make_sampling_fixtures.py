#!/usr/bin/env python3
"""Writes Tests/Fixtures/sampling/transformers.json: the distributions that transformers samples from.

Made with Python 3.11 and:
    pip install torch==2.13.0 transformers==5.23.0
    python Tests/Fixtures/make_sampling_fixtures.py

The file holds logits [V], a sequence of ids that they follow, and cases: the options, the
probabilities [V] after the processors in the order of GenerationMixin (repetition penalty, temperature,
top-k, top-p), and the greedy choice after the penalty.
"""

import json
import pathlib

import torch
from transformers import (
    LogitsProcessorList, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper,
    TopKLogitsWarper, TopPLogitsWarper)

LOGITS = [1.5, -0.7, 3.1, 0.2, 2.6, -2.0, 2.4, 0.9, 1.5, -0.1, 2.9, 1.2]
SEQUENCE = [2, 5, 2, 10]
OPTIONS = [
    {},
    {"temperature": 0.5},
    {"temperature": 2.0},
    {"top_k": 1},
    {"top_k": 4},
    # Logits 0 and 8 are equal: both stay.
    {"top_k": 6},
    {"top_k": 100},
    {"top_p": 0.05},
    {"top_p": 0.5},
    {"top_p": 0.9},
    {"top_p": 1.0},
    {"temperature": 2.0, "top_p": 0.55},
    {"temperature": 0.4, "top_p": 0.6},
    {"top_k": 5, "top_p": 0.7},
    {"temperature": 1.7, "top_k": 4, "top_p": 0.6},
    {"repetition_penalty": 1.3},
    {"repetition_penalty": 0.8},
    {"repetition_penalty": 2.0, "temperature": 0.7, "top_k": 8, "top_p": 0.9},
]


def warpers(options):
    """The processors of `options` in the order of transformers."""
    list_ = LogitsProcessorList()
    if "repetition_penalty" in options:
        list_.append(RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
    if "temperature" in options:
        list_.append(TemperatureLogitsWarper(options["temperature"]))
    if "top_k" in options:
        list_.append(TopKLogitsWarper(options["top_k"]))
    if "top_p" in options:
        list_.append(TopPLogitsWarper(options["top_p"]))
    return list_


def case(options):
    ids = torch.tensor([SEQUENCE])
    logits = torch.tensor([LOGITS], dtype=torch.float64)
    probabilities = warpers(options)(ids, logits.clone()).softmax(-1)[0]
    penalty = {k: v for k, v in options.items() if k == "repetition_penalty"}
    greedy = warpers(penalty)(ids, logits.clone()).argmax(-1)[0]
    return options | {"probabilities": probabilities.tolist(), "greedy": greedy.item()}


def check_that_order_matters():
    """The nucleus of the warm distribution, and of all tokens, is another one."""
    order = {"temperature": 1.7, "top_k": 4, "top_p": 0.6}
    logits = torch.tensor([LOGITS], dtype=torch.float64)
    right = warpers(order)(None, logits.clone()).isfinite().sum()
    cold = warpers({"top_k": 4, "top_p": 0.6})(None, logits.clone()).isfinite().sum()
    first = TopPLogitsWarper(0.6)(None, TemperatureLogitsWarper(1.7)(None, logits.clone()))
    whole = TopKLogitsWarper(4)(None, first).isfinite().sum()
    assert right != cold and right != whole, (right, cold, whole)


def main():
    check_that_order_matters()
    content = {
        "logits": LOGITS, "sequence": SEQUENCE, "cases": [case(options) for options in OPTIONS]}
    path = pathlib.Path(__file__).parent / "sampling" / "transformers.json"
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
