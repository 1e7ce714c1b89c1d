"""Compares LoRA with peft: losses of the same steps, adapters in both directions, merged models.

    python check_lora.py PROGRAM MODEL EXAMPLES [--dora] [--rslora] [--targets a,b]

PROGRAM is swift-llm-train, MODEL a Hugging Face directory (GPT-2 or Llama) with its tokenizer, EXAMPLES a
JSON file of Alpaca records. Needs torch, transformers, peft and safetensors. Writes into a temporary
directory.
"""

import argparse
import json
import os
import subprocess
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

STEPS, BATCH, RATE = 20, 4, 1e-3


def alpaca(record):
    head = ("Below is an instruction that describes a task. Write a response that appropriately "
            "completes the request.\n\n### Instruction:\n")
    middle = f"\n\n### Input:\n{record['input']}" if record.get("input") else ""
    return head + record["instruction"] + middle + "\n\n### Response:\n", record["output"]


def run(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-2000:] + done.stderr)
    return done.stdout


def examples(tokenizer, records, template_end):
    for record in records:
        prompt, answer = alpaca(record)
        left = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        right = tokenizer(answer, add_special_tokens=False)["input_ids"]
        right += tokenizer(template_end, add_special_tokens=False)["input_ids"]
        yield left + right, len(left)


def losses(model, batches):
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [  # vectors do not decay
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": 0.01},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    result = []
    for batch in batches:
        width = max(len(ids) for ids, _ in batch)
        inputs = torch.zeros(len(batch), width, dtype=torch.long)
        labels = torch.full((len(batch), width), -100)
        for row, (ids, start) in enumerate(batch):
            inputs[row, : len(ids)] = torch.tensor(ids)
            labels[row, start : len(ids)] = torch.tensor(ids[start:])
        logits = model(inputs).logits[:, :-1].float()
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        result.append(loss.item())
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("examples")
    parser.add_argument("--dora", action="store_true")
    parser.add_argument("--rslora", action="store_true")
    parser.add_argument("--targets", default="all-linear")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(2)

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    end = tokenizer.eos_token
    with tempfile.TemporaryDirectory() as folder:
        with open(options.examples) as file:
            records = json.load(file)[: STEPS * BATCH]
        data = os.path.join(folder, "data.json")
        with open(data, "w") as file:
            json.dump(records, file)
        recipe = os.path.join(folder, "recipe.yaml")
        output = os.path.join(folder, "run")
        with open(recipe, "w") as file:
            file.write(f"""
name: check
output: {output}
phases: [finetune]
data: {{shuffle: false}}
finetune:
  output: {output}
  from: {options.model}
  data: [{data}]
  template: alpaca
  validation_fraction: 0
  train: {{global_batch_size: {BATCH}, micro_batch_size: {BATCH}, steps: {STEPS}}}
  optimizer: {{learning_rate: {RATE}, schedule: constant, weight_decay: 0.01, beta2: 0.999}}
  checkpoint: {{every_steps: 1, keep_last: 0}}
lora:
  rank: 8
  alpha: 16
  target_modules: [{options.targets}]
  dora: {str(options.dora).lower()}
  rslora: {str(options.rslora).lower()}
""")
        # The adapter as it is drawn: a step at a rate that changes nothing.
        run(options.program, "finetune", "--config", recipe, "finetune.train.steps=1",
            "finetune.optimizer.learning_rate=1e-30")
        start = os.path.join(output, "checkpoints", "latest")
        base = AutoModelForCausalLM.from_pretrained(options.model, torch_dtype=torch.float32)
        model = PeftModel.from_pretrained(base, start, is_trainable=True)
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        all_examples = list(examples(tokenizer, records, end))
        batches = [all_examples[i : i + BATCH] for i in range(0, len(all_examples), BATCH)]
        expected = losses(model, batches)

        second = os.path.join(folder, "second")
        with open(recipe) as file:
            text = file.read().replace(output, second)
        with open(recipe, "w") as file:
            file.write(text)
        run(options.program, "finetune", "--config", recipe)
        with open(os.path.join(second, "metrics.jsonl")) as file:
            lines = [json.loads(line) for line in file]
        found = [line["loss"] for line in lines if line["kind"] == "train"]
        worst = max(abs(a - b) for a, b in zip(expected, found))
        print(f"losses of {STEPS} steps: from {found[0]:.4f} to {found[-1]:.4f}, "
              f"at most {worst:.2e} from peft's")

        # Ours, loaded by peft; logits against the merged model of the program.
        ours = os.path.join(second, "checkpoints", "latest")
        merged = os.path.join(folder, "merged")
        print(run(options.program, "merge", "--adapter", ours, "--output", merged).strip())
        base = AutoModelForCausalLM.from_pretrained(options.model, torch_dtype=torch.float32)
        loaded = PeftModel.from_pretrained(base, ours).eval()
        inputs = torch.tensor([all_examples[0][0]])
        with torch.no_grad():
            by_peft = loaded(inputs).logits
            by_merge = AutoModelForCausalLM.from_pretrained(
                merged, torch_dtype=torch.float32).eval()(inputs).logits
        print(f"logits, adapter in peft and merged here: {(by_peft - by_merge).abs().max():.2e}")

        # peft's, loaded here: merged by both.
        model.eval()
        theirs = os.path.join(folder, "theirs")
        model.save_pretrained(theirs)
        merged = os.path.join(folder, "merged-theirs")
        run(options.program, "merge", "--adapter", theirs, "--output", merged)
        by_us = load_file(os.path.join(merged, "model.safetensors"))
        by_them = model.merge_and_unload().state_dict()
        worst = max((by_us[name] - by_them[name]).abs().max().item()
                    for name in by_us if name in by_them)
        print(f"weights of peft's adapter merged here and by peft: at most {worst:.2e} apart")


if __name__ == "__main__":
    main()
