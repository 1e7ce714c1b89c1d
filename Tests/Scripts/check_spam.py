#!/usr/bin/env python3
"""Fine-tunes SmolLM2 with LoRA on the SMS Spam Collection, split as launch/recipes/spam-classifier.yaml says, five times.

    python Tests/Scripts/check_spam.py SmolLM2-135M-Instruct.Q4_1.gguf sms.tsv --seeds 1 2 3 4 5

A seed decides who is held out, too (1,046 messages to train, 150 to validate, 298 to test). The mean accuracy of the
test messages is to be at least 98 %, and the longest run at most five minutes.

Exit code 1: it is not.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

RECIPE = "launch/recipes/spam-classifier.yaml"
LEAST, SECONDS = 98.0, 300
KEYS = [
    "phases=[finetune]", "finetune.trained=lora", "lora.rank=8", "lora.alpha=16", "lora.quantize=none",
    "lora.target_modules=[all-linear]", "finetune.train.precision=bf16", "finetune.packing=isolated",
    "finetune.train.sequence_length=256", "finetune.train.global_batch_size=2",
    "finetune.train.micro_batch_size=2", "finetune.train.epochs=3", "finetune.optimizer.learning_rate=5e-4",
    "finetune.evaluate.every_steps=39", "finetune.train.threads_per_rank=2",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("messages", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--keys", nargs="*", default=[])
    arguments = parser.parse_args()
    found = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            start = time.time()
            result = subprocess.run(
                [arguments.program.resolve(), "finetune", "--config", RECIPE, f"output={folder}/run",
                 f"seed={seed}", f"finetune.from={arguments.model.resolve()}",
                 f"finetune.data=[{arguments.messages.resolve()}]", *KEYS, *arguments.keys],
                capture_output=True, text=True)
            seconds = time.time() - start
            if result.returncode:
                sys.exit(result.stdout[-500:] + result.stderr[-1500:])
            # Of the validation, then of the test.
            accuracies = [100 * float(value) for value in re.findall(r"accuracy ([0-9.]+) of ", result.stdout)]
            if len(accuracies) < 2:
                sys.exit(f"no two reports in\n{result.stdout[-2000:]}")
            found.append((accuracies[-1], seconds))
            print(f"seed {seed}: validation {accuracies[-2]:.2f} %, test {accuracies[-1]:.2f} %, {seconds:.0f} s",
                  flush=True)
    mean, longest = statistics.mean(a for a, _ in found), max(s for _, s in found)
    good = mean >= LEAST and longest <= SECONDS
    print(f"{'ok  ' if good else 'FAIL'} test accuracy {mean:.2f} % on average of {len(found)} seeds (at least "
          f"{LEAST} is asked), the longest run {longest:.0f} s (at most {SECONDS})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
