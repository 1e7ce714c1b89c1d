#!/usr/bin/env python3
"""Compares policy optimisation with TRL, step by step, on answers that are given: the same model, answers and
rewards, 8 answers a step, 4 to each prompt.

    pip install trl==1.16.0 torch==2.13.0 transformers==5.24.0 peft==0.21.2
    python Tests/Scripts/check_policy.py --algorithm grpo MODEL FOLDER

MODEL is a GGUF file or a model directory with a ChatML template (SmolLM2-135M-Instruct). Ours draws the
answers of all steps without moving, then learns from them as policy.rollouts, so that ratios leave 1 and are
clipped; TRL's trainer gets the same ones in the place of its own. Both train all weights in fp32 with AdamW at
a constant rate. Prints the largest difference of each metric, divided by max(1, |value|).

ppo, which TRL 1.16 no longer has, is compared with a loop of PyTorch, two updates on the same answers each.

Exit code 1: a loss, a gradient norm or another metric differs by more than 1e-5 in the first step, or by more
than 1e-4 later: updates by AdamW make more of a rounded gradient.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys

os.environ |= {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

BATCH, GROUP, LENGTH = 8, 4, 24
FIRST, LATER = 1e-5, 1e-4
# Of ppo.
GAMMA, LAMBDA, VALUE_WEIGHT, VALUE_CLIP = 0.98, 0.9, 0.5, 0.05
RECIPE = """
name: policy
seed: 1
output: run
phases: [finetune]
data: {{shuffle: false}}
finetune:
  task: policy
  from: model
  data: [prompts.jsonl]
  validation_fraction: 0
  trained: all
  policy: {{algorithm: {algorithm}, aggregation: {aggregation}, group_size: 4, maximum_new_tokens: 24, kl: {kl},
           clip_low: 0.05, clip_high: 0.08, temperature: {temperature}, updates: {updates},{more}
           rewards: [{{kind: length}}, {{kind: number, field: answer, weight: 0.5}}]}}
  train: {{global_batch_size: 8, micro_batch_size: 8, steps: {steps}, lanes: 1, threads_per_rank: {threads},
           oversubscribe: true}}
  optimizer: {{learning_rate: {rate}, schedule: constant, warmup_steps: 0, beta1: 0.9, beta2: 0.999,
               epsilon: 1.0e-8, weight_decay: 0, maximum_gradient_norm: 0}}
  checkpoint: {{every_steps: 0}}
"""


def run(*arguments, folder):
    result = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, text=True,
                            timeout=3000)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stdout[-800:]} {result.stderr[-800:]}")
    return result.stdout


def our_log(program, folder, arguments):
    """Our metrics of each step, and the answers that each learnt from."""
    recipe = RECIPE.format(
        algorithm=arguments.algorithm, aggregation=arguments.aggregation, kl=arguments.kl,
        temperature=arguments.temperature, steps=arguments.steps, rate=arguments.rate,
        threads=arguments.threads, updates=arguments.updates,
        more=f" value_weight: {VALUE_WEIGHT}, value_clip: {VALUE_CLIP}, gamma: {GAMMA}, lambda: {LAMBDA},"
        if arguments.algorithm == "ppo" else "")
    (folder / "policy.yaml").write_text(recipe)
    run(program, "finetune", "--config", "policy.yaml", "output=draw",
        "finetune.optimizer.learning_rate=1e-30", "finetune.policy.kl=0", "finetune.policy.updates=1",
        f"finetune.train.steps={arguments.steps // arguments.updates}", folder=folder)
    drawn = folder / "draw/finetune/rollouts"
    (folder / "answers.jsonl").write_text("".join(
        (drawn / f"step-{step + 1}.jsonl").read_text()
        for step in range(arguments.steps // arguments.updates)))
    run(program, "finetune", "--config", "policy.yaml", "finetune.policy.rollouts=answers.jsonl",
        folder=folder)
    log = [json.loads(line) for line in (folder / "run/finetune/metrics.jsonl").open()]
    answers = [[json.loads(line) for line in
                (folder / f"run/finetune/rollouts/step-{step + 1}.jsonl").open()]
               for step in range(0, arguments.steps, arguments.updates)]
    return [line for line in log if line["kind"] == "train"], answers


def padded(rows, value, left=False):
    width = max(map(len, rows))
    return torch.tensor([[value] * (width - len(r)) + r if left else r + [value] * (width - len(r))
                         for r in rows])


def inputs(answers, reference, arguments):
    """What TRL's loss takes, with advantages and log-probabilities of the reference made here."""
    prompts, completions = ([a["prompt_ids"] for a in answers], [a["completion_ids"] for a in answers])
    batch = {
        "prompt_ids": padded(prompts, 0, left=True),
        "prompt_mask": padded([[1] * len(p) for p in prompts], 0, left=True),
        "completion_ids": padded(completions, 0),
        "completion_mask": padded([[1] * len(c) for c in completions], 0),
    }
    old = padded([a["logps"] for a in answers], 0.0)
    mask = batch["completion_mask"]
    rewards = torch.tensor([a["reward"] for a in answers])
    with torch.no_grad():
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
        seen = torch.cat([batch["prompt_mask"], mask], 1)
        places = (seen.cumsum(1) - 1).clamp(min=0)
        logits = reference(input_ids=ids, attention_mask=seen, position_ids=places).logits
        logits = logits[:, -mask.shape[1] - 1:-1] / arguments.temperature
        ref = logits.log_softmax(-1).gather(2, batch["completion_ids"][..., None])[..., 0]
    if arguments.algorithm == "rloo":
        rewards = rewards - arguments.kl * ((old - ref) * mask).sum(1)
    groups = rewards.view(-1, GROUP)
    if arguments.algorithm == "rloo":
        advantages = groups - (groups.sum(1, keepdim=True) - groups) / (GROUP - 1)
        batch["old_logps"] = (old * mask).sum(1)
    else:
        advantages = (groups - groups.mean(1, keepdim=True)) / (groups.std(1, keepdim=True) + 1e-4)
        batch |= {"old_per_token_logps": old, "ref_per_token_logps": ref,
                  "num_items_in_batch": mask.sum()}
    batch["advantages"] = advantages.view(-1)
    difference = max(abs(a["advantage"] - b) for a, b in zip(answers, batch["advantages"].tolist()))
    return batch, difference


