#!/usr/bin/env python3
"""Writes reference files of decoder families under Tests/Fixtures/families, one directory a model.

Made with the same packages as, and the functions of, make_gpt2_fixtures.py (transformers 5.24):
    python Tests/Fixtures/make_family_fixtures.py

Each directory holds a Hugging Face model (config.json, model.safetensors in float32) and
reference.safetensors: input_ids, targets, logits, loss, grad.NAME and prompt as there, and
    greedy_ids                       [67] int32: the prompt and its 64 greedy continuations, each from a
                                     pass over all tokens before it
    class_head, class_scores         [3, C] and [B, 3]: the head of a classifier, and its scores of the
                                     last positions of input_ids
    batches, learning_rates, losses  as there, of 10 steps
"""

import copy
import pathlib
import sys
from dataclasses import dataclass, field

import torch
import transformers
from safetensors.torch import save_file

import make_gpt2_fixtures as shared

STEPS, NEW_TOKENS, CLASS_COUNT = 10, 64, 3
# float32 must find the same ids: the best logit leads by far more than its rounding error.
SMALLEST_LEAD = 1e-3


@dataclass(frozen=True)
class Case:
    """One model: odd sizes, few heads of keys, each pattern of layers."""

    name: str
    family: str
    seed: int
    options: dict = field(default_factory=dict)
    vocabulary_size: int = 37
    context_length: int = 72
    embedding_size: int = 24
    mlp_size: int = 19
    layer_count: int = 3
    head_count: int = 6
    key_value_head_count: int = 2
    batch_size: int = 2
    sequence_length: int = 13
    # The standard deviation of all initial weights.
    deviation: float = 0.15


GEMMA = {"pad_token_id": None}
SLIDING, FULL = "sliding_attention", "full_attention"
LONG_FACTORS = {"short_factor": [1.0, 1.1, 1.3], "long_factor": [1.0, 2.5, 4.75]}


def rope(kind, theta=1e4, **more):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta} | more}


