#!/usr/bin/env python3
"""Writes the Llama reference files under Tests/Fixtures/llama, one directory a configuration.

Made with the same packages as, and the functions of, make_gpt2_fixtures.py:
    python Tests/Fixtures/make_llama_fixtures.py

Each directory holds a Hugging Face model (config.json, model.safetensors in float32) and
reference.safetensors: input_ids, targets, logits, loss, grad.NAME, prompt and greedy_ids as there.
"""

import copy
import pathlib
from dataclasses import dataclass, field

import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

import make_gpt2_fixtures as shared


@dataclass(frozen=True)
class Case:
    """One configuration; `deviation` is the standard deviation of all initial weights."""

    name: str
    vocabulary_size: int
    context_length: int
    embedding_size: int
    mlp_size: int
    layer_count: int
    head_count: int
    key_value_head_count: int
    batch_size: int
    sequence_length: int
    tied: bool
    seed: int
    options: dict = field(default_factory=dict)


SCALING = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}

# grouped: untied, uneven sizes. scaled: Llama 3's positions, all three kinds of wavelength.
CASES = [
    Case("grouped", 37, 17, 24, 19, 3, 6, 2, 3, 11, False, 1),
    Case("scaled", 32, 48, 32, 40, 2, 2, 2, 2, 48, True, 2,
         {"rope_parameters": SCALING | {"rope_theta": 500.0}}),
]


def build_model(case, generator):
    """A float32 model whose norms, too, are far from 1."""
    config = LlamaConfig(
        vocab_size=case.vocabulary_size, max_position_embeddings=case.context_length,
        hidden_size=case.embedding_size, intermediate_size=case.mlp_size,
        num_hidden_layers=case.layer_count, num_attention_heads=case.head_count,
        num_key_value_heads=case.key_value_head_count, tie_word_embeddings=case.tied,
        bos_token_id=None, eos_token_id=None, **case.options)
    config._attn_implementation = "eager"
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            mean = 1.0 if "norm" in name else 0.0
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            parameter.copy_(mean + 0.15 * noise)
    return model.eval()


def write(case, root):
    print(case.name)
    folder = root / case.name
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(case.seed)
    model = build_model(case, generator)
    shared.save_model(model, folder)
    double = copy.deepcopy(model).double()
    tensors = shared.one_batch_reference(case, double, generator)
    tensors |= shared.greedy_reference(case, double, generator)
    made_by = {"made_by": "Tests/Fixtures/make_llama_fixtures.py, "
               f"torch {torch.__version__}, transformers {transformers.__version__}"}
    path = folder / "reference.safetensors"
    save_file({name: shared.stored(t) for name, t in tensors.items()}, path, metadata=made_by)
    print(f"  {sum(f.stat().st_size for f in folder.iterdir()):,} bytes")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        write(case, pathlib.Path(__file__).parent / "llama")


if __name__ == "__main__":
    main()
