#!/usr/bin/env python3
"""Writes Tests/Fixtures/policy/ppo.json: proximal policy optimisation by PyTorch, on answers that are given.

    python Tests/Fixtures/make_policy_fixtures.py

Needs torch and transformers. The model is Tests/Fixtures/llama/grouped with a value head of one row. The file has
the answers (prompt, ids, the log-probabilities and values that they are said to have been drawn with, those of a
made-up reference, and their rewards, one of which is missing), the advantages and returns of each token, and of
four updates by plain gradient descent on the same answers the losses, measures and the norms of all gradients.
The formulas are those of the papers (Schulman et al., 2016, 2017) as TRL had them in trl/experimental/ppo, but for
the score, which the last token gets.
"""

import json
import pathlib
import random

import torch
import transformers

HERE = pathlib.Path(__file__).parent
GAMMA, LAMBDA, KL = 0.98, 0.9, 0.1
CLIP_LOW, CLIP_HIGH, VALUE_CLIP, VALUE_WEIGHT = 0.2, 0.28, 0.15, 0.5
TEMPERATURE, RATE, UPDATES = 0.9, 0.3, 4
REWARDS = [1.0, -0.5, None, 0.25]


def scores(model, head, answer):
    """Log-probabilities and values of the tokens of an answer, each of what comes before it."""
    ids = torch.tensor([answer["prompt"] + answer["ids"]])
    out = model(ids, output_hidden_states=True)
    first = len(answer["prompt"]) - 1
    logps = (out.logits[0, first:-1] / TEMPERATURE).log_softmax(-1)
    chosen = logps.gather(1, ids[0, first + 1:, None])[:, 0]
    return chosen, out.hidden_states[-1][0, first:-1] @ head


def advantages(answer):
    """Generalised advantages: not yet whitened."""
    rewards = [-KL * (p - q) for p, q in zip(answer["logps"], answer["references"])]
    rewards[-1] += answer["reward"]
    values, found, last = answer["values"], [], 0.0
    for token in reversed(range(len(rewards))):
        following = values[token + 1] if token + 1 < len(values) else 0.0
        last = rewards[token] + GAMMA * following - values[token] + GAMMA * LAMBDA * last
        found.insert(0, last)
    return found


def update(model, head, answers, weights):
    """A step down the gradient of the loss of all answers; what there is to tell of it."""
    count = sum(len(a["ids"]) for a in answers)
    terms = {name: [] for name in ("policy", "value", "kl", "low", "high", "held")}
    for answer in answers:
        if answer["reward"] is None:
            continue
        logps, values = scores(model, head, answer)
        given = {name: torch.tensor(answer[name]) for name in ("logps", "values", "advantages", "returns")}
        ratio, gain = (logps - given["logps"]).exp(), given["advantages"]
        clipped = ratio.clamp(1 - CLIP_LOW, 1 + CLIP_HIGH)
        terms["policy"].append(torch.max(-gain * ratio, -gain * clipped))
        held = given["values"] + (values - given["values"]).clamp(-VALUE_CLIP, VALUE_CLIP)
        losses = (values - given["returns"]) ** 2, (held - given["returns"]) ** 2
        terms["value"].append(0.5 * torch.max(*losses))
        terms["kl"].append(0.5 * (logps - given["logps"]) ** 2)
        terms["low"].append(((ratio < 1 - CLIP_LOW) & (gain < 0)).float())
        terms["high"].append(((ratio > 1 + CLIP_HIGH) & (gain > 0)).float())
        terms["held"].append((losses[1] > losses[0]).float())
    terms = {name: torch.cat(parts) for name, parts in terms.items()}
    loss = (terms["policy"].sum() + VALUE_WEIGHT * terms["value"].sum()) / count
    for weight in weights.values():
        weight.grad = None
    loss.backward()
    norms = {name: float(weight.grad.norm()) for name, weight in weights.items()}
    with torch.no_grad():
        for weight in weights.values():
            weight -= RATE * weight.grad
    return {
        "loss": loss.item(), "norms": norms,
        "measures": {
            "loss/policy_avg": float(terms["policy"].mean()), "loss/value_avg": float(terms["value"].mean()),
            "policy/approxkl_avg": float(terms["kl"].mean()), "val/clipfrac_avg": float(terms["held"].mean()),
            "clip_ratio/low_mean": float(terms["low"].mean()),
            "clip_ratio/high_mean": float(terms["high"].mean()),
        },
    }


def main():
    torch.manual_seed(1)
    numbers = random.Random(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(HERE / "llama/grouped", dtype=torch.float32)
    start = (0.2 * torch.randn(model.config.hidden_size)).tolist()
    head = torch.tensor(start, requires_grad=True)
    answers = []
    for reward in REWARDS:
        answer = {"prompt": [numbers.randrange(37) for _ in range(numbers.randrange(2, 6))],
                  "ids": [numbers.randrange(37) for _ in range(numbers.randrange(3, 8))], "reward": reward}
        with torch.no_grad():
            logps, values = scores(model, head, answer)
        answer["logps"] = (logps + 0.15 * torch.randn_like(logps)).tolist()
        answer["references"] = (logps + 0.3 * torch.randn_like(logps)).tolist()
        answer["values"] = (values + 0.1 * torch.randn_like(values)).tolist()
        answers.append(answer)

    judged = [a for a in answers if a["reward"] is not None]
    for answer in judged:
        answer["advantages"] = advantages(answer)
        answer["returns"] = [a + v for a, v in zip(answer["advantages"], answer["values"])]
    every = torch.tensor([x for a in judged for x in a["advantages"]], dtype=torch.float64)
    scale = (every.var() + 1e-8).rsqrt()
    for answer in judged:
        answer["advantages"] = [float((x - every.mean()) * scale) for x in answer["advantages"]]

    weights = dict(model.named_parameters()) | {"v_head.weight": head}
    steps = [update(model, head, answers, weights) for _ in range(UPDATES)]
    (HERE / "policy").mkdir(exist_ok=True)
    (HERE / "policy/ppo.json").write_text(json.dumps({
        "gamma": GAMMA, "lambda": LAMBDA, "kl": KL, "clip_low": CLIP_LOW, "clip_high": CLIP_HIGH,
        "value_clip": VALUE_CLIP, "value_weight": VALUE_WEIGHT, "temperature": TEMPERATURE, "rate": RATE,
        "head": start, "answers": answers, "steps": steps}, indent=1) + "\n")
    for step in steps:
        print(step["loss"], step["measures"])


if __name__ == "__main__":
    main()
