#!/usr/bin/env python3
"""Writes Tests/Fixtures/distillation/sequences.json: losses of a student by TRL's GKDTrainer, and its gradients.

    pip install trl==1.16.0 torch==2.13.0 transformers==5.24.0
    python Tests/Fixtures/make_distillation_fixtures.py

The student is Tests/Fixtures/gpt2/uneven, the teacher Tests/Fixtures/llama/grouped, of as many tokens. The answers
are drawn from the student itself. Of each case the file has the loss, divided by all tokens of answers, and the norm
of each gradient.
"""

import json
import os
import pathlib

os.environ |= {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
import torch  # noqa: E402
import transformers  # noqa: E402
from trl.experimental.gkd import GKDTrainer  # noqa: E402

HERE = pathlib.Path(__file__).parent
PROMPTS = [[3, 14, 15, 9], [26, 5], [35, 8, 9, 7, 9, 3]]
LENGTHS = [5, 9, 3]
CASES = [(0.0, 1.0), (0.0, 0.9), (0.1, 0.9), (0.5, 0.9), (0.5, 1.7), (0.9, 2.0), (1.0, 0.9)]


def load(name):
    return transformers.AutoModelForCausalLM.from_pretrained(HERE / name, dtype=torch.float32).eval()


def sampled(student, prompt, length):
    """An answer of the student's own."""
    ids = list(prompt)
    for _ in range(length):
        shares = (student(torch.tensor([ids])).logits[0, -1] / 0.9).softmax(-1)
        ids.append(torch.multinomial(shares, 1).item())
    return ids[len(prompt):]


def main():
    torch.manual_seed(1)
    student, teacher = load("gpt2/uneven"), load("llama/grouped")
    with torch.no_grad():
        answers = [sampled(student, prompt, length) for prompt, length in zip(PROMPTS, LENGTHS)]
    cases = []
    for beta, temperature in CASES:
        student.zero_grad()
        total = torch.zeros(())
        for prompt, answer in zip(PROMPTS, answers):
            ids = torch.tensor([prompt + answer])
            labels = torch.tensor([[-100] * len(prompt) + answer])
            with torch.no_grad():
                taught = teacher(ids).logits
            total = total + GKDTrainer.generalized_jsd_loss(
                student(ids).logits[:, :-1], taught[:, :-1], labels=labels[:, 1:], beta=beta,
                temperature=temperature, num_items_in_batch=sum(LENGTHS))
        total.backward()
        norms = {name: p.grad.norm().item() for name, p in student.named_parameters()}
        cases.append({"beta": beta, "temperature": temperature, "loss": total.item(), "norms": norms})
    folder = HERE / "distillation"
    folder.mkdir(exist_ok=True)
    (folder / "sequences.json").write_text(json.dumps(
        {"prompts": PROMPTS, "answers": answers, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
