#!/usr/bin/env python3
"""Writes the GPT-2 reference files under Tests/Fixtures/gpt2, one directory a configuration.

Made with Python 3.11 and:
    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0 numpy==2.4.6
    python Tests/Fixtures/make_gpt2_fixtures.py

Legend: B sequences, T positions, V vocabulary, S = 20 optimizer steps.

Each directory holds a Hugging Face model (config.json, model.safetensors in float32) and
reference.safetensors:
    input_ids, targets  [B, T] int32    a batch; target -1 is masked (not counted)
    logits              [B, T, V]       of input_ids
    loss                [1]             mean over the counted targets, nats
    grad.NAME                           gradient of that loss; the tied embedding has one,
                                        grad.transformer.wte.weight
    batches             [S, B, T + 1]   int32; inputs are [..., :-1], targets [..., 1:]
    learning_rates      [S]             used as stored: linear warm-up of 5, then cosine to 1e-4
    losses              [S]             before each update
    gradient_norms      [S]             global, before clipping
    final.NAME                          weights after the S updates
    prompt              [3] int32
    greedy_ids          [15] int32      the prompt and its 12 greedy continuations

Training is torch.optim.AdamW (betas 0.9 and 0.95, epsilon 1e-8, decoupled weight decay 0.1 on
parameters of two or more dimensions, embeddings included) after clip_grad_norm_ at 1.0, which
scales by min(1, 1 / (norm + 1e-6)).

All values are computed in float64 on the float32 weights of model.safetensors and rounded to
float32 at the end; only the weights and learning rates are float32 from the start.

One thing to know before comparing final.NAME: softmax does not see a constant added to all its
inputs, so the gradient of the key bias (the middle third of every attn.c_attn.bias) is zero, and
what float32 computes there is rounding noise. AdamW divides that noise by its own size, so this
third of the final bias is not determined in float32 (float64 noise drowns in epsilon, and the
reference stays where it began). It does not change any loss.
The script prints how far a float32 run of the same steps strays, a guide for tolerances.
"""

import copy
import math
import pathlib
import shutil
import tempfile
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

STEPS, WARMUP_STEPS = 20, 5
LEARNING_RATE, MINIMUM_LEARNING_RATE = 1e-3, 1e-4
PROMPT_LENGTH, NEW_TOKENS = 3, 12
MASKED_HERE, MASKED_IN_TORCH = -1, -100
# float32 must find the same greedy ids: the best logit leads by far more than its rounding error.
SMALLEST_GREEDY_LEAD = 1e-2


@dataclass(frozen=True)
class Case:
    """One configuration; `deviation` is the standard deviation of all initial weights."""

    name: str
    vocabulary_size: int
    context_length: int
    embedding_size: int
    layer_count: int
    head_count: int
    batch_size: int
    sequence_length: int
    deviation: float
    seed: int


# uneven: sizes that are multiples of nothing. full-context: T is the whole context. one-layer: one
# head, and gradient norms on both sides of the clipping limit.
CASES = [
    Case("uneven", 37, 17, 21, 3, 3, batch_size=3, sequence_length=11, deviation=0.15, seed=1),
    Case("full-context", 64, 16, 32, 2, 4, batch_size=2, sequence_length=16,
         deviation=0.15, seed=2),
    Case("one-layer", 11, 15, 10, 1, 1, batch_size=4, sequence_length=5, deviation=0.1, seed=3),
]


def build_model(case, generator):
    """A float32 model whose norms and biases, too, are far from 1 and 0."""
    config = GPT2Config(
        vocab_size=case.vocabulary_size, n_positions=case.context_length,
        n_embd=case.embedding_size, n_layer=case.layer_count, n_head=case.head_count,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None)
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            mean = 1.0 if ".ln_" in name and name.endswith("weight") else 0.0
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            parameter.copy_(mean + case.deviation * noise)
    return model.eval()


def loss_of(model, input_ids, targets):
    """Mean cross-entropy in the model's own precision (the model's own loss rounds to float32)."""
    logits = model(input_ids, use_cache=False).logits
    loss = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=MASKED_IN_TORCH)
    return loss, logits


