#!/usr/bin/env python3
"""Shows that answers which are rewarded are learnt: sums, or the format of an answer.

    python Tests/Scripts/check_policy_learning.py sums FOLDER [--ranks 2]
    python Tests/Scripts/check_policy_learning.py format FOLDER --model SmolLM2-135M-Instruct.Q4_1.gguf

sums: a character model of 4 layers, 128 wide, is supervised on sums of two numbers of two digits until it gets
15 to 20 % of 1,000 held-out ones, then learns from its own answers, 64 prompts x 8 a step, with nothing but
right or wrong as the reward. format: an instruction model with an adapter, 4 prompts x 8 of 24 tokens a step,
learns to answer in square brackets, from 200 held-out prompts on.

Prints the share of right answers, the likeliest and drawn ones, before and after, and the minutes.
Exit code 1: not above 80 % (sums), 90 % (format).
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import time

MODEL = """
name: base
seed: 1
phases: [prepare, pretrain]
tokenizer: {kind: character}
prepare: {input: [sums.txt], validation_fraction: 0}
model: {layer_count: 4, head_count: 4, embedding_size: 128, context_length: 32, dropout_rate: 0}
train: {global_batch_size: 64, micro_batch_size: 64, sequence_length: 32, steps: 20}
optimizer: {learning_rate: 1.0e-3, warmup_steps: 5}
checkpoint: {every_steps: 0}
"""
SUPERVISED = """
name: supervised
seed: 1
phases: [finetune]
finetune:
  task: instructions
  from: runs/base/checkpoints/latest
  output: supervised
  data: [supervised.jsonl]
  template: template.json
  validation_fraction: 0
  trained: all
  train: {global_batch_size: 128, micro_batch_size: 128, steps: 3000}
  optimizer: {learning_rate: 1.0e-3, schedule: constant, warmup_steps: 20}
  checkpoint: {every_steps: 100, keep_last: 0}
"""
POLICY = """
name: policy
seed: 1
phases: [finetune]
finetune:
  task: policy
  from: %(model)s
  output: policy
  data: [prompts.jsonl]
  validation: [held-out.jsonl]
  template: %(template)s
  trained: %(trained)s
  policy: {group_size: 8, maximum_new_tokens: %(length)s, rewards: [%(rewards)s]}
  train: {global_batch_size: %(batch)s, micro_batch_size: %(micro)s, steps: %(steps)s, lanes: 2}
  optimizer: {learning_rate: %(rate)s, schedule: constant, warmup_steps: 2, weight_decay: 0}
  checkpoint: {every_steps: 0}
  evaluate: {every_steps: %(every)s}
