#!/usr/bin/env python3
"""Compares the probabilities of `classify` with those of transformers' sequence classifiers.

Makes a GPT-2 and a Llama with random weights and a head of three classes, saves them as transformers
does, and lets both classify the first texts of a file; longer ones lose their end.

    pip install torch==2.13.0 transformers==5.23.0
    python Tests/Scripts/check_classify.py .build/release/swift-llm-train gpt2/tokenizer.json sms.tsv

Exit code 1: a class is another one, or a probability differs by more than 1e-5.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import (  # noqa: E402
    GPT2Config, GPT2ForSequenceClassification, LlamaConfig, LlamaForSequenceClassification,
    PreTrainedTokenizerFast)

# Two float32 forward passes that sum in another order.
TOLERANCE = 1e-5
LABELS = {0: "ham", 1: "spam", 2: "other"}
TEXT_COUNT = 100
CONTEXT_LENGTH = 32


def make_models(vocabulary_size):
    # No text ends with the token that fills up: transformers would look before it.
    torch.manual_seed(1)
    common = {"vocab_size": vocabulary_size, "id2label": LABELS, "initializer_range": 0.2,
              "label2id": {name: number for number, name in LABELS.items()},
              "pad_token_id": vocabulary_size - 1}
    yield GPT2ForSequenceClassification(GPT2Config(
        n_layer=2, n_head=4, n_embd=64, n_positions=CONTEXT_LENGTH, **common))
    yield LlamaForSequenceClassification(LlamaConfig(
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, hidden_size=64,
        intermediate_size=96, max_position_embeddings=CONTEXT_LENGTH, **common))


def classified(program, directory, texts):
    lines = pathlib.Path(directory) / "texts.jsonl"
    lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    output = subprocess.run(
        [program, "classify", "--model", directory, "--input", lines, "--json"],
        check=True, timeout=300, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def check(model, program, tokenizer_path, texts):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tokenizer_path))
    with tempfile.TemporaryDirectory() as directory:
        model.eval().save_pretrained(directory)
        shutil.copy(tokenizer_path, pathlib.Path(directory) / "tokenizer.json")
        answers = classified(program, directory, texts)
    largest, same, cut = 0.0, 0, 0
    for text, answer in zip(texts, answers, strict=True):
        ids = tokenizer.encode(text)
        cut += len(ids) > CONTEXT_LENGTH
        with torch.inference_mode():
            scores = model(torch.tensor([ids[:CONTEXT_LENGTH]])).logits[0]
        expected = torch.softmax(scores, -1)
        found = torch.tensor([answer["probabilities"][LABELS[number]] for number in range(3)])
        largest = max(largest, float((found - expected).abs().max()))
        same += answer["class"] == LABELS[int(expected.argmax())]
    good = largest <= TOLERANCE and same == len(texts)
    print(f"{'ok  ' if good else 'FAIL'} {type(model).__name__}: {same} of {len(texts)} classes are "
          f"equal, {cut} texts were cut, probabilities differ by at most {largest:.1e}")
    return good


def main():
    program, tokenizer, table = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
    rows = [line.split("\t") for line in table.read_text().splitlines()[:TEXT_COUNT]]
    vocabulary_size = len(json.loads(tokenizer.read_text())["model"]["vocab"])
    good = [check(model, program, tokenizer, [text for _, text in rows])
            for model in make_models(vocabulary_size)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