CASES = [
    Case("mistral-grouped", "Mistral", 11, {"sliding_window": None}),
    Case("mistral-wide-heads", "Mistral", 12,
         {"sliding_window": None, "head_dim": 10, "tie_word_embeddings": True}, head_count=2),
    Case("mistral-sliding", "Mistral", 13, {"sliding_window": 5}, sequence_length=19),
    Case("qwen2-grouped", "Qwen2", 21, {"tie_word_embeddings": True}),
    Case("qwen2-untied", "Qwen2", 22, rope("default", 1e6), head_count=4,
         key_value_head_count=4),
    Case("qwen2-sliding", "Qwen2", 23,
         {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1},
         sequence_length=17),
    Case("qwen3-grouped", "Qwen3", 31, {"head_dim": 6}),
    Case("qwen3-biased", "Qwen3", 32,
         {"head_dim": 8, "attention_bias": True, "tie_word_embeddings": True}, head_count=3,
         key_value_head_count=1),
    Case("qwen3-sliding", "Qwen3", 33,
         {"head_dim": 6, "use_sliding_window": True, "sliding_window": 1, "max_window_layers": 2}),
    Case("smollm3-grouped", "SmolLM3", 41, {"pad_token_id": None}, layer_count=5),
    Case("smollm3-all-turn", "SmolLM3", 42,
         {"no_rope_layers": [1, 0, 1], "tie_word_embeddings": False, "pad_token_id": None}),
    Case("smollm3-sliding", "SmolLM3", 43,
         {"no_rope_layer_interval": 2, "use_sliding_window": True, "sliding_window": 7,
          "pad_token_id": None}, sequence_length=18),
    Case("olmo2-grouped", "Olmo2", 51, {"pad_token_id": None}),
    Case("olmo2-biased", "Olmo2", 52,
         {"attention_bias": True, "tie_word_embeddings": True, "pad_token_id": None},
         head_count=4, key_value_head_count=4),
    Case("olmo2-yarn", "Olmo2", 53, {"pad_token_id": None} | rope(
        "yarn", 100.0, factor=4.0, original_max_position_embeddings=18, beta_fast=4.0)),
    Case("gemma-one-key-head", "Gemma", 61, GEMMA | {"head_dim": 8, "tie_word_embeddings": False},
         head_count=3, key_value_head_count=1),
    Case("gemma-grouped", "Gemma", 62, GEMMA | {"head_dim": 4}, deviation=0.3),
    Case("gemma-wide", "Gemma", 63, GEMMA | {"head_dim": 12}, embedding_size=21, head_count=3,
         key_value_head_count=3, layer_count=2, deviation=0.3),
    Case("llama-biased", "Llama", 71, {"attention_bias": True, "mlp_bias": True}),
    Case("llama-linear", "Llama", 72, rope("linear", 500.0, factor=2.0)),
    Case("llama-dynamic", "Llama", 73, rope("dynamic", 500.0, factor=2.0)),
    Case("llama-yarn", "Llama", 74, rope(
        "yarn", 500.0, factor=8.0, original_max_position_embeddings=9, mscale=0.7,
        mscale_all_dim=0.3, truncate=False), head_count=4, key_value_head_count=2),
    Case("llama-yarn-factor", "Llama", 75, rope(
        "yarn", 50.0, factor=2.0, original_max_position_embeddings=36, attention_factor=1.5,
        beta_fast=3.0, beta_slow=0.5), head_count=3, key_value_head_count=1),
    Case("llama-longrope", "Llama", 76, {"rope_parameters": {
        "rope_type": "longrope", "rope_theta": 100.0, "factor": 2.0,
        "original_max_position_embeddings": 36} | LONG_FACTORS}, head_count=4,
        key_value_head_count=2),
    Case("gemma2-grouped", "Gemma2", 81, GEMMA | {
        "head_dim": 8, "sliding_window": 6, "query_pre_attn_scalar": 11,
        "attn_logit_softcapping": 2.5, "final_logit_softcapping": 3.5}, layer_count=5,
        head_count=4, sequence_length=17, deviation=0.3),
    Case("gemma2-untied", "Gemma2", 82, GEMMA | {
        "head_dim": 6, "sliding_window": 3, "query_pre_attn_scalar": 6, "attention_bias": True,
        "tie_word_embeddings": False, "attn_logit_softcapping": None}, embedding_size=21,
        head_count=3, key_value_head_count=1),
    Case("gemma2-first-full", "Gemma2", 83, GEMMA | {
        "head_dim": 4, "sliding_window": 4, "query_pre_attn_scalar": 4,
        "final_logit_softcapping": None, "layer_types": [FULL, FULL, SLIDING, SLIDING]},
        layer_count=4, sequence_length=19),
    Case("gemma3-sliding", "Gemma3", 86, GEMMA | {
        "head_dim": 8, "sliding_window": 4, "query_pre_attn_scalar": 8},
         layer_count=7, head_count=3, key_value_head_count=1, embedding_size=21,
         sequence_length=17),
    Case("gemma3-stretched", "Gemma3", 87, GEMMA | {
        "head_dim": 6, "sliding_window": 3, "tie_word_embeddings": False,
        "query_pre_attn_scalar": 5, "layer_types": [SLIDING, FULL, FULL],
        "rope_parameters": {
            SLIDING: {"rope_type": "default", "rope_theta": 1e3},
            FULL: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6}}}),
    Case("gemma3-capped", "Gemma3", 88, GEMMA | {
        "head_dim": 4, "sliding_window": 9, "query_pre_attn_scalar": 4, "attention_bias": True,
        "final_logit_softcapping": 4.0, "layer_types": [SLIDING, SLIDING]}, layer_count=2, sequence_length=21),
    Case("phi3-grouped", "Phi3", 91, {"pad_token_id": None}),
    Case("phi3-short", "Phi3", 92, {
        "pad_token_id": None, "tie_word_embeddings": True, "sliding_window": 8,
        "original_max_position_embeddings": 30, "partial_rotary_factor": 0.75,
        "rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4} | LONG_FACTORS},
        head_count=3, key_value_head_count=1, sequence_length=19),
    Case("phi3-long", "Phi3", 93, {
        "pad_token_id": None, "original_max_position_embeddings": 16,
        "rope_parameters": {"rope_type": "longrope", "rope_theta": 300.0,
                            "attention_factor": 1.25} | LONG_FACTORS},
        embedding_size=18, head_count=3, key_value_head_count=3, sequence_length=21),
    Case("gptneox-parallel", "GPTNeoX", 101, head_count=3),
    Case("gptneox-in-turn", "GPTNeoX", 102, {
        "use_parallel_residual": False, "tie_word_embeddings": True, "hidden_act": "gelu_new",
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0,
                            "partial_rotary_factor": 1.0}}),
    Case("gptneox-plain", "GPTNeoX", 103, {
        "attention_bias": False, "rope_parameters": {
            "rope_type": "linear", "rope_theta": 1e4, "factor": 4.0,
            "partial_rotary_factor": 0.5}}, embedding_size=36, head_count=3, layer_count=2),
    Case("gpt2-untied", "GPT2", 111, {"tie_word_embeddings": False}, head_count=3),
]


