#!/usr/bin/env python3
"""Measures what watching a training costs it.

    Tests/Scripts/measure_watching.py trace|page|status [--folder FOLDER] [--rounds N]

trace:   20 steps of GPT-2 124M on two ranks with and without a trace, in turns: the CPU seconds of all
         processes. The trace is checked by the rules of JSON and of Chrome's format.
page:    a training whose page is open for half of the time, in turns: the seconds of a step, the CPU seconds
         of the threads that serve, and the memory of the process.
status:  the quick start on a terminal and in a pipe, in turns: CPU seconds, and redraws a second.

Exit code 1: more than 1 % for the trace, 0.5 % of a step or 50 MB for the page, 0.2 % for the status, or
more than four redraws a second. The machine must be quiet. SWIFT_LLM_TRAIN is the program.
"""

import argparse
import fcntl
import json
import os
import pathlib
import pty
import random
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.request

PROGRAM = os.path.abspath(os.environ.get("SWIFT_LLM_TRAIN", ".build/release/swift-llm-train"))
MOST_TRACE, MOST_STEP, MOST_BYTES, MOST_STATUS, MOST_REDRAWS = 0.01, 0.005, 50e6, 0.002, 4.2
GPT2 = ("model.preset=gpt2-124m model.vocabulary_size=50304 train.global_batch_size=4 "
        "train.micro_batch_size=2 train.sequence_length=256 train.steps=20 checkpoint.every_steps=0")
SMALL = ("model.layer_count=4 model.head_count=4 model.embedding_size=256 model.context_length=256 "
         "model.vocabulary_size=512 train.global_batch_size=8 train.micro_batch_size=4 "
         "train.sequence_length=256 train.steps=1000000 evaluate.every_steps=0 checkpoint.every_steps=0")


