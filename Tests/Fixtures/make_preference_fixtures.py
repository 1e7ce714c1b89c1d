#!/usr/bin/env python3
"""Writes Tests/Fixtures/preference: losses of preference tuning by PyTorch, and their gradients.

    python Tests/Fixtures/make_preference_fixtures.py

Needs torch, transformers and safetensors. The model is Tests/Fixtures/llama/grouped. pairs.json has three
pairs (prompt, chosen, rejected, and the log-probabilities of a made-up reference), labels for kto, and of each
case its settings, loss, measures and the norms of all gradients; gradients.safetensors has some gradients in
full (CASE.NAME). The formulas are those of TRL 1.16: trl/trainer/dpo_trainer.py, kto_trainer.py,
trl/experimental/orpo and trl/experimental/cpo.
"""

import json
import pathlib
import random

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
BETA = 0.3
CASES = {
    "sigmoid": {"losses": {"sigmoid": 1}},
    "smoothed": {"losses": {"sigmoid": 1}, "label_smoothing": 0.1},
    "sigmoid_norm": {"losses": {"sigmoid_norm": 1}},
    "hinge": {"losses": {"hinge": 1}},
    "ipo": {"losses": {"ipo": 1}},
    "robust": {"losses": {"robust": 1}, "label_smoothing": 0.2},
    "apo_zero": {"losses": {"apo_zero": 1}},
    "orpo": {"losses": {"orpo": 1}},
    "simpo": {"losses": {"simpo": 1}, "gamma": 0.7},
    "cpo": {"losses": {"cpo": 1}},
    "sum": {"losses": {"sigmoid": 0.8, "sft": 0.5, "ipo": 0.25}},
    "kto": {"losses": {"kto": 1}},
}
KEPT = ["model.layers.1.self_attn.q_proj.weight", "lm_head.weight"]


def sequence(generator, length):
    return [generator.randrange(37) for _ in range(length)]


def statistics(model, prompt, answer):
    """log-probabilities of the answer's tokens, and of the prompt's; entropy, mean logit and hits."""
    ids = torch.tensor([prompt + answer])
    logits = model(ids).logits[0, :-1]
    logps = logits.log_softmax(-1)
    targets = ids[0, 1:]
    values = logps.gather(1, targets[:, None])[:, 0]
    first = len(prompt) - 1
    entropies = -(logps.exp() * logps).sum(-1)
    return {
        "answer": values[first:], "prompt": values[:first], "entropy": entropies[first:],
        "mean": logits.mean(-1)[first:], "hits": (logits.argmax(-1) == targets)[first:].float(),
    }


def log1mexp(x):
    return torch.where(x < -0.6931471805599453, torch.log1p(-x.exp()), torch.log(-torch.expm1(x)))


def pair_losses(case, chosen, rejected, reference):
    beta, epsilon = BETA, case.get("label_smoothing", 0)
    lw, ll = (torch.stack([s["answer"].sum() for s in side]) for side in (chosen, rejected))
    nw, nl = (torch.tensor([float(len(s["answer"])) for s in side]) for side in (chosen, rejected))
    rw, rl = lw - reference[:, 0], ll - reference[:, 1]
    aw, al = lw / nw, ll / nl

    def smoothed(z):
        return -(1 - epsilon) * F.logsigmoid(z) - epsilon * F.logsigmoid(-z)

    tokens = torch.cat([s["answer"] for s in chosen])
    all_tokens = torch.cat([torch.cat([s["prompt"], s["answer"]]) for s in chosen])
    z = beta * (rw - rl)
    log_odds = (aw - al) - (log1mexp(aw) - log1mexp(al))
    losses = {
        "sigmoid": lambda: smoothed(z).mean(),
        "sigmoid_norm": lambda: smoothed(beta * (rw / nw - rl / nl)).mean(),
        "hinge": lambda: F.relu(1 - z).mean(),
        "ipo": lambda: ((rw / nw - rl / nl - 1 / (2 * beta)) ** 2).mean(),
        "robust": lambda: ((-(1 - epsilon) * F.logsigmoid(z) + epsilon * F.logsigmoid(-z))
                           / (1 - 2 * epsilon)).mean(),
        "apo_zero": lambda: (1 - torch.sigmoid(beta * rw) + torch.sigmoid(beta * rl)).mean(),
        "orpo": lambda: -all_tokens.mean() - beta * F.logsigmoid(log_odds).mean(),
        "simpo": lambda: smoothed(beta * (aw - al) - case.get("gamma", 0.5)).mean(),
        "cpo": lambda: smoothed(beta * (lw - ll)).mean() - tokens.mean(),
        "sft": lambda: -tokens.mean(),
    }
    loss = sum(weight * losses[name]() for name, weight in case["losses"].items())
    names = set(case["losses"])
    averaged = names <= {"orpo", "simpo"}
    if averaged:
        rewards = beta * aw, beta * al
    elif names <= {"cpo"}:
        rewards = beta * lw, beta * ll
    else:
        rewards = beta * rw, beta * rl
    both = torch.cat([s["entropy"] for s in chosen + rejected])
    measures = {
        "rewards/chosen": rewards[0].mean(), "rewards/rejected": rewards[1].mean(),
        "rewards/margins": (rewards[0] - rewards[1]).mean(),
        "rewards/accuracies": (rewards[0] > rewards[1]).float().mean(),
        "logps/chosen": (aw if averaged else lw).mean(),
        "logps/rejected": (al if averaged else ll).mean(),
        "logits/chosen": torch.cat([s["mean"] for s in chosen]).mean(),
        "logits/rejected": torch.cat([s["mean"] for s in rejected]).mean(),
        "entropy": both.mean(),
        "mean_token_accuracy": torch.cat([s["hits"] for s in chosen]).mean(),
    }
    if "orpo" in names:
        measures |= {"nll_loss": -all_tokens.mean(), "log_odds_chosen": log_odds.mean(),
                     "log_odds_ratio": F.logsigmoid(log_odds).mean()}
    elif names & {"cpo", "sft"}:
        measures["nll_loss"] = -tokens.mean()
    return loss, measures


