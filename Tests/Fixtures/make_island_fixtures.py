#!/usr/bin/env python3
"""Writes Tests/Fixtures/islands/outer.json: weights of two islands step by step, in plain Python.

    python3 Tests/Fixtures/make_island_fixtures.py

Each case is a model of two fragments with one weight each, 1 at first, on two islands whose gradient is
fixed; the inner optimizer is SGD with rate 1. Those with outer momentum 0 are the mocked updates of
torchft's regression test of DiLoCo (gradient 2, outer rate 2, 6 steps between two outer steps of a
fragment, no or one step of delay, mixing 0, 0.5 and 1), in which a fragment k comes after 3 (k + 1)
steps of each 6. The outer optimizer is written as torch.optim.SGD(nesterov=True) computes it.

Per case: `common` [step][fragment] and `own` [step][island][fragment], after each step and what
follows it.
"""

import json
import pathlib

STEPS, FRAGMENTS, ISLANDS = 25, 2, 2


class NesterovSGD:
    """torch.optim.SGD with nesterov=True (dampening 0), or without momentum, for one number."""

    def __init__(self, rate, momentum):
        self.rate, self.momentum, self.buffer = rate, momentum, None

    def step(self, parameter, gradient):
        if self.momentum:
            if self.buffer is None:
                self.buffer = gradient
            else:
                self.buffer = self.momentum * self.buffer + gradient
            gradient = gradient + self.momentum * self.buffer
        return parameter - self.rate * gradient


def run(case):
    spacing = case["every_steps"] // FRAGMENTS
    common = [1.0] * FRAGMENTS
    own = [[1.0] * FRAGMENTS for _ in range(ISLANDS)]
    optimizers = [
        NesterovSGD(case["learning_rate"], case["momentum"]) for _ in range(FRAGMENTS)]
    differences, local_step, synced = None, 0, 0
    case["common"], case["own"] = [], []
    for _ in range(STEPS):
        for island, gradient in enumerate(case["gradients"]):
            own[island] = [weight - gradient for weight in own[island]]
        local_step += 1
        fragment = synced % FRAGMENTS
        if local_step == spacing - case["delay_steps"]:
            differences = [common[fragment] - weights[fragment] for weights in own]
        if local_step == spacing:
            average = sum(differences) / ISLANDS
            common[fragment] = optimizers[fragment].step(common[fragment], average)
            for weights in own:
                share = case["mixing"]
                weights[fragment] = (1 - share) * common[fragment] + share * weights[fragment]
            local_step, synced = 0, synced + 1
        case["common"].append(list(common))
        case["own"].append([list(weights) for weights in own])
    return case


def main():
    cases = []
    for gradients, rate, momentum in [([2, 2], 2, 0), ([2, 0.5], 0.7, 0.9)]:
        for delay in [0, 1]:
            for mixing in [0, 0.5, 1]:
                cases.append(run({
                    "gradients": gradients, "every_steps": 6, "learning_rate": rate,
                    "momentum": momentum, "delay_steps": delay, "mixing": mixing}))
    path = pathlib.Path(__file__).parent / "islands" / "outer.json"
    path.write_text(json.dumps({"cases": cases}) + "\n")


if __name__ == "__main__":
    main()
