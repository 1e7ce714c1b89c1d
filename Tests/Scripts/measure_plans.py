#!/usr/bin/env python3
"""Holds plans against the runs that they are of, back to back.

    Tests/Scripts/measure_plans.py [--pairs 3] [--steps 8] [--only NAME ...] [--folder FOLDER]

For each configuration: `plan --json`, then the run; the median of the pairs of its step seconds and peak
memory, measured to planned. Exits 1 where a peak is off by more than 10 %, a step by more than 25 %, or
more than one in seven by more than 15 %. The machine must be quiet. SWIFT_LLM_TRAIN is the program, by
default .build/release/swift-llm-train.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SMALL = ("model.layer_count=6 model.head_count=6 model.embedding_size=384 model.context_length=1024 "
         "model.vocabulary_size=1024")
GPT2 = "model.preset=gpt2-124m model.vocabulary_size=50304"
MEDIUM = "model.preset=gpt2-355m model.vocabulary_size=50304"
LLAMA = "model.preset=llama-110m model.vocabulary_size=32000"


def batch(size, micro, length):
    return (f"train.global_batch_size={size} train.micro_batch_size={micro} "
            f"train.sequence_length={length}")


# name: ranks, keys; one with "lora" is a fine-tuning.
CONFIGURATIONS = {
    "gpt2-10m fp32 1 rank T256": (1, f"{SMALL} {batch(16, 8, 256)}"),
    "gpt2-10m fp32 2 ranks T1024": (2, f"{SMALL} {batch(8, 4, 1024)}"),
    "gpt2-10m bf16 1 rank T1024 recompute": (
        1, f"{SMALL} {batch(8, 4, 1024)} train.precision=bf16 train.recompute=blocks"),
    "gpt2-124m fp32 1 rank T256": (1, f"{GPT2} {batch(8, 4, 256)}"),
    "gpt2-124m fp32 1 rank T1024": (1, f"{GPT2} {batch(2, 1, 1024)}"),
    "gpt2-124m bf16 1 rank T256": (1, f"{GPT2} {batch(8, 4, 256)} train.precision=bf16"),
    "gpt2-124m fp32 2 ranks T256": (2, f"{GPT2} {batch(8, 4, 256)}"),
    "gpt2-124m fp32 2 ranks T256 private": (
        2, f"{GPT2} {batch(8, 4, 256)} train.node_memory=private"),
    "gpt2-124m fp32 2 ranks T256 zero1 private": (
        2, f"{GPT2} {batch(8, 4, 256)} train.optimizer_sharding=zero1 train.node_memory=private"),
    "gpt2-124m fp32 1 rank T1024 recompute": (
        1, f"{GPT2} {batch(4, 4, 1024)} train.recompute=blocks"),
    "llama-110m fp32 1 rank T256": (1, f"{LLAMA} {batch(8, 4, 256)}"),
    "llama-110m bf16 2 ranks T1024": (2, f"{LLAMA} {batch(4, 1, 1024)} train.precision=bf16"),
    "gpt2-355m fp32 1 rank T256": (1, f"{MEDIUM} {batch(4, 2, 256)}"),
    "gpt2-124m LoRA fp32 1 rank T256": (
        1, "lora finetune.train.global_batch_size=8 finetune.train.micro_batch_size=4 "
           "finetune.train.sequence_length=256"),
}


class Bench:
    def __init__(self, folder, steps):
        self.folder, self.steps = folder, steps
        self.program = os.path.abspath(
            os.environ.get("SWIFT_LLM_TRAIN", ".build/release/swift-llm-train"))
        words = [f"word{n}" for n in range(100, 500)]
        rng = random.Random(1)
        text = " ".join(rng.choice(words) for _ in range(120_000))
        self.write("text.txt", text)
        self.write("recipe.yaml", "name: plan\nphases: [pretrain]\noutput: run\n"
                   "data: {train: shards}\noptimizer: {warmup_steps: 1}\n"
                   "checkpoint: {every_steps: 0}\n")
        self.write("lora.yaml", "name: plan\nphases: [finetune]\noutput: run\n"
                   "finetune: {task: instructions, from: base/checkpoints/latest, data: [a.json],"
                   " trained: lora, template: alpaca}\n")
        answers = [{"instruction": " ".join(rng.choice(words) for _ in range(8)), "input": "",
                    "output": " ".join(rng.choice(words) for _ in range(24))} for _ in range(400)]
        self.write("a.json", json.dumps(answers))
        self.call("tokenizer train --kind bpe --vocabulary-size 512 --input text.txt --output tokenizer.json", 1)
        self.call("prepare --input text.txt --tokenizer tokenizer.json --output shards", 1)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def call(self, arguments, ranks):
        launcher = ["mpirun", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            run = subprocess.Popen(launcher + [self.program] + arguments.split(),
                                   cwd=self.folder, stdout=out, stderr=errors)
            # The most that a process has held, of those that mpirun started too.
            status, usage = os.wait4(run.pid, 0)[1:]
            run.returncode = os.waitstatus_to_exitcode(status)
            self.peak = usage.ru_maxrss * 1024
            out.seek(0)
            errors.seek(0)
            if run.returncode:
                sys.exit(f"{arguments}: exit {run.returncode}\n{errors.read()}")
            return out.read()

    def pair(self, ranks, keys):
        command, recipe, run, name = "pretrain", "recipe.yaml", "run", "train"
        if keys.startswith("lora "):
            keys, command, recipe, run = keys[5:], "finetune", "lora.yaml", "run/finetune"
            name = "finetune.train"
            if not os.path.exists(os.path.join(self.folder, "base")):
                self.call(f"pretrain --config recipe.yaml output=base {GPT2} "
                          f"{batch(1, 1, 256)} train.steps=1", 1)
        keys = f"{keys} {name}.steps={self.steps}"
        start = time.monotonic()
        text = self.call(f"plan {recipe} --json {keys}", ranks)
        seconds = time.monotonic() - start
        plan = json.loads(text)
        shutil.rmtree(os.path.join(self.folder, "run"), ignore_errors=True)
        self.call(f"{command} --config {recipe} {keys}", ranks)
        peak = self.peak
        with open(os.path.join(self.folder, run, "metrics.jsonl")) as file:
            lines = [json.loads(line) for line in file]
        steps = [line for line in lines if line["kind"] == "train"]
        shutil.rmtree(os.path.join(self.folder, "run"), ignore_errors=True)
        return {
            "step": statistics.median(s["seconds"]["total"] for s in steps[2:]),
            "planned step": plan["step_seconds"],
            "memory": peak,
            "planned memory": plan["peak_memory_bytes"], "plan seconds": seconds,
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--folder")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    failures, outside, count = [], 0, 0
    try:
        bench = Bench(folder, options.steps)
        print("| configuration | step | planned | ratio | peak memory | planned | ratio | plan took |")
        print("|---|---|---|---|---|---|---|---|")
        for name, (ranks, keys) in CONFIGURATIONS.items():
            if options.only and not any(word in name for word in options.only):
                continue
            pairs = [bench.pair(ranks, keys) for _ in range(options.pairs)]
            step, memory = (statistics.median(p[what] / p["planned " + what] for p in pairs)
                            for what in ("step", "memory"))
            last = pairs[-1]
            print(f"| {name} | {last['step']:.3f} s | {last['planned step']:.3f} s | {step:.2f} "
                  f"| {last['memory'] / 1e6:.0f} MB | {last['planned memory'] / 1e6:.0f} MB "
                  f"| {memory:.2f} | {statistics.median(p['plan seconds'] for p in pairs):.1f} s |",
                  flush=True)
            count += 1
            outside += abs(step - 1) > 0.15
            if abs(memory - 1) > 0.10:
                failures.append(f"{name}: memory {memory:.2f}")
            if abs(step - 1) > 0.25:
                failures.append(f"{name}: step {step:.2f}")
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)
    if outside * 7 > count:
        failures.append(f"{outside} of {count} steps off by more than 15 %")
    if failures:
        sys.exit("\n".join(failures))


main()