def label_losses(own, other, labels, reference):
    logps = torch.stack([s["answer"].sum() for s in own])
    others = torch.stack([s["answer"].sum() for s in other]).detach()
    kl = (others - reference[:, 1]).mean().clamp(min=0)
    ratios = logps - reference[:, 0]
    good = labels.bool()
    losses = torch.where(good, 1 - torch.sigmoid(BETA * (ratios - kl)),
                         1 - torch.sigmoid(BETA * (kl - ratios)))
    measures = {"kl": kl, "entropy": torch.cat([s["entropy"] for s in own]).mean()}
    for name, chosen in (("chosen", good), ("rejected", ~good)):
        sides = [s for s, keep in zip(own, chosen) if keep]
        measures |= {f"rewards/{name}": BETA * ratios[chosen].mean(),
                     f"logps/{name}": logps[chosen].mean(),
                     f"logits/{name}": torch.cat([s["mean"] for s in sides]).mean()}
    measures["rewards/margins"] = measures["rewards/chosen"] - measures["rewards/rejected"]
    return losses.mean(), measures


def scored(model, head, margins, centering, pairs):
    """The loss of a reward model (trl/trainer/reward_trainer.py); scores stand after the last tokens."""
    def score(pair, side):
        ids = torch.tensor([pair["prompt"] + pair[side]])
        return model.model(ids).last_hidden_state[0, -1] @ head

    chosen, rejected = (torch.stack([score(p, side) for p in pairs]) for side in ("chosen", "rejected"))
    loss = -F.logsigmoid(chosen - rejected - torch.tensor(margins)).mean()
    loss = loss + centering * ((chosen + rejected) ** 2).mean()
    both = torch.cat([chosen, rejected])
    return loss, {
        "accuracy": (chosen > rejected).float().mean(), "margin": (chosen - rejected).mean(),
        "mean_reward": both.mean(), "min_reward": both.min(), "max_reward": both.max(),
    }


def reward_case(pairs):
    model = transformers.LlamaForCausalLM.from_pretrained(HERE / "llama/grouped").float()
    head = torch.randn(24, requires_grad=True)
    margins, centering = [0.5, 0.0, 1.25], 0.1
    loss, measures = scored(model, head, margins, centering, pairs)
    loss.backward()
    gradients = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
    gradients["score.weight"] = head.grad
    return {
        "head": head.tolist(), "margins": margins, "centering": centering, "loss": loss.item(),
        "measures": {key: value.item() for key, value in sorted(measures.items())},
        "norms": {key: value.norm().item() for key, value in sorted(gradients.items())},
    }


def main():
    transformers.set_seed(0)
    generator = random.Random(5)
    pairs = [
        {"prompt": sequence(generator, 4), "chosen": sequence(generator, 5),
         "rejected": sequence(generator, 3), "reference": [-17.25, -12.5]},
        {"prompt": sequence(generator, 2), "chosen": sequence(generator, 2),
         "rejected": sequence(generator, 6), "reference": [-6.5, -24.0]},
        {"prompt": sequence(generator, 6), "chosen": sequence(generator, 7),
         "rejected": sequence(generator, 4), "reference": [-28.0, -13.0]},
    ]
    labels = [
        {"prompt": pair["prompt"], "answer": pair["chosen" if good else "rejected"],
         "other": pairs[index - 1]["chosen"], "label": int(good),
         "reference": [pair["reference"][1 - good], other]}
        for index, (pair, good, other) in enumerate(zip(pairs, [1, 0, 1], [-40.5, -31.0, -16.75]))
    ]
    cases, kept = {}, {}
    for name, case in CASES.items():
        model = transformers.LlamaForCausalLM.from_pretrained(HERE / "llama/grouped").float()
        if "kto" in case["losses"]:
            loss, measures = label_losses(
                [statistics(model, x["prompt"], x["answer"]) for x in labels],
                [statistics(model, x["prompt"], x["other"]) for x in labels],
                torch.tensor([x["label"] for x in labels]),
                torch.tensor([x["reference"] for x in labels]))
        else:
            loss, measures = pair_losses(
                case, *([statistics(model, x["prompt"], x[side]) for x in pairs]
                        for side in ("chosen", "rejected")),
                torch.tensor([x["reference"] for x in pairs]))
        loss.backward()
        gradients = {key: p.grad for key, p in model.named_parameters()}
        for key in KEPT:
            kept[f"{name}.{key}"] = gradients[key].contiguous()
        cases[name] = {
            "settings": case, "loss": loss.item(),
            "measures": {key: value.item() for key, value in sorted(measures.items())},
            "norms": {key: value.norm().item() for key, value in sorted(gradients.items())},
        }
    folder = HERE / "preference"
    folder.mkdir(exist_ok=True)
    text = json.dumps({"beta": BETA, "pairs": pairs, "labels": labels, "cases": cases,
                       "reward": reward_case(pairs)})
    (folder / "pairs.json").write_text(text + "\n")
    save_file(kept, folder / "gradients.safetensors")


if __name__ == "__main__":
    main()
