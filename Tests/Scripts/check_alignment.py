#!/usr/bin/env python3
"""Compares preference tuning with TRL, step by step: the same model, pairs and order, 4 pairs a step.

    pip install trl==1.16.0 torch==2.13.0 transformers==5.24.0 peft==0.21.2
    python Tests/Scripts/check_alignment.py --task dpo MODEL PAIRS FOLDER

MODEL is a GGUF file or a model directory with a ChatML template (SmolLM2-135M-Instruct), PAIRS a JSON file of
records with instruction, input, chosen and rejected (instruction-data-with-preference.json). Both sides train
all weights (--trained lora: adapters of rank 8) in fp32 with AdamW at a constant rate, without dropout, and log
every step. Prints the largest difference of each metric, divided by max(1, |value|), and the tokens per
second of both, the reference's passes included.

TRL averages logits/chosen and logits/rejected of orpo, simpo and cpo over prompts and padding, too; here it
gets the tokens of the answers alone, as in its other trainers. num_tokens of kto is not compared: ours counts
the answers to other prompts, too.

Exit code 1: a metric differs by more than 1e-4.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from torch.utils.data import SequentialSampler  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, TrainerCallback)

BATCH = 4
TOLERANCE = 1e-4
# Above this no accuracy may differ: a margin below it has the sign of its rounding.
SMALL_MARGIN = 1e-5
RATE = 5e-6
LOSSES = {
    "dpo": "sigmoid", "ipo": "ipo", "hinge": "hinge", "robust": "robust", "apo_zero": "apo_zero",
    "sigmoid_norm": "sigmoid_norm", "kto": "kto", "orpo": "orpo", "simpo": "simpo", "cpo": "cpo", "reward": None,
}
SMOOTHING = {"robust": 0.1}
RECIPE = """
name: align
seed: 1
output: run
phases: [finetune]
data: {{shuffle: false}}
finetune:
  task: {task}
  from: model
  data: [data.jsonl]
  validation_fraction: 0
  trained: {trained}
  {options}
  train: {{global_batch_size: 4, sequence_length: 512, micro_batch_size: 4, steps: {steps}, lanes: 1,
           threads_per_rank: {threads}, oversubscribe: true}}
  optimizer: {{learning_rate: {rate}, schedule: constant, warmup_steps: 0, beta1: 0.9, beta2: 0.999,
               epsilon: 1.0e-8, weight_decay: 0, maximum_gradient_norm: 0}}
  checkpoint: {{every_steps: 0}}
