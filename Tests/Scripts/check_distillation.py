#!/usr/bin/env python3
"""Shows that a teacher is worth it: a student of 4 layers, trained with one of 12 layers and without.

Usage: check_distillation.py PROGRAM TEXT FOLDER [--seeds N] [--ranks N]

A character model of 12 layers is pretrained on TEXT (Tiny Shakespeare). Students of 4 layers and the same width, from
equal random weights, learn pieces of the same text in 500 steps, in the same order: by the tokens, and by what the
teacher says of them. All are evaluated on the held-out tenth. Prints a table, and exits 1 where the average gain is not
above two standard errors of it.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

WIDTH, HEADS, LENGTH, BATCH = 128, 4, 64, 16
TEACHER_LAYERS, TEACHER_STEPS, STUDENT_LAYERS, STEPS = 12, 3000, 4, 500
TEMPLATE = {"name": "pieces", "user_end": "\n", "answer_end": "\n"}
TRAINING = f"{{global_batch_size: {BATCH}, micro_batch_size: {BATCH // 2}, sequence_length: {LENGTH}, lanes: 2, STEPS}}"
RECIPE = f"""
name: distillation
phases: [pretrain]
data: {{train: shards, validation: shards}}
model: {{layer_count: {TEACHER_LAYERS}, head_count: {HEADS}, embedding_size: {WIDTH}, context_length: {LENGTH},
        dropout_rate: 0}}
train: {TRAINING.replace("STEPS", f"steps: {TEACHER_STEPS}")}
optimizer: {{learning_rate: 1.0e-3, minimum_learning_rate: 1.0e-4, warmup_steps: 100, beta2: 0.99, weight_decay: 0.1}}
checkpoint: {{every_steps: 0, keep_last: 1}}
evaluate: {{every_steps: 0}}
"""
TUNING = f"""
name: distillation
phases: [finetune]
model: {{dropout_rate: 0}}
finetune:
  data: [pieces.jsonl]
  template: template.json
  validation_fraction: 0
  loss_on: all
  trained: all
  train: {TRAINING.replace("STEPS", f"steps: {STEPS}")}
  optimizer: {{learning_rate: 1.0e-3, minimum_learning_rate: 1.0e-4, warmup_steps: 50, beta2: 0.99, weight_decay: 0.1}}
  checkpoint: {{every_steps: 0, keep_last: 1}}
"""
WAYS = {
    "alone": ["finetune.task=instructions"],
    "taught": ["finetune.task=distillation", "finetune.distillation.teacher=teacher/checkpoints/latest",
               "finetune.distillation.divergence=forward", "finetune.distillation.temperature=1"],
}


class Bench:
    def __init__(self, program, folder, ranks):
        self.program, self.folder, self.ranks = program, folder, ranks
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, *arguments, ranks=None):
        ranks = ranks or self.ranks
        launch = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", ranks]
        done = subprocess.run([str(a) for a in ([*launch] if ranks > 1 else []) + [self.program, *arguments]],
                              cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{arguments}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        return done.stdout

    def loss(self, model):
        """The loss on the held-out text, in nats a character."""
        return json.loads(self.run("evaluate", "--model", model, "--data", "shards").splitlines()[-1])["loss"]


def pieces(text):
    """Lines of the text one after the other, up to the length of a sequence: the first is the prompt."""
    found, lines = [], []
    for line in text.split("\n"):
        if lines and sum(map(len, lines)) + len(lines) + len(line) + 2 > LENGTH:
            found.append(lines)
            lines = []
        if lines or line:
            lines.append(line)
    return [{"prompt": lines[0], "completion": "\n".join(lines[1:]).rstrip("\n")}
            for lines in found if any(lines[1:])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("folder", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    bench = Bench(options.program, options.folder, options.ranks)
    text = options.text.read_text()
    train = text[:len(text) * 9 // 10]
    (bench.folder / "text.txt").write_text(text)
    (bench.folder / "recipe.yaml").write_text(RECIPE)
    (bench.folder / "tuning.yaml").write_text(TUNING)
    (bench.folder / "template.json").write_text(json.dumps(TEMPLATE))
    (bench.folder / "pieces.jsonl").write_text("".join(json.dumps(piece) + "\n" for piece in pieces(train)))
    bench.run("tokenizer", "train", "--kind", "character", "--input", "text.txt", "--output", "tokenizer.json", ranks=1)
    bench.run("prepare", "--input", "text.txt", "--tokenizer", "tokenizer.json", "--output", "shards", ranks=1)
    bench.run("pretrain", "--config", "recipe.yaml", "--resume", "output=teacher")
    print(f"teacher: {bench.loss('teacher/checkpoints/latest'):.4f}", flush=True)
    gains = []
    for seed in range(1, options.seeds + 1):
        # Random weights: a step that moves nothing.
        bench.run("pretrain", "--config", "recipe.yaml", "--resume", f"output=student-{seed}", f"seed={seed}",
                  f"model.layer_count={STUDENT_LAYERS}", "train.steps=1", "optimizer.learning_rate=1.0e-30",
                  "optimizer.minimum_learning_rate=0", "optimizer.warmup_steps=0", ranks=1)
        losses = {}
        for way, keys in WAYS.items():
            bench.run("finetune", "--config", "tuning.yaml", "--resume", f"output={way}-{seed}", f"seed={seed}",
                      f"finetune.from=student-{seed}/checkpoints/latest", *keys)
            losses[way] = bench.loss(f"{way}-{seed}/finetune/checkpoints/latest")
            print(f"student {seed}, {way}: {losses[way]:.4f}", flush=True)
        gains.append(losses["alone"] - losses["taught"])
    gain, error = statistics.mean(gains), statistics.stdev(gains) / len(gains) ** 0.5
    print(f"the teacher is worth {gain:.4f} nats a character, standard error {error:.4f}: {gain / error:.1f} of them")
    sys.exit(0 if gain > 2 * error else 1)


if __name__ == "__main__":
    main()
