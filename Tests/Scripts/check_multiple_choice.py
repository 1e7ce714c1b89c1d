#!/usr/bin/env python3
"""Answers the same multiple-choice questions with transformers and with swift-llm-train.

Here each choice is a whole sequence of its own behind prompt and examples; the program computes a prompt
once. Prompts and scores are those of EleutherAI's evaluation harness; acc_norm counts bytes.

    pip install torch==2.13.0 transformers==5.23.0
    python Tests/Scripts/check_multiple_choice.py .build/release/swift-llm-train MODEL \\
        arc_easy.jsonl hellaswag.jsonl [mmlu/val/anatomy_val.csv] [--shots 2]

Exit code 1: of a file's answers less than 99.8 % agree, raw or per byte, or a log-likelihood that both
gave differs by more than rounding.
"""

import argparse
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import torch

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

LEAST_AGREEMENT = 0.998
# Of a sum of float32 log-likelihoods, each rounded in another order.
TOLERANCE = 1e-3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("tasks", type=pathlib.Path, nargs="+")
    parser.add_argument("--shots", type=int, default=0)
    parser.add_argument("--limit", type=int)
    return parser.parse_args()


def without_markup(text):
    text = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")


def read_jsonl(path):
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if "query" in row:
            yield row["query"] + "\nAnswer:", row["choices"], row["gold"]
        else:
            context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
            yield (without_markup(context), [without_markup(text) for text in row["endings"]],
                   row["label"])


def read_mmlu(path):
    with path.open(newline="") as file:
        for question, *choices, answer in csv.reader(file):
            lines = [f"{letter}. {choice}" for letter, choice in zip("ABCD", choices)]
            prompt = "\n".join([question.strip(), *lines, "Answer:"])
            yield prompt, list("ABCD"), "ABCD".index(answer)


def answered(question):
    prompt, choices, gold = question
    return f"{prompt} {choices[gold]}\n\n"


def read_task(path, shots):
    """Questions as prompt with examples, choices, right choice."""
    if path.suffix == ".jsonl":
        questions = list(read_jsonl(path))
        for index, (prompt, choices, gold) in enumerate(questions):
            others = questions[:index] + questions[index + 1:]
            yield "".join(map(answered, others[:shots])) + prompt, choices, gold
        return
    subject = path.stem.removesuffix("_val")
    preamble = ("The following are multiple choice questions (with answers) about "
                f"{subject.replace('_', ' ')}.\n\n")
    examples = list(read_mmlu(path.parent.parent / "dev" / f"{subject}_dev.csv"))
    for prompt, choices, gold in read_mmlu(path):
        yield preamble + "".join(map(answered, examples[:shots])) + prompt, choices, gold


def log_likelihoods(model, tokenizer, prompt, choices):
    length = model.config.max_position_embeddings
    context = tokenizer.encode(prompt)
    answers = [tokenizer.encode(f"{prompt} {choice}")[len(context):] for choice in choices]
    context = context[-(length + 1 - max(map(len, answers))):]
    rows = [torch.tensor((context + answer)[:-1]) for answer in answers]
    logits = model(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)).logits
    return [float(torch.log_softmax(row[len(context) - 1:][:len(answer)], -1)
                  .gather(1, torch.tensor(answer)[:, None]).sum())
            for row, answer in zip(logits, answers)]


def best(scores):
    return scores.index(max(scores))


def run_program(arguments, path, folder):
    answers = pathlib.Path(folder) / "answers.jsonl"
    command = [arguments.program.resolve(), "evaluate", "--model", arguments.model, "--tasks", path,
               "--shots", str(arguments.shots), "--answers", answers]
    if arguments.limit:
        command += ["--limit", str(arguments.limit)]
    start = time.monotonic()
    subprocess.run(command, check=True, timeout=3600, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    return [json.loads(line) for line in answers.read_text().splitlines()], seconds


def check_task(arguments, model, tokenizer, path, folder):
    ours, own_seconds = run_program(arguments, path, folder)
    questions = list(read_task(path, arguments.shots))[:arguments.limit]
    if len(ours) != len(questions):
        print(f"FAIL {path.name}: {len(questions)} questions, the program read {len(ours)}")
        return False
    same, same_normalized, right, largest = 0, 0, 0, 0.0
    start = time.monotonic()
    for own, (prompt, choices, gold) in zip(ours, questions):
        scores = log_likelihoods(model, tokenizer, prompt, choices)
        per_byte = [score / len(text.encode()) for score, text in zip(scores, choices)]
        same += best(scores) == own["answer"]
        same_normalized += best(per_byte) == own["normalized_answer"]
        right += best(scores) == gold == own["gold"]
        largest = max([largest] + [abs(a - b) for a, b in zip(scores, own["log_likelihoods"])])
    seconds = time.monotonic() - start
    count = len(questions)
    good = min(same, same_normalized) >= LEAST_AGREEMENT * count and largest <= TOLERANCE
    print(f"{'ok  ' if good else 'FAIL'} {path.name}: {count} questions, {same / count:.2%} equal "
          f"answers ({same_normalized / count:.2%} per byte), transformers is right on "
          f"{right / count:.4f}; log-likelihoods differ by at most {largest:.1e}; "
          f"{own_seconds:.1f} s, transformers {seconds:.1f} s")
    return good


def main():
    arguments = parse_arguments()
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        good = [check_task(arguments, model, tokenizer, path, folder) for path in arguments.tasks]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