def trl_log(folder, answers, arguments):
    if arguments.algorithm == "rloo":
        from trl import RLOOConfig as Config, RLOOTrainer as Kind
        own = {}
    else:
        from trl import GRPOConfig as Config, GRPOTrainer as Kind
        own = {"loss_type": arguments.aggregation}
    load = dict(dtype=torch.float32, attn_implementation="eager")
    reference = AutoModelForCausalLM.from_pretrained(folder / "model", **load).eval()
    differences = []

    class Trainer(Kind):
        def _prepare_inputs(self, _):
            batch, difference = inputs(answers[self.state.global_step], reference, arguments)
            differences.append(difference)
            return batch

    config = Config(
        output_dir=str(folder / "trl"), per_device_train_batch_size=BATCH, num_generations=GROUP,
        max_completion_length=LENGTH, gradient_accumulation_steps=1, max_steps=arguments.steps,
        learning_rate=arguments.rate, lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.0,
        max_grad_norm=1e9, adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8, optim="adamw_torch",
        logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, bf16=False, fp16=False,
        gradient_checkpointing=False, beta=arguments.kl, epsilon=0.05, epsilon_high=0.08,
        temperature=arguments.temperature, disable_dropout=True, dataloader_pin_memory=False, **own)
    trainer = Trainer(
        model=AutoModelForCausalLM.from_pretrained(folder / "model", **load), args=config,
        train_dataset=Dataset.from_list([{"prompt": "a"}] * 64),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        processing_class=AutoTokenizer.from_pretrained(folder / "model"))
    trainer.train()
    log = [line for line in trainer.state.log_history if "loss" in line]
    return log, differences


