#!/usr/bin/env python3
"""Writes Tests/Fixtures/optimizers/tiny: twenty updates by Muon and by Schedule-Free AdamW.

Made with Python 3.11 and:
    pip install torch==2.13.0 schedulefree==1.4.1 safetensors==0.8.0 numpy==2.4.6
    python Tests/Fixtures/make_optimizer_fixtures.py

The directory holds a Hugging Face model of GPT-2's form (config.json, model.safetensors) and
reference.safetensors:
    rates                       [S]     learning rates: a warm-up of 5, then a straight line down
    grad.NAME                   [S, ...] the gradients of S = 20 updates, random numbers
    muon.first.NAME, muon.NAME          the weights after one update and after all
    schedule_free.first.NAME, schedule_free.NAME      the same, where gradients are taken (y)
    schedule_free.average.NAME          the average (x) at the end

Muon is torch.optim.Muon (momentum 0.95 with Nesterov, five steps, adjust_lr_fn "original") in which
Newton-Schulz computes in float32 and not in bfloat16, for the weights of the linear layers of the block,
transposed to [outputs, inputs] as torch has them, with rates 40 times the stored ones; torch.optim.AdamW
for the rest. Schedule-Free AdamW is schedulefree.AdamWScheduleFree, in float64. Both have beta1 0.9, beta2
0.95, epsilon 1e-8 and a decoupled weight decay of 0.1 on all that has two dimensions.
"""

import importlib
import inspect
import json
import pathlib

import numpy
import schedulefree
import torch
from safetensors.torch import save_file

STEPS, MATRIX_FACTOR = 20, 40.0
C, V, T = 8, 11, 8
BLOCK = "transformer.h.0."
SHAPES = {
    "transformer.wte.weight": [V, C], "transformer.wpe.weight": [T, C],
    BLOCK + "ln_1.weight": [C], BLOCK + "ln_1.bias": [C],
    BLOCK + "attn.c_attn.weight": [C, 3 * C], BLOCK + "attn.c_attn.bias": [3 * C],
    BLOCK + "attn.c_proj.weight": [C, C], BLOCK + "attn.c_proj.bias": [C],
    BLOCK + "ln_2.weight": [C], BLOCK + "ln_2.bias": [C],
    BLOCK + "mlp.c_fc.weight": [C, 4 * C], BLOCK + "mlp.c_fc.bias": [4 * C],
    BLOCK + "mlp.c_proj.weight": [4 * C, C], BLOCK + "mlp.c_proj.bias": [C],
    "transformer.ln_f.weight": [C], "transformer.ln_f.bias": [C],
}
CONFIG = {
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
    "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "n_embd": C, "n_head": 2, "n_layer": 1,
    "n_positions": T, "n_ctx": T, "vocab_size": V, "layer_norm_epsilon": 1e-05,
    "tie_word_embeddings": True,
}


def is_matrix(name):
    return name.startswith(BLOCK) and len(SHAPES[name]) == 2


def newton_schulz_in_float32():
    """torch's own Newton-Schulz with bfloat16 replaced by float32."""
    module = importlib.import_module("torch.optim._muon")
    source = inspect.getsource(module._zeropower_via_newtonschulz)
    assert source.count(".bfloat16()") == 1, source
    exec(source.replace(".bfloat16()", ".float()"), module.__dict__)


def groups(parameters, decay):
    return [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


def train_muon(weights, gradients, rates, out):
    parameters = {
        name: torch.nn.Parameter((w.T if is_matrix(name) else w).contiguous().clone())
        for name, w in weights.items()}
    matrices = [p for name, p in parameters.items() if is_matrix(name)]
    rest = [p for name, p in parameters.items() if not is_matrix(name)]
    optimizers = [
        (torch.optim.Muon(
            matrices, lr=1.0, weight_decay=0.1, momentum=0.95, nesterov=True, ns_steps=5,
            adjust_lr_fn="original"), MATRIX_FACTOR),
        (torch.optim.AdamW(groups(rest, 0.1), lr=1.0, betas=(0.9, 0.95), eps=1e-8), 1.0),
    ]
    for step in range(STEPS):
        for name, parameter in parameters.items():
            gradient = gradients[name][step]
            parameter.grad = (gradient.T if is_matrix(name) else gradient).contiguous().clone()
        for optimizer, factor in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rates[step] * factor
            optimizer.step()
        if step in (0, STEPS - 1):
            label = "muon.first." if step == 0 else "muon."
            for name, p in parameters.items():
                value = p.detach().T if is_matrix(name) else p.detach()
                out[label + name] = value.contiguous().clone()


def train_schedule_free(weights, gradients, rates, out):
    parameters = {name: torch.nn.Parameter(w.double()) for name, w in weights.items()}
    optimizer = schedulefree.AdamWScheduleFree(
        groups(parameters.values(), 0.1), lr=1.0, betas=(0.9, 0.95), eps=1e-8, foreach=False)
    optimizer.train()
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = gradients[name][step].double()
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        optimizer.step()
        if step in (0, STEPS - 1):
            label = "schedule_free.first." if step == 0 else "schedule_free."
            for name, p in parameters.items():
                out[label + name] = p.detach().float().clone()
    optimizer.eval()
    for name, p in parameters.items():
        out["schedule_free.average." + name] = p.detach().float().clone()


def main():
    newton_schulz_in_float32()
    random = numpy.random.default_rng(20261128)
    weights = {
        name: torch.tensor(random.normal(0, 0.1, shape), dtype=torch.float32)
        for name, shape in SHAPES.items()}
    gradients = {
        name: torch.tensor(random.normal(0, 0.5, [STEPS, *shape]), dtype=torch.float32)
        for name, shape in SHAPES.items()}
    rates = torch.tensor(
        [5e-4 * min((step + 1) / 5, (STEPS - step) / (STEPS - 5)) for step in range(STEPS)],
        dtype=torch.float32)
    out = {"rates": rates} | {"grad." + name: g for name, g in gradients.items()}
    stored = [float(rate) for rate in rates]
    train_muon(weights, gradients, stored, out)
    train_schedule_free(weights, gradients, stored, out)
    folder = pathlib.Path(__file__).parent / "optimizers" / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    save_file(out, folder / "reference.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