def build_config(case, options):
    if case.family == "GPT2":
        return transformers.GPT2Config(
            vocab_size=case.vocabulary_size, n_positions=case.context_length,
            n_embd=case.embedding_size, n_layer=case.layer_count, n_head=case.head_count,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **options)
    if case.family != "GPTNeoX":
        options |= {"num_key_value_heads": case.key_value_head_count}
    kind = case.family + ("Text" if case.family == "Gemma3" else "")
    return getattr(transformers, f"{kind}Config")(
        vocab_size=case.vocabulary_size, max_position_embeddings=case.context_length,
        hidden_size=case.embedding_size, intermediate_size=case.mlp_size,
        num_hidden_layers=case.layer_count, num_attention_heads=case.head_count, **options)


def build_model(case, generator):
    """A float32 model whose norms, too, are far from where they begin."""
    config = build_config(case, {"bos_token_id": None, "eos_token_id": None} | case.options)
    config._attn_implementation = "eager"
    name = "GPT2LMHeadModel" if case.family == "GPT2" else f"{case.family}ForCausalLM"
    model = getattr(transformers, name)(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_gain = ("norm" in name or ".ln_" in name) and name.endswith("weight")
            mean = 1.0 if is_gain and not case.family.startswith("Gemma") else 0.0
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            parameter.copy_(mean + case.deviation * noise)
    return model.eval()


def class_reference(case, model, input_ids, generator):
    """The scores of a head of three classes after the last position."""
    head = torch.randn(CLASS_COUNT, case.embedding_size, generator=generator).double()
    with torch.no_grad():
        states = model.base_model(input_ids, use_cache=False).last_hidden_state[:, -1]
    return {"class_head": head, "class_scores": states @ head.T}


def training_reference(case, model, generator):
    """The losses of ten steps of AdamW."""
    shape = (STEPS, case.batch_size, case.sequence_length + 1)
    batches = torch.randint(case.vocabulary_size, shape, generator=generator)
    losses = shared.train(copy.deepcopy(model), batches)["losses"]
    rates = torch.tensor([shared.learning_rate(step) for step in range(STEPS)])
    return {"batches": batches, "learning_rates": rates, "losses": losses}


def greedy_reference(case, model, generator):
    """The greedy continuation of the first drawn prompt whose every choice is clear and varied."""
    for _ in range(1000):
        shape = (1, shared.PROMPT_LENGTH)
        prompt = torch.randint(case.vocabulary_size, shape, generator=generator)
        ids, lead = prompt, 1.0
        for _ in range(NEW_TOKENS):
            with torch.no_grad():
                best = model(ids, use_cache=False).logits[0, -1].topk(2)
            lead = min(lead, (best.values[0] - best.values[1]).item())
            if lead < SMALLEST_LEAD:
                break
            ids = torch.cat([ids, best.indices[:1].reshape(1, 1)], dim=1)
        if lead >= SMALLEST_LEAD and len(set(ids[0, shared.PROMPT_LENGTH:].tolist())) >= 4:
            print(f"  greedy {ids[0, :12].tolist()}, smallest lead {lead:.4f}")
            return {"prompt": prompt[0], "greedy_ids": ids[0]}
    raise SystemExit(f"{case.name}: no prompt with a clear continuation")


def write(case, root):
    print(case.name)
    folder = root / case.name
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(case.seed)
    model = build_model(case, generator)
    shared.save_model(model, folder)
    double = copy.deepcopy(model).double()
    tensors = shared.one_batch_reference(case, double, generator)
    tensors |= greedy_reference(case, double, generator)
    tensors |= class_reference(case, double, tensors["input_ids"], generator)
    tensors |= training_reference(case, double, generator)
    if case.family == "GPTNeoX":  # The name in the files.
        names = {name: name.replace("lm_head", "embed_out") for name in tensors}
        tensors = {names[name]: tensor for name, tensor in tensors.items()}
    made_by = {"made_by": "Tests/Fixtures/make_family_fixtures.py, "
               f"torch {torch.__version__}, transformers {transformers.__version__}"}
    path = folder / "reference.safetensors"
    save_file({name: shared.stored(t) for name, t in tensors.items()}, path, metadata=made_by)
    print(f"  {sum(f.stat().st_size for f in folder.iterdir()):,} bytes")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        if len(sys.argv) > 1 and case.name not in sys.argv[1:]:
            continue
        write(case, pathlib.Path(__file__).parent / "families")


if __name__ == "__main__":
    main()