def prepare(folder):
    if (folder / "recipe.yaml").exists():
        return
    rng = random.Random(1)
    words = [f"word{n}" for n in range(400)]
    (folder / "text.txt").write_text(" ".join(rng.choice(words) for _ in range(120_000)))
    (folder / "recipe.yaml").write_text(
        "name: watched\nphases: [pretrain]\noutput: run\ndata: {train: shards}\n"
        "optimizer: {warmup_steps: 1}\n")
    for command in ("tokenizer train --kind character --input text.txt --output tokenizer.json",
                    "prepare --input text.txt --tokenizer tokenizer.json --output shards"):
        subprocess.run([PROGRAM, *command.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def children_seconds():
    times = os.times()
    return times.children_user + times.children_system


def check_trace(path):
    """Strictly: no NaN, names and times everywhere, slices of a row inside each other, arrows with ends."""
    def refuse(word):
        sys.exit(f"{path}: {word} is no JSON")
    events = json.loads(path.read_text(), parse_constant=refuse)["traceEvents"]
    rows, arrows = {}, {}
    for event in events:
        if event["ph"] == "X":
            if event["ts"] < 0 or event["dur"] < 0:
                sys.exit(f"{path}: {event}")
            # Nanoseconds, as they were measured.
            begin, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
            rows.setdefault((event["pid"], event["tid"]), []).append((begin, -length))
        elif event["ph"] in "sf":
            arrows.setdefault(event["id"], []).append(event["ph"])
        elif event["ph"] not in "MCbe":
            sys.exit(f"{path}: {event}")
    for row, slices in rows.items():
        open_ones = []
        for begin, length in sorted(slices):
            while open_ones and open_ones[-1] <= begin:
                open_ones.pop()
            if open_ones and begin - length > open_ones[-1]:
                sys.exit(f"{path}: a slice of row {row} ends behind the one around it")
            open_ones.append(begin - length)
    if not all(sorted(ends) == ["f", "s"] for ends in arrows.values()):
        sys.exit(f"{path}: an arrow without both ends")
    ranks = {row[0] for row in rows}
    if len(ranks) != 2 or not arrows:
        sys.exit(f"{path}: ranks {ranks}, {len(arrows)} arrows")
    return len(events), len(arrows)


def trace(folder, rounds):
    def run(steps):
        before = children_seconds()
        subprocess.run(
            ["mpirun", "--bind-to", "none", "-n", "2", PROGRAM, "pretrain", "--config", "recipe.yaml",
             *GPT2.split(), "train.threads_per_rank=1", f"output=traced-{steps}",
             f"train.profile_steps={steps}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds = children_seconds() - before
        events = check_trace(folder / "traced-20/trace.json") if steps else None
        subprocess.run(["rm", "-rf", folder / f"traced-{steps}"], check=True)
        return seconds, events
    pairs = []
    for number in range(rounds):
        # Whoever comes second finds a warmer machine.
        order = (20, 0) if number % 2 else (0, 20)
        seconds = {steps: run(steps) for steps in order}
        pairs.append(seconds[20][0] / seconds[0][0] - 1)
        events = seconds[20][1]
        print(f"traced {seconds[20][0]:.1f} s of CPU, without {seconds[0][0]:.1f} s", flush=True)
    cost = statistics.median(pairs)
    print(f"trace: {events[0]} events, {events[1]} arrows; {100 * cost:+.2f} % of the CPU seconds "
          f"(median of {rounds} pairs, {100 * min(pairs):+.2f} to {100 * max(pairs):+.2f})")
    return cost <= MOST_TRACE


class Page:
    """What a browser asks for: news, then the list and the curves, at most every two seconds."""

    def __init__(self, address):
        self.address = address
        self.asked = 0

    def ask(self, path):
        with urllib.request.urlopen(self.address + path, timeout=20) as reply:
            return reply.read()

    def look(self, seconds):
        end = time.monotonic() + seconds
        self.ask("")
        with urllib.request.urlopen(self.address + "events", timeout=20) as events:
            while time.monotonic() < end:
                events.readline()
                self.ask("runs")
                self.ask("curves/0/0/2147483647")
                if self.asked % 5 == 0:
                    self.ask("run/0")
                self.asked += 1
                time.sleep(2)


def thread_seconds(process):
    """CPU seconds of all threads, by name."""
    ticks, seconds = os.sysconf("SC_CLK_TCK"), {}
    for thread in pathlib.Path(f"/proc/{process}/task").iterdir():
        text = (thread / "stat").read_text()
        name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        seconds[name] = seconds.get(name, 0) + (int(rest[11]) + int(rest[12])) / ticks
    return seconds


def memory(process):
    for line in open(f"/proc/{process}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    sys.exit("no VmRSS")


def page(folder, rounds, seconds=15):
    subprocess.run(["rm", "-rf", folder / "page"], check=True)
    run = subprocess.Popen(
        [PROGRAM, "pretrain", "--config", "recipe.yaml", *SMALL.split(), "output=page",
         "metrics.dashboard_port=17654"], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        address = None
        for line in run.stdout:
            if line.startswith("dashboard, to watch: "):
                address = line.split(": ", 1)[1].strip()
            if line.startswith("step "):
                break
        browser = Page(address)
        time.sleep(5)
        steps, (before, most), served = {True: [], False: []}, (memory(run.pid), 0), 0
        metrics = folder / "page/metrics.jsonl"
        for number in range(2 * rounds):
            is_open = number % 2 == 1
            start, own = metrics.stat().st_size, thread_seconds(run.pid)
            if is_open:
                browser.look(seconds)
            else:
                time.sleep(seconds)
            with metrics.open("rb") as file:
                file.seek(start)
                lines = [json.loads(line) for line in file.read().split(b"\n")[1:-1]]
            steps[is_open].append(statistics.median(
                line["seconds"]["total"] for line in lines if line["kind"] == "train"))
            if is_open:
                most = max(most, memory(run.pid))
                new = thread_seconds(run.pid)
                served += sum(new[name] - own.get(name, 0) for name in new
                              if name.startswith("NIO") or name.endswith("-qos"))
        ratios = [after / before_ - 1 for before_, after in zip(steps[False], steps[True])]
        cost, grown = statistics.median(ratios), most - before
        print(f"page: a step {1e3 * statistics.median(steps[False]):.2f} ms without, "
              f"{1e3 * statistics.median(steps[True]):.2f} ms with a page: {100 * cost:+.2f} % (median of "
              f"{rounds} turns); threads that serve {100 * served / (rounds * seconds):.2f} % of a processor; "
              f"{grown / 1e6:.1f} MB more")
        print("threads: " + ", ".join(sorted(thread_seconds(run.pid))))
    finally:
        run.kill()
        run.wait()
    return cost <= MOST_STEP and grown <= MOST_BYTES


def on_terminal(command, folder):
    """Runs a command on a terminal; returns CPU seconds, seconds by the clock, and redraws."""
    start, before = time.monotonic(), children_seconds()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
        # A terminal without a size has no status.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execvp(command[0], command)
    redraws = 0
    while select.select([terminal], [], [], 300)[0]:
        try:
            redraws += os.read(terminal, 65536).count(b" left\x1b[K")
        except OSError:
            break
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit("the training on a terminal failed")
    return children_seconds() - before, time.monotonic() - start, redraws


def status(folder, rounds):
    keys = SMALL.replace("train.steps=1000000", "train.steps=600").split()
    pairs, most = [], 0.0
    for number in range(rounds):
        def command(name):
            return [PROGRAM, "pretrain", "--config", "recipe.yaml", *keys, f"output={name}"]
        def plain():
            before = children_seconds()
            subprocess.run(command("plain"), cwd=folder, check=True, stdout=subprocess.PIPE)
            return children_seconds() - before
        without = None if number % 2 else plain()
        shown, seconds, redraws = on_terminal(command("shown"), folder)
        without = without or plain()
        most = max(most, redraws / seconds)
        pairs.append(shown / without - 1)
        print(f"on a terminal {shown:.2f} s of CPU, in a pipe {without:.2f} s", flush=True)
        subprocess.run(["rm", "-rf", folder / "plain", folder / "shown"], check=True)
    cost = statistics.median(pairs)
    if most == 0:
        sys.exit("no status was drawn")
    print(f"status: {100 * cost:+.2f} % of the CPU seconds (median of {rounds} pairs, "
          f"{100 * min(pairs):+.2f} to {100 * max(pairs):+.2f}); {most:.1f} redraws a second")
    return cost <= MOST_STATUS and most <= MOST_REDRAWS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["trace", "page", "status"])
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory() as own:
        folder = options.folder or pathlib.Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        prepare(folder)
        if not globals()[options.what](folder, options.rounds):
            sys.exit("more than it may cost")


main()
