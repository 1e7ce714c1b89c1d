#!/usr/bin/env python3
"""Runs `corpus` on a large made corpus: memory, speed on one and two ranks, and kills at random moments.

Usage: check_corpus_scale.py PROGRAM TEXT FOLDER [--megabytes N] [--memory N] [--kills N] [--steps STEPS]

The corpus has N megabytes of documents made of paragraphs of TEXT, 30 % of which are copies with one word in
a hundred changed. Prints seconds, MB/s and the peak memory of a rank for one and for two ranks, which
must write the same bytes; then kills N runs (kill -9) at random moments, each until it is done, resumes them on one to
three ranks, and compares the bytes. Exits 1 where they differ, or a rank took 1 GB.
"""
import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

BETWEEN = "\n\n"


def make(path, text, megabytes):
    if os.path.exists(path) and os.path.getsize(path) >= megabytes * 1_000_000:
        return
    paragraphs = [p.replace("\n", " ") for p in text.split("\n\n") if len(p) > 120]
    chance = random.Random(7)
    size, recent, number = 0, [], 0
    with open(path + ".part", "w", encoding="utf-8") as file:
        while size < megabytes * 1_000_000:
            if recent and chance.random() < 0.3:
                words = chance.choice(recent).split(" ")
                for _ in range(max(1, len(words) // 100)):
                    words[chance.randrange(len(words))] = chance.choice(["changed", "other", "word"])
                document = " ".join(words)
            else:
                document = BETWEEN.join(chance.choices(paragraphs, k=chance.randrange(3, 12)))
            if len(recent) < 20_000:
                recent.append(document)
            elif chance.random() < 0.1:
                recent[chance.randrange(len(recent))] = document
            line = json.dumps({"text": document, "id": number}, ensure_ascii=False) + "\n"
            file.write(line)
            size += len(line)
            number += 1
    os.rename(path + ".part", path)


def command(options, ranks, output, *flags):
    launch = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
    steps = f"corpus.steps={options.steps}"
    return (launch if ranks > 1 else []) + [
        options.program, "corpus", "clean", "--input", options.source, "--output", output, steps,
        f"corpus.memory_megabytes={options.memory}", "corpus.deduplicate.exact=true",
        "corpus.deduplicate.near.enabled=true", *flags]


def digest(folder):
    hashes = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                hashes[os.path.relpath(path, folder)] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def measure(options, ranks):
    output = f"{options.folder}/ranks-{ranks}"
    shutil.rmtree(output, ignore_errors=True)
    began = time.time()
    # A process of its own, so that the peak is that of this run.
    child = os.fork()
    if child == 0:
        with open(os.devnull, "w") as null:
            done = subprocess.run(command(options, ranks, output), stdout=null)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        with open(f"{options.folder}/peak", "w") as file:
            file.write(f"{done.returncode} {peak}")
        os._exit(0)
    os.waitpid(child, 0)
    seconds = time.time() - began
    code, peak = map(int, open(f"{options.folder}/peak").read().split())
    size = os.path.getsize(options.source)
    print(f"{ranks} ranks: {seconds:.1f} s, {size / 1e6 / seconds:.1f} MB/s, peak of a rank "
          f"{peak / 1e6:.2f} GB", flush=True)
    if code != 0:
        sys.exit(f"the run failed with exit code {code}")
    return seconds, peak * 1000, output


def kill_ranks(output):
    """Kills the ranks, which mpirun puts into process groups of their own, and waits for their end."""
    while True:
        left = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = open(f"/proc/{name}/cmdline", "rb").read().split(b"\0")
                if output.encode() in words and open(f"/proc/{name}/stat").read().split()[2] != "Z":
                    left.append(int(name))
                    os.kill(int(name), signal.SIGKILL)
            except OSError:
                continue
        if not left:
            return
        time.sleep(0.05)


def kill_often(options, seconds, expected):
    chance = random.Random(int(time.time()))
    failures = 0
    for number in range(options.kills):
        output = f"{options.folder}/killed"
        shutil.rmtree(output, ignore_errors=True)
        kills, flags = 0, []
        while True:
            ranks = chance.randrange(1, 4)
            run = subprocess.Popen(
                command(options, ranks, output, *flags), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True)
            wait = chance.random() * seconds * (1 if kills < 4 else 9)
            try:
                code = run.wait(timeout=wait)
                if code == 0:
                    break
                failures += 1
                print(f"round {number}: exit code {code} after {kills} kills")
                break
            except subprocess.TimeoutExpired:
                run.kill()
                kill_ranks(output)
                run.wait()
                kills += 1
                flags = ["--resume"] if os.path.exists(output + "/.plan") else []
                if not flags:
                    shutil.rmtree(output, ignore_errors=True)
        same = digest(output) == expected
        failures += 0 if same else 1
        print(f"round {number}: killed {kills} times, {'the same bytes' if same else 'OTHER BYTES'}", flush=True)
    return failures


def main():
    parser = argparse.ArgumentParser()
    for name in ["program", "text", "folder"]:
        parser.add_argument(name)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--steps", default="[text, gopher_repetition, gopher_quality, fineweb]")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    options.source = f"{options.folder}/corpus-{options.megabytes}.jsonl"
    make(options.source, open(options.text, encoding="utf-8", errors="replace").read(), options.megabytes)
    one, peak_one, first = measure(options, 1)
    two, peak_two, second = measure(options, 2)
    expected = digest(first)
    same = expected == digest(second)
    report = json.load(open(first + "/report.json"))["counts"]
    print(f"two ranks are {one / two:.2f} times as fast; {'the same bytes' if same else 'OTHER BYTES'}; kept "
          f"{report['kept']['documents']} of {report['read']['documents']} documents; dropped "
          + ", ".join(f"{k} {v['documents']}" for k, v in sorted(report["dropped"].items())), flush=True)
    failures = 0 if same and max(peak_one, peak_two) < 1e9 else 1
    failures += kill_often(options, one, expected)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
