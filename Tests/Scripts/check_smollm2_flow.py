#!/usr/bin/env python3
"""Goes the whole way of a real model's GGUF file: chat, LoRA on two ranks, peft, merge, llama.cpp.

    pip install torch==2.13.0 transformers==5.24.0 peft==0.21.2 gguf==0.19.0 xllamacpp==2026.10.11549
    python Tests/Scripts/check_smollm2_flow.py SmolLM2-135M-Instruct.Q4_1.gguf FOLDER

Exit code 1: some check failed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch  # noqa: E402
from check_llama_cpp import llama_cpp  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

PROMPT = "The three primary colours are"
# Two float32 forward passes that sum in another order.
TOLERANCE = 1e-4
RECIPE = """
name: flow
seed: 1
output: run
phases: [finetune]
finetune:
  task: instructions
  from: {model}
  data: [examples.json]
  validation_fraction: 0.25
  trained: lora
  train: {{global_batch_size: 4, micro_batch_size: 2, steps: 6, lanes: 2, threads_per_rank: 1, oversubscribe: true}}
  optimizer: {{learning_rate: 5.0e-4, warmup_steps: 1}}
lora: {{rank: 8, alpha: 16, target_modules: [all-linear]}}
"""


def check(holds, claim):
    print(f"{'ok  ' if holds else 'FAIL'} {claim}", flush=True)
    return bool(holds)


def run(*arguments, folder, text=None):
    result = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, text=True,
                            input=text, timeout=580)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stderr[-800:]}")
    return result.stdout


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    arguments = parser.parse_args()
    program, model = arguments.program.resolve(), arguments.model.resolve()
    folder = arguments.folder
    folder.mkdir(parents=True)
    torch.set_num_threads(2)

    answer = run(program, "chat", "--model", model, "--temperature", "0", folder=folder,
                 text="What is the capital of France?\n")
    good = check("Paris" in answer, f"chat answers {answer.strip()!r}")

    words = ["red", "two", "dog", "sun", "ice", "tea", "sky", "oak"]
    (folder / "examples.json").write_text(json.dumps([
        {"instruction": f"Say the word {word} backwards.", "input": "", "output": word[::-1]}
        for word in words for _ in range(2)]))
    (folder / "recipe.yaml").write_text(RECIPE.format(model=model))
    run("mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", program, "finetune", "--config",
        "recipe.yaml", folder=folder)
    losses = [line["loss"] for line in map(json.loads, open(next(folder.rglob("metrics.jsonl"))))
              if line.get("kind") == "train"]
    good &= check(len(losses) == 6 and losses[-1] < losses[0],
                  f"LoRA on two ranks: losses {losses[0]:.4f} to {losses[-1]:.4f}")

    adapter = next(folder.rglob("checkpoints/latest"))
    run(program, "merge", "--adapter", adapter.resolve(), "--output", "merged", folder=folder)
    base = AutoModelForCausalLM.from_pretrained(model.parent, gguf_file=model.name, dtype=torch.float32)
    ids = list(range(100, 164))
    plain = logits(base, ids)
    tuned = logits(PeftModel.from_pretrained(base, adapter.resolve()).eval(), ids)
    merged = logits(AutoModelForCausalLM.from_pretrained(folder / "merged", dtype=torch.float32), ids)
    scale = float(tuned.abs().max())
    good &= check(float((tuned - plain).abs().max()) / scale > 1e-3, "the adapter changes logits in peft")
    error = float((tuned - merged).abs().max()) / scale
    good &= check(error < TOLERANCE, f"peft's logits and the merged model's differ by {error:.1e}")

    run(program, "export", "--model", "merged", "--output", "merged.gguf", "--format", "gguf",
        folder=folder)
    own = run(program, "generate", "--model", "merged", "--prompt", PROMPT, "--maximum-tokens", "32",
              "--temperature", "0", folder=folder).rstrip("\n").removeprefix(PROMPT)
    text = llama_cpp(folder / "merged.gguf", PROMPT, 32)
    good &= check(text is not None and text.startswith(own),
                  f"llama.cpp goes on with {text!r}, the program with {own!r}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