lora: {{rank: 8, alpha: 16, target_modules: [all-linear]}}
"""


def run(*arguments, folder):
    result = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, text=True,
                            timeout=3000)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stdout[-800:]} {result.stderr[-800:]}")
    return result.stdout


def records(path, count):
    """The first pairs whose sides differ, as messages."""
    pairs = [p for p in json.loads(path.read_text()) if p["chosen"].strip() != p["rejected"].strip()]
    for pair in pairs[:count]:
        text = pair["instruction"] + ("\n" + pair["input"] if pair["input"] else "")
        yield {"prompt": [{"role": "user", "content": text}],
               "chosen": [{"role": "assistant", "content": pair["chosen"]}],
               "rejected": [{"role": "assistant", "content": pair["rejected"]}]}


def labelled(pairs):
    """A good answer, a bad one, and so on."""
    for index, pair in enumerate(pairs):
        side = "rejected" if index % 2 else "chosen"
        yield {"prompt": pair["prompt"], "completion": pair[side], "label": side == "chosen"}


def tokenized(tokenizer, record):
    """The ids of prompt and answers; an answer ends with its mark."""
    text = tokenizer.apply_chat_template(
        record["prompt"], add_generation_prompt=True, tokenize=False)
    ids = {"prompt_ids": tokenizer(text, add_special_tokens=False)["input_ids"]}
    for side in ("chosen", "rejected", "completion"):
        if side in record:
            ids[f"{side}_ids"] = tokenizer(
                record[side][0]["content"] + "<|im_end|>", add_special_tokens=False)["input_ids"]
    return ids | ({"label": record["label"]} if "label" in record else {})


def whole(ids):
    """What a reward model reads: prompt and answer in one."""
    return {side: ids["prompt_ids"] + ids[side] for side in ("chosen_ids", "rejected_ids")}


def texts(tokenizer, record):
    prompt = tokenizer.apply_chat_template(
        record["prompt"], add_generation_prompt=True, tokenize=False)
    return {"prompt": prompt, "chosen": record["chosen"][0]["content"],
            "rejected": record["rejected"][0]["content"]}


class Clock(TrainerCallback):
    """The time at the end of each step."""

    def __init__(self):
        self.times = []

    def on_train_begin(self, *_, **__):
        self.times = [time.perf_counter()]

    def on_step_end(self, *_, **__):
        self.times.append(time.perf_counter())


def in_order(kind, is_tokenized):
    """A trainer that takes the examples as they come."""

    class Trainer(kind):
        def _get_train_sampler(self, *_, **__):
            return SequentialSampler(self.train_dataset)

        if is_tokenized:
            def _prepare_dataset(self, dataset, *_, **__):
                return dataset
        else:
            def concatenated_forward(self, model, batch):
                outputs = list(super().concatenated_forward(model, batch))
                labels = self.concatenated_inputs(
                    batch, is_encoder_decoder=False,
                    **({"padding_value": self.pad_token_id} if hasattr(self, "pad_token_id")
                       else {"padding_value": self.padding_value}),
                    device=self.accelerator.device)["concatenated_labels"]
                for place, side in ((2, labels[:BATCH]), (3, labels[BATCH:])):
                    logits = outputs[place]
                    if logits.shape[1] == side.shape[1]:
                        logits = logits[:, :-1]
                    outputs[place] = logits[side[:, 1:] != -100]
                return tuple(outputs)

    return Trainer


def trl_log(task, folder, pairs, steps, trained):
    """TRL's metrics of each step, and its seconds."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    # Not the mark of an answer's end, after which scores stand.
    tokenizer.pad_token = "<|endoftext|>"
    if task == "reward":
        model = AutoModelForSequenceClassification.from_pretrained(
            folder / "start", dtype=torch.float32)
    else:
        model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    common = dict(
        output_dir=str(folder / "trl"), per_device_train_batch_size=BATCH,
        gradient_accumulation_steps=1, max_steps=steps, learning_rate=RATE,
        lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.0, max_grad_norm=0.0,
        adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8, optim="adamw_torch", logging_steps=1,
        report_to=[], save_strategy="no", use_cpu=True, bf16=False, fp16=False,
        gradient_checkpointing=False, beta=0.1, max_length=2048, disable_dropout=True,
        remove_unused_columns=False, dataloader_pin_memory=False)
    peft = {}
    if trained == "lora":
        from peft import LoraConfig
        from safetensors.torch import load_file
        peft["peft_config"] = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear",
                                         task_type="CAUSAL_LM")
    if task == "kto":
        from trl import KTOConfig as Config, KTOTrainer as Kind
        rows = [tokenized(tokenizer, r) for r in labelled(pairs)]
        for start in range(0, len(rows), BATCH):
            group = [row["completion_ids"] for row in rows[start:start + BATCH]]
            for row, other in zip(rows[start:], group[-1:] + group[:-1]):
                row["KL_completion_ids"] = other
    elif task in ("orpo", "simpo", "cpo"):
        if task == "orpo":
            from trl.experimental.orpo import ORPOConfig as Config, ORPOTrainer as Kind
        else:
            from trl.experimental.cpo import CPOConfig as Config, CPOTrainer as Kind
            common |= {"loss_type": "simpo" if task == "simpo" else "sigmoid",
                       "cpo_alpha": 0.0 if task == "simpo" else 1.0}
        rows = [texts(tokenizer, pair) for pair in pairs]
    elif task == "reward":
        from trl import RewardConfig as Config, RewardTrainer as Kind
        del common["beta"]
        common |= {"center_rewards_coefficient": 0.01}
        rows = [whole(tokenized(tokenizer, pair)) for pair in pairs]
    else:
        from trl import DPOConfig as Config, DPOTrainer as Kind
        common |= {"loss_type": [LOSSES[task]], "label_smoothing": SMOOTHING.get(task, 0)}
        rows = [tokenized(tokenizer, pair) for pair in pairs]
    kind, clock = in_order(Kind, "chosen" not in rows[0]), Clock()
    trainer = kind(model=model, args=Config(**common), train_dataset=Dataset.from_list(rows),
                   processing_class=tokenizer, callbacks=[clock], **peft)
    if trained == "lora":
        start = load_file(folder / "start/adapter_model.safetensors")
        state = trainer.model.state_dict()
        for name, value in start.items():
            state[name.replace(".weight", ".default.weight")].copy_(value)
    trainer.train()
    log = [line for line in trainer.state.log_history if "loss" in line]
    return log, clock.times[-1] - clock.times[0], trainer.model


