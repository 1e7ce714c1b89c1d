#!/usr/bin/env python3
"""Shows that cleaning is worth it: nine trainings of a model of 10 million parameters.

Usage: check_corpus_training.py PROGRAM FOLDER [--steps N] [--ranks N] [--seeds N]

The stories of the quick start are trained on as they are, with 40 % of junk and copies among them, and as
`corpus` makes them of these, with three seeds each and equal steps, and validated on the same held-out stories.
Prints a table, and exits 1 where the dirty text costs less than 0.05 nats, or cleaning recovers less than 90 % of it.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys

END = "<|endoftext|>"
STEPS = ("[text, {kind: gopher_repetition}, {kind: gopher_quality, minimum_words: 30}, "
         "{kind: fineweb, maximum_short_lines: 0.9}]")


def junk(chance, stories):
    """A document that no one wants to learn."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789{}[]();=#/\\<>|_-+*&%$"
    ways = [
        lambda: "".join(chance.choice(letters) for _ in range(900)),
        lambda: "\n".join(chance.choice(["Home", "Log in", "Contact us", "Next page", "> More"]) for _ in range(90)),
        lambda: (chance.choice(["Buy now", "Click here", "Free offer"]) + "! ") * 70,
        lambda: "\n".join(f"{chance.randrange(10**6)}, {chance.random():.5f}" for _ in range(60)),
        lambda: "var a%d = %d;\n" % (chance.randrange(99), chance.randrange(999)) * 40,
    ]
    if chance.random() < 0.5:
        words = chance.choice(stories).split(" ")
        for _ in range(len(words) // 100):
            words[chance.randrange(len(words))] = "thing"
        return " ".join(words)
    return chance.choice(ways)()


def run(program, ranks, *arguments):
    launch = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
    done = subprocess.run((launch if ranks > 1 else []) + [program, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def prepare(program, folder, name, text, tokenizer):
    path = f"{folder}/{name}.txt"
    open(path, "w", encoding="utf-8").write(text)
    shards = f"{folder}/{name}"
    shutil.rmtree(shards, ignore_errors=True)
    run(program, 1, "prepare", "--input", path, "--tokenizer", tokenizer, "--output", shards,
        "--validation-fraction", "0" if name != "held-out" else "0.999")
    return shards


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    program, folder = options.program, options.folder
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run(program, 1, "run", "phases=[prepare]", f"output={folder}/quick")
    stories = [s.strip("\n") for s in open(f"{folder}/quick/stories.txt", encoding="utf-8").read().split(END)]
    stories = [story for story in stories if story]
    tokenizer = f"{folder}/quick/shards/tokenizer.json"
    held_out, stories = stories[-len(stories) // 20 :], stories[: -len(stories) // 20]
    chance = random.Random(1)
    dirty = list(stories)
    size, wanted = 0, sum(map(len, stories)) * 2 // 3
    while size < wanted:
        document = junk(chance, stories)
        dirty.insert(chance.randrange(len(dirty) + 1), document)
        size += len(document)
    open(f"{folder}/dirty-documents.txt", "w", encoding="utf-8").write(END.join(dirty))
    run(program, options.ranks, "corpus", "clean", "--input", f"{folder}/dirty-documents.txt", "--output",
        f"{folder}/corpus", "corpus.steps=" + STEPS, "corpus.deduplicate.exact=true",
        "corpus.deduplicate.near.enabled=true")
    cleaned = []
    for name in sorted(os.listdir(folder + "/corpus")):
        if name.startswith("part-"):
            cleaned += [json.loads(l)["text"] for l in open(f"{folder}/corpus/{name}", encoding="utf-8")]
    print(f"{len(stories)} stories; {len(dirty)} documents with junk and copies; {len(cleaned)} after cleaning")
    validation = prepare(program, folder, "held-out", END.join(held_out), tokenizer)
    sets = {"clean": stories, "dirty": dirty, "cleaned": cleaned}
    losses = {}
    for name, documents in sets.items():
        shards = prepare(program, folder, name, END.join(documents), tokenizer)
        for seed in range(1, options.seeds + 1):
            output = f"{folder}/run-{name}-{seed}"
            recipe = f"{folder}/recipe.yaml"
            open(recipe, "w").write(
                "name: cleaning\nphases: [pretrain]\n"
                "model: {layer_count: 5, head_count: 6, embedding_size: 384, context_length: 256}\n"
                "optimizer: {learning_rate: 1.0e-3, warmup_steps: 50, beta2: 0.95, weight_decay: 0.1}\n"
                "checkpoint: {every_steps: 0}\n"
                f"train: {{global_batch_size: 8, micro_batch_size: 4, steps: {options.steps}}}\n"
                f"data: {{train: {shards}, validation: {validation}}}\n"
                f"evaluate: {{every_steps: {options.steps}, batches: 40}}\n")
            run(program, options.ranks, "pretrain", "--config", recipe, f"output={output}", f"seed={seed}")
            lines = [json.loads(l) for l in open(output + "/metrics.jsonl")]
            losses[name, seed] = [l for l in lines if l["kind"] == "validation"][-1]["loss"]
            print(f"{name}, seed {seed}: {losses[name, seed]:.4f}", flush=True)
    mean = {n: sum(losses[n, s] for s in range(1, options.seeds + 1)) / options.seeds for n in sets}
    cost = mean["dirty"] - mean["clean"]
    back = (mean["dirty"] - mean["cleaned"]) / cost
    print(f"junk costs {cost:.4f} nats a token; cleaning recovers {100 * back:.1f} % of them")
    sys.exit(0 if cost >= 0.05 and back >= 0.9 else 1)


if __name__ == "__main__":
    main()