lora: {rank: 16, alpha: 32}
"""


class Folder:
    def __init__(self, path, program, ranks):
        self.path, self.program, self.ranks = path, program, ranks
        path.mkdir(parents=True)

    def write(self, name, lines):
        text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
        (self.path / name).write_text(text)

    def run(self, *arguments, ranks=1):
        launch = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
        result = subprocess.run([*launch, str(self.program), *arguments], cwd=self.path,
                                capture_output=True, text=True, timeout=7200)
        if result.returncode:
            sys.exit(f"{arguments}: {result.stdout[-1500:]} {result.stderr[-1500:]}")
        return result.stdout

    def validation(self, output):
        lines = [json.loads(line) for line in (self.path / output / "metrics.jsonl").open()]
        return [line for line in lines if line["kind"] == "validation"]

    def policy(self, *keys, **values):
        self.write("policy.yaml", POLICY % values)
        self.run("finetune", "--config", "policy.yaml", *keys, ranks=self.ranks)

    def reached(self, output, model, **values):
        """What a model gets right of what is held out: a step of next to no rate changes nothing."""
        self.policy(f"finetune.output={output}", "finetune.train.steps=1",
                    "finetune.optimizer.learning_rate=1e-30", "finetune.optimizer.warmup_steps=0",
                    **(values | {"model": model}))
        return self.validation(output)[-1]


def shown(line):
    drawn = "rewards/number/mean" if "rewards/number/mean" in line else "rewards/regex/mean"
    return (f"{100 * line['accuracy']:.1f} % of the likeliest answers, {100 * line[drawn]:.1f} % of drawn ones, "
            f"pass@8 {100 * line['pass@8']:.1f} %, {line['completions/mean_length']:.1f} tokens")


def sums(folder, arguments):
    numbers = random.Random(1)
    pairs = [(a, b) for a in range(10, 100) for b in range(10, 100)]
    numbers.shuffle(pairs)
    held, rest = pairs[:1000], pairs[1000:]
    folder.write("sums.txt", "".join(f"{a}+{b}={a + b}.\n" for a, b in rest[:4000]))
    folder.write("template.json", json.dumps({"name": "sums", "user_end": "=", "answer_end": "."}))
    rows = [{"prompt": f"{a}+{b}", "completion": f"{a + b}"} for a, b in rest[:2000]]
    folder.write("supervised.jsonl", rows)
    folder.write("prompts.jsonl", [{"prompt": f"{a}+{b}", "answer": a + b} for a, b in rest])
    folder.write("held-out.jsonl", [{"prompt": f"{a}+{b}", "answer": a + b} for a, b in held])
    folder.write("base.yaml", MODEL)
    folder.run("run", "base.yaml")
    folder.write("supervised.yaml", SUPERVISED)
    values = dict(template="template.json", trained="all", length=5, batch=512, micro=128,
                  steps=arguments.steps or 500, every=50, rate=arguments.rate or "3.0e-4",
                  rewards="{kind: number, field: answer}")
    for step in range(100, 3001, 100):
        resume = ["--resume"] if step > 100 else []
        folder.run("finetune", "--config", "supervised.yaml", *resume,
                   f"finetune.train.stop_after_steps={step}")
        model = f"supervised/checkpoints/step-{step:08d}"
        start = folder.reached(f"reached-{step}", model, **values)
        print(f"supervised {step} steps: {shown(start)}", flush=True)
        if start["accuracy"] >= 0.15:
            break
    return model, values, 0.8


def brackets(folder, arguments):
    if arguments.model.is_dir():
        model = str(arguments.model.resolve())
    else:
        folder.run("import", "--model", str(arguments.model.resolve()), "--output", "model")
        model = "model"
    words = ("river mountain bread winter music garden window letter horse bridge forest teacher market engine "
             "island candle mirror planet carpet doctor").split()
    kinds = ["What is a {}?", "Name a colour of a {}.", "Where does one find a {}?", "Describe a {}.",
             "What does a {} need?", "Is a {} large or small?", "What rhymes with {}?", "Who uses a {}?",
             "What is older than a {}?", "Say something kind about a {}.", "When does one see a {}?",
             "What sound does a {} make?", "How heavy is a {}?", "Why would one want a {}?",
             "What is the opposite of a {}?", "How many letters has the word {}?", "Draw a {} in words.",
             "What comes after a {}?", "What is inside a {}?", "Can a {} fly?"]
    asked = arguments.request
    prompts = [{"prompt": f"{kind.format(word)} {asked}"} for word in words for kind in kinds]
    random.Random(1).shuffle(prompts)
    folder.write("prompts.jsonl", prompts[200:])
    folder.write("held-out.jsonl", prompts[:200])
    folder.write("pattern.txt", arguments.pattern)
    return model, dict(
        template="null", trained="lora", length=24, batch=32, micro=16, steps=arguments.steps or 60,
        every=20, rate=arguments.rate or "2.0e-4", rewards="{kind: regex, path: pattern.txt}"), 0.9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["sums", "format"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--request", default="Write your answer in square brackets, like [this].")
    parser.add_argument("--pattern", default=r"^\[[^\[\]]+\]$")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rate")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    arguments = parser.parse_args()
    folder = Folder(arguments.folder.resolve(), arguments.program.resolve(), arguments.ranks)
    model, values, wanted = (sums if arguments.kind == "sums" else brackets)(folder, arguments)
    print(f"before: {shown(folder.reached('before', model, **values))}", flush=True)
    start = time.time()
    folder.policy(**(values | {"model": model}))
    minutes = (time.time() - start) / 60
    for line in folder.validation("policy"):
        print(f"step {line['step']}: {shown(line)}")
    last = folder.validation("policy")[-1]
    print(f"after {minutes:.1f} minutes: {shown(last)}")
    return 0 if last["accuracy"] > wanted else 1


if __name__ == "__main__":
    sys.exit(main())
