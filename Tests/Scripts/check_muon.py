#!/usr/bin/env python3
"""Shows what Muon is worth beside AdamW: the steps that it needs, and what a step of it costs.

Usage: check_muon.py PROGRAM TEXT FOLDER [--seeds N] [--jobs N]
       check_muon.py PROGRAM --speed [--steps N] [--rounds N]

The first form trains launch/recipes/shakespeare-char.yaml on TEXT (Tiny Shakespeare) with AdamW, and with Muon in 75 %
of the steps, at the end of which its schedule ends. Of each the best of three rates counts, by the validation loss of
the first seed, with all seeds. Prints the losses, and exits 1 where Muon does not reach that of AdamW on average.

The second form measures a step of GPT-2 124M on 16,384 tokens with both, in turn, and exits 1 where Muon takes more
than 1.2 times as long.
"""
import argparse
import concurrent.futures
import json
import pathlib
import statistics
import subprocess
import sys

RECIPE = pathlib.Path(__file__).resolve().parents[2] / "launch/recipes/shakespeare-char.yaml"
STEPS, SHARE = 2000, 0.75
ADAMW_RATES, MUON_RATES = (1e-3, 2e-3, 4e-3), (0.01, 0.02, 0.04)
SPEED = ("--sequence-length", "1024", "--micro-batch-size", "4", "--accumulate", "4")
MOST_TIME = 1.2


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{arguments}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def loss(program, folder, name, seed, keys):
    """The validation loss at the end of a training, of which what is there already is kept."""
    output = folder / f"{name}-{seed}"
    run(program, "pretrain", "--config", RECIPE, "--resume", f"output={output}", f"seed={seed}",
        f"data.train={folder / 'shards'}", f"data.validation={folder / 'shards'}", "checkpoint.every_steps=0",
        "checkpoint.keep_last=1", "evaluate.every_steps=0", "train.threads_per_rank=1", "train.lanes=1", *keys)
    lines = [json.loads(line) for line in (output / "metrics.jsonl").open()]
    return [line for line in lines if line["kind"] == "validation"][-1]["loss"]


def compare(program, text, folder, seeds, jobs):
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "shards").is_dir():
        run(program, "run", RECIPE, "phases=[prepare]", f"prepare.input={text}", f"output={folder / 'prepared'}",
            f"prepare.output={folder / 'shards'}")
    pool = concurrent.futures.ThreadPoolExecutor(jobs)

    def best(kind, steps, rates, keys):
        """The rate with the lowest loss of the first seed, and its losses of all seeds."""
        def losses(pairs):
            work = [pool.submit(loss, program, folder, f"{kind}-{rate:g}", seed,
                                [f"train.steps={steps}", *keys(rate)]) for rate, seed in pairs]
            for (rate, seed), value in zip(pairs, work):
                print(f"{kind}, {steps} steps, rate {rate:g}, seed {seed}: {value.result():.4f}", flush=True)
            return [value.result() for value in work]

        firsts = losses([(rate, seeds[0]) for rate in rates])
        rate = rates[firsts.index(min(firsts))]
        return rate, [min(firsts)] + losses([(rate, seed) for seed in seeds[1:]])

    def usual(rate):
        return [f"optimizer.learning_rate={rate:g}", f"optimizer.minimum_learning_rate={rate / 10:g}"]

    rate, adamw = best("adamw", STEPS, ADAMW_RATES, usual)
    steps = round(STEPS * SHARE)
    matrix_rate, muon = best("muon", steps, MUON_RATES, lambda matrix_rate: [
        *usual(rate), "optimizer.kind=muon", f"optimizer.matrix_learning_rate={matrix_rate:g}"])
    means = [statistics.mean(losses) for losses in (adamw, muon)]
    errors = [statistics.stdev(losses) / len(losses) ** 0.5 if len(losses) > 1 else 0 for losses in (adamw, muon)]
    print(f"AdamW: {STEPS} steps at {rate:g}, loss {means[0]:.4f} +- {errors[0]:.4f}; "
          f"Muon: {steps} steps at {matrix_rate:g}, loss {means[1]:.4f} +- {errors[1]:.4f}")
    return means[1] <= means[0]


def measure(program, steps, rounds):
    """Seconds of a step; the two in turn, so that what else goes on falls on both."""
    seconds = {"adamw": [], "muon": []}
    for kind in list(seconds) * rounds:
        report = json.loads(run(program, "bench", *SPEED, "--steps", steps, "--json", f"optimizer.kind={kind}"))
        seconds[kind].append(report["milliseconds_per_step"] / 1e3)
        print(f"{kind}: {seconds[kind][-1]:.2f} s a step", flush=True)
    ratio = statistics.mean(seconds["muon"]) / statistics.mean(seconds["adamw"])
    print(f"GPT-2 124M, 16,384 tokens a step: Muon takes {ratio:.3f} times as long as AdamW")
    return ratio <= MOST_TIME


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("text", nargs="?")
    parser.add_argument("folder", nargs="?", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if options.speed:
        holds = measure(options.program, options.steps, options.rounds)
    elif options.folder:
        holds = compare(options.program, options.text, options.folder, range(1, options.seeds + 1), options.jobs)
    else:
        parser.error("a text and a folder, or --speed")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
