#!/usr/bin/env python3
"""Measures the dashboard with runs of a million steps.

    Tests/Scripts/measure_dashboard.py FOLDER [--runs 10] [--steps 1000000]

Writes metrics.jsonl of so many runs into FOLDER, where they are not there yet; lets `dashboard` make their
columns; starts it again, and asks for what the page asks for first: the page, the list, details and curves
of each run. Prints the seconds and the memory. Exit code 1: more than a second, 50 MB more than before the
first question, or a curve that is not what metrics.jsonl says. SWIFT_LLM_TRAIN is the program, by default
.build/release/swift-llm-train.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

TOKEN = "watching-watching".replace("-", "x")
MOST_SECONDS, MOST_BYTES = 1.0, 50e6


def loss(step, run):
    """As a training has it: falling, with noise that is the same each time."""
    noise = (step * 2654435761 + run * 97) % 1000 / 1000 - 0.5
    return 2 + 8 * math.exp(-step / 2e5) + noise / (run + 2)


def write(path, run, steps):
    """metrics.jsonl as a run writes it, last written to an hour ago."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".new"), "w") as file:
        for step in range(1, steps + 1):
            file.write(
                f'{{"gradient_norm":{1 + step % 97 / 100},"kind":"train",'
                f'"learning_rate":{3e-4 * (1 - step / (steps + 1))},"loss":{loss(step, run)},'
                f'"peak_memory_bytes":1073741824,"seconds":{{"compute":0.4,"data":0.001,"reduce":0.01,'
                f'"total":0.5,"update":0.05}},"step":{step},"tokens":{step * 16384},'
                f'"tokens_per_second":{32768 - step % 31}}}\n')
            if step % 1000 == 0:
                file.write(f'{{"kind":"validation","loss":{loss(step, run) + 0.1},"step":{step}}}\n')
    path.with_suffix(".new").rename(path)
    os.utime(path, (time.time() - 3600,) * 2)


class Dashboard:
    def __init__(self, folder):
        program = os.environ.get("SWIFT_LLM_TRAIN", ".build/release/swift-llm-train")
        self.process = subprocess.Popen(
            [program, "dashboard", str(folder), "--port", "0", "--token", TOKEN],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("dashboard: "):
            sys.exit(f"expected an address, got {line!r}")
        self.address = line.split(": ", 1)[1].strip()

    def ask(self, path):
        with urllib.request.urlopen(self.address + path, timeout=600) as reply:
            return reply.read()

    def memory(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        sys.exit(f"{name}: not told")

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def build(folder, count):
    dashboard = Dashboard(folder)
    start = time.monotonic()
    while True:
        runs = json.loads(dashboard.ask("runs"))["runs"]
        if len(runs) == count and all(run["read"] == 1 for run in runs):
            break
        time.sleep(0.05)
    print(f"columns of all runs after {time.monotonic() - start:.1f} s")
    dashboard.end()


def check(curve, run, steps):
    """Each point is the mean of the steps behind the point before it."""
    first = 1
    for step, mean, least, most in curve:
        values = [loss(s, run) for s in range(first, step + 1)]
        if abs(mean - sum(values) / len(values)) > 1e-9 or least != min(values) or most != max(values):
            sys.exit(f"run {run}, steps {first} to {step}: expected {sum(values) / len(values)}, {min(values)} "
                     f"and {max(values)}, got {mean}, {least} and {most}")
        first = step + 1
    if first != steps + 1:
        sys.exit(f"run {run}: expected steps up to {steps}, got {first - 1}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=1_000_000)
    options = parser.parse_args()
    for run in range(options.runs):
        write(options.folder / f"run-{run:02}" / "metrics.jsonl", run, options.steps)
    build(options.folder, options.runs)
    dashboard = Dashboard(options.folder)
    try:
        before, start = dashboard.memory("VmRSS"), time.monotonic()
        dashboard.ask("")
        runs = json.loads(dashboard.ask("runs"))["runs"]
        listed = time.monotonic() - start
        curves = [dashboard.ask(f"curves/{run}/0/2147483647") for run in range(options.runs)]
        dashboard.ask("run/0")
        painted = time.monotonic() - start
        grown = dashboard.memory("VmHWM") - before
    finally:
        dashboard.end()
    print(f"list after {listed:.2f} s, all curves after {painted:.2f} s, {grown / 1e6:.0f} MB more at the most")
    if any(run["read"] != 1 or run["step"] != options.steps for run in runs):
        sys.exit(f"expected all steps of all runs, got {runs}")
    for run, text in enumerate(curves):
        check(json.loads(text)["loss"], run, options.steps)
    if painted > MOST_SECONDS or grown > MOST_BYTES:
        sys.exit(f"expected at most {MOST_SECONDS} s and {MOST_BYTES / 1e6:.0f} MB")


main()