def our_log(program, folder, task, steps, trained, threads):
    options = (f"preference: {{beta: 0.1, label_smoothing: {SMOOTHING.get(task, 0)}, "
               f"losses: {{{LOSSES[task]}: 1}}}}") if LOSSES[task] else "reward: {centering: 0.01}"
    recipe = RECIPE.format(
        task="preference" if LOSSES[task] else "reward", options=options, steps=steps,
        trained=trained, rate=RATE, threads=threads)
    (folder / "align.yaml").write_text(recipe)
    if trained == "lora" or task == "reward":
        # Adapters and head with which ours begins: a step of next to no rate leaves them as they are.
        run(program, "finetune", "--config", "align.yaml", "output=begin",
            "finetune.optimizer.learning_rate=1e-30", "finetune.train.steps=1", folder=folder)
        (folder / "start").symlink_to(folder / "begin/finetune/checkpoints/latest")
    run(program, "finetune", "--config", "align.yaml", folder=folder)
    lines = [json.loads(line) for line in (folder / "run/finetune/metrics.jsonl").open()]
    steps = [line for line in lines if line["kind"] == "train"]
    log = (folder / "run/finetune/log.txt").read_text()
    reference = [line for line in log.splitlines() if "reference: " in line]
    seconds = sum(line["seconds"]["total"] for line in steps)
    if reference:
        seconds += float(reference[0].split(" in ")[-1].split()[0])
    return steps, seconds


def compare(ours, theirs):
    """The largest difference of each metric, and the accuracies that rounding decides."""
    worst, small = {}, 0
    for own, other in zip(ours, theirs, strict=True):
        for name, value in other.items():
            if name not in own or name in ("step", "learning_rate"):
                continue
            if name == "rewards/accuracies" and abs(own["rewards/margins"]) < SMALL_MARGIN:
                small += round(abs(own[name] - value) * BATCH)
                continue
            difference = abs(own[name] - value) / max(1, abs(value))
            if difference >= worst.get(name, (-1, 0))[0]:
                worst[name] = (difference, own["step"])
    return worst, small


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("pairs", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--task", choices=LOSSES, required=True)
    parser.add_argument("--trained", choices=["all", "lora"], default="all")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--count", type=int, default=64, help="pairs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    arguments = parser.parse_args()
    program, folder, task = arguments.program.resolve(), arguments.folder.resolve(), arguments.task
    folder.mkdir(parents=True)
    torch.set_num_threads(arguments.threads)

    if arguments.model.is_dir():
        (folder / "model").symlink_to(arguments.model.resolve())
    else:
        run(program, "import", "--model", arguments.model.resolve(), "--output", "model",
            folder=folder)
    pairs = list(records(arguments.pairs, arguments.count))
    rows = list(labelled(pairs)) if task == "kto" else pairs
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    ours, own_seconds = our_log(
        program, folder, task, arguments.steps, arguments.trained, arguments.threads)
    theirs, their_seconds, _ = trl_log(task, folder, pairs, arguments.steps, arguments.trained)
    worst, small = compare(ours, theirs)
    # A part of the loss that has no weight is 0 in TRL's log, and in no line of ours.
    weightless = {name for name in theirs[0] if all(float(line.get(name, 0)) == 0 for line in theirs)}
    missing = sorted(set(theirs[0]) - set(ours[0]) - weightless
                     - {"grad_norm", "epoch", "num_tokens", "learning_rate"})
    for name, (difference, step) in sorted(worst.items()):
        print(f"{'ok  ' if difference <= TOLERANCE else 'FAIL'} {name:24} {difference:.2e} "
              f"(step {step})")
    if missing:
        print(f"FAIL not logged: {', '.join(missing)}")
    print(f"loss {ours[0]['loss']:.6f} -> {ours[-1]['loss']:.6f}, TRL's "
          f"{theirs[0]['loss']:.6f} -> {theirs[-1]['loss']:.6f}; "
          f"{small} accuracies of margins below {SMALL_MARGIN}")
    tokens = ours[-1]["tokens"]
    print(f"{tokens / own_seconds:.0f} tokens/s, TRL {tokens / their_seconds:.0f}: "
          f"{their_seconds / own_seconds:.2f} times as fast ({arguments.trained})")
    worst_difference = max(difference for difference, _ in worst.values())
    return 1 if missing or worst_difference > TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
