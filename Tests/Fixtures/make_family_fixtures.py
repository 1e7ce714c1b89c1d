#!/usr/bin/env python3
"""Writes reference files of decoder families under Tests/Fixtures/families, one directory a model.

Made with the same packages as, and the functions of, make_gpt2_fixtures.py (transformers 5.24):
    python Tests/Fixtures/make_family_fixtures.py

Each directory holds a Hugging Face model (config.json, model.safetensors in float32) and
reference.safetensors: input_ids, targets, logits, loss, grad.NAME, prompt and greedy_ids as there.
"""

import copy
import pathlib
from dataclasses import dataclass, field

import torch
import transformers
from safetensors.torch import save_file

import make_gpt2_fixtures as shared


@dataclass(frozen=True)
class Case:
    """One model: odd sizes, few heads of keys, each pattern of layers."""

    name: str
    family: str
    seed: int
    options: dict = field(default_factory=dict)
    vocabulary_size: int = 37
    context_length: int = 24
    embedding_size: int = 24
    mlp_size: int = 19
    layer_count: int = 3
    head_count: int = 6
    key_value_head_count: int = 2
    batch_size: int = 2
    sequence_length: int = 13
    # The standard deviation of all initial weights.
    deviation: float = 0.15


CASES = [
    Case("mistral-grouped", "Mistral", 11, {"sliding_window": None}),
    Case("mistral-wide-heads", "Mistral", 12,
         {"sliding_window": None, "head_dim": 10, "tie_word_embeddings": True}, head_count=2),
    Case("qwen2-grouped", "Qwen2", 21, {"tie_word_embeddings": True}),
    Case("qwen2-untied", "Qwen2", 22, {"rope_parameters": {
        "rope_type": "default", "rope_theta": 1e6}}, head_count=4, key_value_head_count=4),
    Case("qwen3-grouped", "Qwen3", 31, {"head_dim": 6}),
    Case("qwen3-biased", "Qwen3", 32,
         {"head_dim": 8, "attention_bias": True, "tie_word_embeddings": True}, head_count=3,
         key_value_head_count=1),
    Case("smollm3-grouped", "SmolLM3", 41, {"pad_token_id": None}, layer_count=5),
    Case("smollm3-all-turn", "SmolLM3", 42,
         {"no_rope_layers": [1, 0, 1], "tie_word_embeddings": False, "pad_token_id": None}),
    Case("olmo2-grouped", "Olmo2", 51, {"pad_token_id": None}),
    Case("olmo2-biased", "Olmo2", 52,
         {"attention_bias": True, "tie_word_embeddings": True, "pad_token_id": None},
         head_count=4, key_value_head_count=4),
    Case("gemma-one-key-head", "Gemma", 61,
         {"head_dim": 8, "pad_token_id": None, "tie_word_embeddings": False}, head_count=3,
         key_value_head_count=1),
    Case("gemma-grouped", "Gemma", 62, {"head_dim": 4, "pad_token_id": None}, deviation=0.3),
    Case("llama-biased", "Llama", 71, {"attention_bias": True, "mlp_bias": True}),
]


def build_model(case, generator):
    """A float32 model whose norms, too, are far from where they begin."""
    options = {"bos_token_id": None, "eos_token_id": None} | case.options
    config = getattr(transformers, f"{case.family}Config")(
        vocab_size=case.vocabulary_size, max_position_embeddings=case.context_length,
        hidden_size=case.embedding_size, intermediate_size=case.mlp_size,
        num_hidden_layers=case.layer_count, num_attention_heads=case.head_count,
        num_key_value_heads=case.key_value_head_count, **options)
    config._attn_implementation = "eager"
    model = getattr(transformers, f"{case.family}ForCausalLM")(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            mean = 1.0 if "norm" in name and not case.family.startswith("Gemma") else 0.0
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            parameter.copy_(mean + case.deviation * noise)
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
    made_by = {"made_by": "Tests/Fixtures/make_family_fixtures.py, "
               f"torch {torch.__version__}, transformers {transformers.__version__}"}
    path = folder / "reference.safetensors"
    save_file({name: shared.stored(t) for name, t in tensors.items()}, path, metadata=made_by)
    print(f"  {sum(f.stat().st_size for f in folder.iterdir()):,} bytes")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        write(case, pathlib.Path(__file__).parent / "families")


if __name__ == "__main__":
    main()
