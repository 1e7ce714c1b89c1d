#!/usr/bin/env python3
"""Measures the memory that commands of the program need for a model file, against the weights that they hold.

    python Tests/Scripts/measure_loading.py MODEL PARAMETERS

PARAMETERS is their number; they are held in F32. The largest proportional set size (PSS, of
/proc/PID/smaps_rollup, looked at every 10 ms) may be 1.1 times the weights and 200 MB.

Exit code 1: a command needs more.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time


def peak(arguments):
    """The largest PSS in bytes, and the seconds."""
    start, largest = time.time(), 0
    process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            lines = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
            largest = max([largest] + [1024 * int(line.split()[1]) for line in lines
                                       if line.startswith("Pss:")])
        except (OSError, ValueError):
            pass
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"{arguments} failed")
    return largest, time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("parameters", type=int)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    arguments = parser.parse_args()
    limit, good = 1.1 * 4 * arguments.parameters + 200e6, True
    with tempfile.TemporaryDirectory() as folder:
        imported = f"{folder}/imported"
        generate = ["generate", "--prompt", "A", "--maximum-tokens", "1", "--temperature", "0"]
        for name, command in [
                ("import of the file", ["import", "--model", arguments.model, "--output", imported]),
                ("generate from the file", generate + ["--model", arguments.model]),
                ("generate from the directory", generate + ["--model", imported]),
                ("import of the directory", ["import", "--model", imported, "--output", f"{folder}/2"])]:
            size, seconds = peak([arguments.program] + command)
            holds = size <= limit
            good &= holds
            print(f"{'ok  ' if holds else 'FAIL'} {name}: {size / 1e6:.0f} MB of at most "
                  f"{limit / 1e6:.0f}, {seconds:.1f} s", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
