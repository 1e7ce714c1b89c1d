#!/usr/bin/env python3
"""Trains GPT-2 124M in a memory control group of version 1: what does not fit is refused, what fits runs.

    Tests/Scripts/check_memory_limit.py FOLDER

Root. Measures the peak of a training, gives a group 0.85 of it, in which the training must be refused before
its first step with what would fit, and 1.15 of it, in which it must run. SWIFT_LLM_TRAIN is the program.
"""

import os
import pathlib
import random
import subprocess
import sys

PROGRAM = os.path.abspath(os.environ.get("SWIFT_LLM_TRAIN", ".build/release/swift-llm-train"))
KEYS = ("model.preset=gpt2-124m model.vocabulary_size=50304 train.global_batch_size=8 "
        "train.micro_batch_size=4 train.sequence_length=256 train.steps=3 checkpoint.every_steps=0 output=run")


def prepare(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "shards").exists():
        return
    rng = random.Random(1)
    (folder / "text.txt").write_text(" ".join(f"word{rng.randrange(400)}" for _ in range(60_000)))
    (folder / "recipe.yaml").write_text(
        "name: limited\nphases: [pretrain]\ndata: {train: shards}\noptimizer: {warmup_steps: 1}\n")
    for command in ("tokenizer train --kind character --input text.txt --output tokenizer.json",
                    "prepare --input text.txt --tokenizer tokenizer.json --output shards"):
        subprocess.run([PROGRAM, *command.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def own_group():
    """The folder of the group of this process, in which a new one may lie."""
    for line in open("/proc/self/cgroup"):
        _, controllers, path = line.strip().split(":", 2)
        if controllers == "memory":
            root = pathlib.Path("/sys/fs/cgroup/memory")
            own = root / path.lstrip("/")
            return own if own.is_dir() else root
    sys.exit("no memory control group of version 1 here")


def train(folder, limit=None):
    """Exit code, what it said, and the most memory that it held."""
    group = own_group() / f"swift-llm-train-{os.getpid()}"
    subprocess.run(["rm", "-rf", folder / "run"], check=True)
    if limit:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(limit))
    try:
        def enter():
            if limit:
                (group / "cgroup.procs").write_text(str(os.getpid()))
        with open(folder / "said", "w+") as said:
            run = subprocess.Popen(
                [PROGRAM, "pretrain", "--config", "recipe.yaml", *KEYS.split()], cwd=folder, stdout=said,
                stderr=said, preexec_fn=enter)
            status, usage = os.wait4(run.pid, 0)[1:]
            run.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            return run.returncode, said.read(), usage.ru_maxrss * 1024
    finally:
        if limit:
            group.rmdir()


def main():
    folder = pathlib.Path(sys.argv[1])
    prepare(folder)
    code, text, peak = train(folder)
    if code:
        sys.exit(text)
    code, text, _ = train(folder, int(0.85 * peak))
    line = text.strip().split("\n")[-1]
    if code != 1 or "this training needs more memory than there is" not in text or "step 1/" in text:
        sys.exit(f"with 0.85 of {peak / 1e6:.0f} MB: expected a refusal, got {code}\n{text}")
    code, text, _ = train(folder, int(1.15 * peak))
    if code or "step 3/3" not in text:
        sys.exit(f"with 1.15 of {peak / 1e6:.0f} MB: expected a run, got {code}\n{text}")
    print(f"peak {peak / 1e6:.0f} MB: refused with 0.85 of it, run with 1.15 of it\n  {line}")


main()
