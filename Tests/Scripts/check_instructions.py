"""Compares instruction tuning with transformers: training and validation losses of the same steps.

    python check_instructions.py PROGRAM MODEL EXAMPLES

PROGRAM is swift-llm-train, MODEL a Hugging Face directory with its tokenizer, EXAMPLES a JSON file of Alpaca
records, of which the last 100 are held out. Needs torch and transformers. Writes into a temporary directory.
"""

import json
import os
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from check_lora import examples, run

STEPS, BATCH, RATE, EVERY, HELD = 60, 8, 3e-4, 15, 100


def batch_loss(model, batch):
    width = max(len(ids) for ids, _ in batch)
    inputs = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full((len(batch), width), -100)
    for row, (ids, start) in enumerate(batch):
        inputs[row, : len(ids)] = torch.tensor(ids)
        labels[row, start : len(ids)] = torch.tensor(ids[start:])
    logits = model(inputs).logits[:, :-1].float()
    total = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100,
        reduction="sum")
    return total, int((labels[:, 1:] >= 0).sum())


def validate(model, held):
    with torch.no_grad():
        parts = [batch_loss(model, held[i : i + BATCH]) for i in range(0, len(held), BATCH)]
    return sum(p[0].item() for p in parts) / sum(p[1] for p in parts)


def train(model, trained, held):
    groups = [  # vectors do not decay
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.01},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    losses, validations = [], []
    for step in range(STEPS):
        total, count = batch_loss(model, trained[step * BATCH : (step + 1) * BATCH])
        loss = total / count
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % EVERY == 0:
            validations.append(validate(model, held))
    return losses, validations


def main():
    program, directory, path = sys.argv[1:4]
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    with open(path) as file:
        records = json.load(file)
    split = {"train": records[: STEPS * BATCH], "held": records[-HELD:]}
    with tempfile.TemporaryDirectory() as folder:
        for name, part in split.items():
            with open(os.path.join(folder, name + ".json"), "w") as file:
                json.dump(part, file)
        recipe, output = os.path.join(folder, "recipe.yaml"), os.path.join(folder, "run")
        with open(recipe, "w") as file:
            file.write(f"""
name: check
output: {output}
phases: [finetune]
data: {{shuffle: false}}
finetune:
  output: {output}
  from: {directory}
  data: [{folder}/train.json]
  validation: [{folder}/held.json]
  template: alpaca
  trained: all
  train: {{global_batch_size: {BATCH}, micro_batch_size: {BATCH}, steps: {STEPS}}}
  optimizer: {{learning_rate: {RATE}, schedule: constant, weight_decay: 0.01, beta2: 0.999}}
  evaluate: {{every_steps: {EVERY}}}
""")
        run(program, "finetune", "--config", recipe)
        with open(os.path.join(output, "metrics.jsonl")) as file:
            lines = [json.loads(line) for line in file]
    ours = [line["loss"] for line in lines if line["kind"] == "train"]
    ours_held = [line["loss"] for line in lines if line["kind"] == "validation"]
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    end = tokenizer.eos_token
    theirs, theirs_held = train(
        model, list(examples(tokenizer, split["train"], end)),
        list(examples(tokenizer, split["held"], end)))
    worst = max(abs(a - b) for a, b in zip(ours, theirs))
    print(f"training losses of {STEPS} steps: at most {worst:.2e} apart")
    for step, (a, b) in enumerate(zip(ours_held, theirs_held), 1):
        print(f"validation after {step * EVERY}: {a:.5f} here, {b:.5f} by transformers "
              f"({100 * abs(a - b) / b:.4f} %)")


if __name__ == "__main__":
    main()
