#!/usr/bin/env python3
"""Measures training steps of SmolLM2-135M beside transformers: all weights and LoRA, in fp32 and in bf16.

    pip install torch==2.13.0 transformers==5.24.0 peft==0.21.2 gguf==0.19.0
    python Tests/Scripts/measure_training.py SmolLM2-135M-Instruct.Q4_1.gguf --program .build/release/swift-llm-train

4 sequences of 512 tokens a step, two threads, AdamW. All run in turn, --rounds times, so that what else the machine
does falls on all; the medians are compared. Prints tokens a second and the make of the processor.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
SEQUENCES, LENGTH, THREADS = 4, 512, 2
TOKENS = SEQUENCES * LENGTH


def processor():
    facts = dict(line.split(":", 1) for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0]
                 .splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    return f"{facts['model name']}, family {facts['cpu family']}, model {facts['model']}"


def run(*arguments, folder=None):
    result = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stdout[-500:]}{result.stderr[-1000:]}")
    return result.stdout


def torch_steps(model_path, lora, steps, is_bf16=False):
    """Tokens a second of the median step; in bf16 the weights stay in fp32, and products are autocast."""
    import torch
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(
        model_path.parent, gguf_file=model_path.name, dtype=torch.float32).train()
    if lora:
        from peft import LoraConfig, get_peft_model
        model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules="all-linear"))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    ids = torch.randint(0, 49152, (SEQUENCES, LENGTH))
    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - start)
    return TOKENS / statistics.median(seconds[1:])


def bench(arguments, precision):
    text = run(arguments.program, "bench", "--preset", "smollm2-135m", "--vocabulary-size", 49152,
               "--sequence-length", LENGTH, "--micro-batch-size", SEQUENCES, "--threads", THREADS,
               "--precision", precision, "--steps", arguments.steps, "--json")
    return json.loads(text[text.index("{"):])["tokens_per_second"]


def lora(arguments, folder, base, quantize, precision="fp32"):
    """Conversations that fill their sequences."""
    random.seed(3)
    words = ["king", "night", "river", "number", "green", "walked", "because", "always"]
    with open(folder / "long.jsonl", "w") as file:
        for _ in range(256):
            text = " ".join(random.choice(words) for _ in range(200))
            file.write(json.dumps({"instruction": "write", "output": text}) + "\n")
    output = folder / f"run-{time.time_ns()}"
    (folder / "recipe.yaml").write_text(f"name: lora\nphases: [finetune]\noutput: {output}\n")
    run(arguments.program, "finetune", "--config", folder / "recipe.yaml", f"finetune.from={base}",
        f"finetune.data={folder / 'long.jsonl'}", "finetune.packing=joined",
        "finetune.loss_on=all", f"finetune.train.sequence_length={LENGTH}",
        f"finetune.train.global_batch_size={SEQUENCES}", f"finetune.train.micro_batch_size={SEQUENCES}",
        f"finetune.train.threads_per_rank={THREADS}", f"finetune.train.steps={arguments.steps + 1}",
        "finetune.evaluate.every_steps=0", "finetune.checkpoint.every_steps=0",
        "finetune.validation_fraction=0", f"lora.quantize={quantize}", f"finetune.train.precision={precision}")
    lines = [json.loads(line) for line in open(output / "finetune" / "metrics.jsonl")]
    return statistics.median(line["tokens_per_second"] for line in lines[1:] if line["kind"] == "train")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    arguments = parser.parse_args()
    arguments.program, arguments.model = arguments.program.resolve(), arguments.model.resolve()
    print(processor(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cases = {
            "fp32": lambda: bench(arguments, "fp32"),
            "bf16": lambda: bench(arguments, "bf16"),
            "transformers fp32": lambda: torch_steps(arguments.model, False, arguments.steps),
            "transformers bf16": lambda: torch_steps(arguments.model, False, arguments.steps, True),
            "LoRA": lambda: lora(arguments, folder, arguments.model, "none"),
            "LoRA bf16": lambda: lora(arguments, folder, arguments.model, "none", "bf16"),
            "QLoRA": lambda: lora(arguments, folder, arguments.model, "null"),
            "peft LoRA": lambda: torch_steps(arguments.model, True, arguments.steps),
            "peft LoRA bf16": lambda: torch_steps(arguments.model, True, arguments.steps, True),
        }
        found = {name: [] for name in cases}
        for _ in range(arguments.rounds):
            for name, measure in cases.items():
                found[name].append(measure())
                print(f"{name}: {found[name][-1]:.0f} tokens/s", flush=True)
        for name, values in found.items():
            print(f"{name}: {', '.join(f'{value:.0f}' for value in values)}")
        middle = {name: statistics.median(values) for name, values in found.items()}
        for ours, theirs, least in [
                ("fp32", "transformers fp32", 2.2), ("bf16", "fp32", 0.98), ("bf16", "transformers bf16", None),
                ("LoRA", "peft LoRA", 2.2), ("LoRA bf16", "peft LoRA", None), ("LoRA bf16", "peft LoRA bf16", None),
                ("QLoRA", "peft LoRA", None)]:
            wanted = f" (at least {least} on AMD is asked)" if least else ""
            print(f"{ours} / {theirs}: {middle[ours] / middle[theirs]:.2f}{wanted}")


if __name__ == "__main__":
    main()
