#!/usr/bin/env python3
"""Compares the event file of a run with its metrics.jsonl, by TensorBoard's own reader.

    pip install tensorboard
    Tests/Scripts/check_tensorboard.py RUN

Exit code 1: a number differs, or a step is missing or stands twice.
"""

import json
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

NAMES = {
    "loss": ["train/loss", "loss_metrics/global_avg_loss"],
    "learning_rate": ["train/learning_rate", "lr"],
    "gradient_norm": ["train/gradient_norm", "grad_norm"],
    "tokens_per_second": ["train/tokens_per_second", "throughput(tps)"],
    "peak_memory_bytes": ["train/peak_memory_bytes"],
}


def main():
    run = pathlib.Path(sys.argv[1])
    lines = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    compared = 0

    def compare(tag, wanted):
        nonlocal compared
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        if [step for step, _ in found] != [step for step, _ in wanted]:
            sys.exit(f"{tag}: expected {len(wanted)} steps in order, got {len(found)}")
        for (step, value), (_, other) in zip(found, wanted):
            if abs(value - other) > 1e-6 * max(1, abs(other)):
                sys.exit(f"{tag}: expected {other} at step {step}, got {value}")
        compared += len(found)

    for name, tags in NAMES.items():
        wanted = [(line["step"], line[name]) for line in lines if line["kind"] == "train"]
        for tag in tags:
            compare(tag, wanted)
    wanted = [(line["step"], line["loss"]) for line in lines if line["kind"] == "validation"]
    if wanted:
        compare("validation/loss", wanted)
    print(f"{compared} numbers are equal")


if __name__ == "__main__":
    main()