def passed(model, batch, temperature):
    """The states before the tokens of the answers, and the logarithms of the probabilities there."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    seen = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    places = (seen.cumsum(1) - 1).clamp(min=0)
    out = model(input_ids=ids, attention_mask=seen, position_ids=places, output_hidden_states=True)
    rows = slice(-batch["completion_ids"].shape[1] - 1, -1)
    logps = (out.logits[:, rows] / temperature).log_softmax(-1)
    chosen = logps.gather(2, batch["completion_ids"][..., None])[..., 0]
    return out.hidden_states[-1][:, rows], chosen, -(logps.exp() * logps).sum(-1)


def valued(answers, batch, values, reference, arguments):
    """Advantages and returns of all tokens (Schulman et al., 2016), and how far ours are from them."""
    mask = batch["completion_mask"].bool()
    old = padded([a["logps"] for a in answers], 0.0)
    with torch.no_grad():
        ref = passed(reference, batch, arguments.temperature)[1]
    advantages, returns = torch.zeros_like(old), torch.zeros_like(old)
    for row, answer in enumerate(answers):
        last, following = 0.0, 0.0
        for token in reversed(range(len(answer["logps"]))):
            reward = -arguments.kl * (old[row, token] - ref[row, token])
            if token + 1 == len(answer["logps"]):
                reward = reward + answer["reward"]
            delta = reward + GAMMA * following - values[row, token]
            last, following = delta + GAMMA * LAMBDA * last, values[row, token]
            advantages[row, token], returns[row, token] = last, last + following
    every = advantages[mask].double()
    advantages = ((advantages.double() - every.mean()) * (every.var() + 1e-8).rsqrt()).float() * mask
    own = padded([a["advantages"] for a in answers], 0.0), padded([a["values"] for a in answers], 0.0)
    difference = max(float((own[0] - advantages).abs().max()), float(((own[1] - values) * mask).abs().max()))
    kl = float(((old - ref) * mask).sum() / mask.sum())
    return {"old": old, "advantages": advantages, "returns": returns, "values": values, "kl": kl}, difference


def ppo_loss(model, head, batch, given, arguments):
    """The loss of a batch, and what ours tells of it."""
    mask = batch["completion_mask"].bool()
    states, logps, entropies = passed(model, batch, arguments.temperature)
    values, gain = states @ head, given["advantages"]
    ratio = (logps - given["old"]).exp()
    policy = torch.max(-gain * ratio, -gain * ratio.clamp(0.95, 1.08))[mask]
    held = given["values"] + (values - given["values"]).clamp(-VALUE_CLIP, VALUE_CLIP)
    free, bound = (values - given["returns"]) ** 2, (held - given["returns"]) ** 2
    value = 0.5 * torch.max(free, bound)[mask]
    loss = policy.mean() + VALUE_WEIGHT * value.mean()
    low, high = ((ratio < 0.95) & (gain < 0))[mask], ((ratio > 1.08) & (gain > 0))[mask]
    found = {
        "loss": loss, "loss/policy_avg": policy.mean(), "loss/value_avg": value.mean(),
        "policy/approxkl_avg": (0.5 * (logps - given["old"]) ** 2)[mask].mean(),
        "val/clipfrac_avg": (bound > free)[mask].float().mean(), "entropy": entropies[mask].mean(),
        "clip_ratio/low_mean": low.float().mean(), "clip_ratio/high_mean": high.float().mean(),
    }
    return loss, {name: value.item() for name, value in found.items()} | {"kl": given["kl"]}


def ppo_log(folder, answers, arguments):
    load = dict(dtype=torch.float32, attn_implementation="eager")
    model, reference = (AutoModelForCausalLM.from_pretrained(folder / "model", **load).eval() for _ in range(2))
    head = torch.zeros(model.config.hidden_size, requires_grad=True)
    weights = [*model.parameters(), head]
    optimizer = torch.optim.AdamW(weights, lr=arguments.rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    log, differences = [], []
    for step in range(arguments.steps):
        own = answers[step // arguments.updates]
        if step % arguments.updates == 0:
            prompts, completions = [a["prompt_ids"] for a in own], [a["completion_ids"] for a in own]
            batch = {
                "prompt_ids": padded(prompts, 0, left=True), "completion_ids": padded(completions, 0),
                "prompt_mask": padded([[1] * len(p) for p in prompts], 0, left=True),
                "completion_mask": padded([[1] * len(c) for c in completions], 0),
            }
            with torch.no_grad():
                values = passed(model, batch, arguments.temperature)[0] @ head
            given, difference = valued(own, batch, values, reference, arguments)
            differences.append(difference)
        optimizer.zero_grad()
        loss, found = ppo_loss(model, head, batch, given, arguments)
        loss.backward()
        found["grad_norm"] = torch.nn.utils.get_total_norm([w.grad for w in weights]).item()
        optimizer.step()
        log.append(found)
    return log, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--algorithm", choices=["grpo", "rloo", "ppo"], default="grpo")
    parser.add_argument("--aggregation", choices=["dapo", "dr_grpo", "bnpo", "grpo"], default="dapo")
    parser.add_argument("--kl", type=float, default=0.05)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=5e-6)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    arguments = parser.parse_args()
    arguments.updates = 2 if arguments.algorithm == "ppo" else 1
    program, folder = arguments.program.resolve(), arguments.folder.resolve()
    folder.mkdir(parents=True)
    torch.set_num_threads(arguments.threads)
    if arguments.model.is_dir():
        (folder / "model").symlink_to(arguments.model.resolve())
    else:
        run(program, "import", "--model", arguments.model.resolve(), "--output", "model",
            folder=folder)
    numbers = random.Random(1)
    with (folder / "prompts.jsonl").open("w") as file:
        for _ in range(2 * arguments.steps):
            a, b = numbers.randrange(2, 50), numbers.randrange(2, 50)
            file.write(json.dumps({"prompt": f"What is {a} + {b}?", "answer": a + b}) + "\n")

    ours, answers = our_log(program, folder, arguments)
    other_log = ppo_log if arguments.algorithm == "ppo" else trl_log
    theirs, advantages = other_log(folder, answers, arguments)
    failed = advantages[0] > FIRST or max(advantages) > LATER
    print(f"{'FAIL' if failed else 'ok  '} {'advantages':24} {advantages[0]:.2e} first, {max(advantages):.2e}")
    names = {name: "gradient_norm" if name == "grad_norm" else name for name in theirs[0]}
    for name in sorted(names):
        if names[name] not in ours[0] or name in ("learning_rate", "num_tokens", "step"):
            continue
        found = [abs(own[names[name]] - other[name]) / max(1, abs(other[name]))
                 for own, other in zip(ours, theirs, strict=True)]
        isBad = found[0] > FIRST or max(found) > LATER
        failed |= isBad
        print(f"{'FAIL' if isBad else 'ok  '} {name:24} {found[0]:.2e} first, {max(found):.2e} "
              f"(step {found.index(max(found)) + 1})")
    clipped = sum(line["clip_ratio/region_mean"] for line in ours) / len(ours)
    print(f"loss {ours[0]['loss']:.6f} -> {ours[-1]['loss']:.6f}, the other's {theirs[0]['loss']:.6f} -> "
          f"{theirs[-1]['loss']:.6f}; {100 * clipped:.1f} % of the ratios clipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