def one_batch_reference(case, model, generator):
    """Logits, loss and every gradient of one batch with some masked targets."""
    shape = (case.batch_size, case.sequence_length)
    input_ids = torch.randint(case.vocabulary_size, shape, generator=generator)
    targets = torch.randint(case.vocabulary_size, shape, generator=generator)
    targets[torch.rand(shape, generator=generator) < 0.25] = MASKED_IN_TORCH
    assert 0 < (targets == MASKED_IN_TORCH).sum() < targets.numel()
    loss, logits = loss_of(model, input_ids, targets)
    loss.backward()
    tensors = {
        "input_ids": input_ids, "logits": logits.detach(), "loss": loss.detach().reshape(1),
        "targets": targets.masked_fill(targets == MASKED_IN_TORCH, MASKED_HERE)}
    tensors |= {f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    return tensors


def learning_rate(step):
    """Linear warm-up, then cosine; rounded to float32, so that the stored value is the used one."""
    if step < WARMUP_STEPS:
        rate = LEARNING_RATE * (step + 1) / WARMUP_STEPS
    else:
        progress = (step - WARMUP_STEPS) / (STEPS - 1 - WARMUP_STEPS)
        span = LEARNING_RATE - MINIMUM_LEARNING_RATE
        rate = MINIMUM_LEARNING_RATE + span * 0.5 * (1 + math.cos(math.pi * progress))
    return torch.tensor(rate, dtype=torch.float32).item()


def train(model, batches):
    """Losses, gradient norms and final weights of AdamW over `batches`; changes `model`."""
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in parameters.values() if p.dim() >= 2], "weight_decay": 0.1},
         {"params": [p for p in parameters.values() if p.dim() < 2], "weight_decay": 0.0}],
        lr=LEARNING_RATE, betas=(0.9, 0.95), eps=1e-8)
    losses, norms = [], []
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        loss, _ = loss_of(model, batch[:, :-1], batch[:, 1:])
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0))
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
    tensors = {"losses": torch.stack(losses), "gradient_norms": torch.stack(norms)}
    return tensors | {f"final.{name}": p.detach().clone() for name, p in parameters.items()}


def training_reference(case, model, generator):
    """The 20 steps in float64, and how far the same steps in float32 stray from them."""
    shape = (STEPS, case.batch_size, case.sequence_length + 1)
    batches = torch.randint(case.vocabulary_size, shape, generator=generator)
    reference = train(copy.deepcopy(model), batches)
    print_float32_drift(reference, train(copy.deepcopy(model).float(), batches))
    rates = torch.tensor([learning_rate(step) for step in range(STEPS)])
    return reference | {"batches": batches, "learning_rates": rates}


def print_float32_drift(reference, single):
    drifts = {name: (single[name] - value).abs() for name, value in reference.items()}
    for name, drift in drifts.items():
        if name.endswith("c_attn.bias"):
            drift.view(3, -1)[1] = 0
    weights = max(d.max().item() for name, d in drifts.items() if name.startswith("final."))
    print(f"  float32 strays by {drifts['losses'].max():.1e} in losses, "
          f"{drifts['gradient_norms'].max():.1e} in gradient norms, {weights:.1e} in final weights")
    norms = reference["gradient_norms"]
    print(f"  losses {reference['losses'][0]:.4f} to {reference['losses'][-1]:.4f}, "
          f"gradient norms {norms.min():.3f} to {norms.max():.3f}")


def greedy_reference(case, model, generator):
    """The greedy continuation of the first drawn prompt whose every choice is clear and varied."""
    while True:
        prompt = torch.randint(case.vocabulary_size, (1, PROMPT_LENGTH), generator=generator)
        ids = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
            max_new_tokens=NEW_TOKENS, pad_token_id=0)
        with torch.no_grad():
            logits = model(ids[:, :-1], use_cache=False).logits[0, PROMPT_LENGTH - 1:]
        assert torch.equal(logits.argmax(-1), ids[0, PROMPT_LENGTH:])
        best = logits.topk(2).values
        lead = (best[:, 0] - best[:, 1]).min().item()
        if lead > SMALLEST_GREEDY_LEAD and len(set(ids[0, PROMPT_LENGTH:].tolist())) >= 4:
            print(f"  greedy {ids[0].tolist()}, smallest lead {lead:.3f}")
            return {"prompt": prompt[0], "greedy_ids": ids[0]}


def stored(tensor):
    """As the file holds it: int32 or float32, contiguous."""
    dtype = torch.float32 if tensor.is_floating_point() else torch.int32
    return tensor.to(dtype).contiguous()


def save_model(model, folder):
    """The two files of a Hugging Face model that matter here."""
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        for name in ("config.json", "model.safetensors"):
            shutil.copyfile(pathlib.Path(scratch) / name, folder / name)


def write(case, root):
    print(case.name)
    folder = root / case.name
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(case.seed)
    model = build_model(case, generator)
    save_model(model, folder)
    double = copy.deepcopy(model).double()
    tensors = one_batch_reference(case, double, generator)
    tensors |= training_reference(case, double, generator)
    tensors |= greedy_reference(case, double, generator)
    # One entry alone: safetensors writes several in a random order, and equal runs would differ.
    made_by = {"made_by": "Tests/Fixtures/make_gpt2_fixtures.py, "
               f"torch {torch.__version__}, transformers {transformers.__version__}"}
    path = folder / "reference.safetensors"
    save_file({name: stored(t) for name, t in tensors.items()}, path, metadata=made_by)
    print(f"  {sum(f.stat().st_size for f in folder.iterdir()):,} bytes")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        write(case, pathlib.Path(__file__).parent / "gpt2")


if __name__ == "__main__":
    main()
