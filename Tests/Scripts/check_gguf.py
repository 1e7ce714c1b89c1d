#!/usr/bin/env python3
"""Checks GGUF files of swift-llm-train with the gguf library, and with transformers.

Holds a GGUF file against the Hugging Face directory of the same model: every tensor of the one must
be a tensor of the other, bit for bit what gguf makes of it in the type of the file; the vocabulary,
merges and special tokens must be those of tokenizer.json; and transformers must compute the same
logits from both, up to the rounding of the type.

    pip install torch==2.13.0 transformers==5.23.0 gguf==0.19.0 numpy==2.4.6
    swift-llm-train export --model MODEL --output hf
    swift-llm-train export --model MODEL --output model.gguf --format gguf --type q8_0
    python Tests/Scripts/check_gguf.py model.gguf hf

Exit code 1: some check failed.
"""

import argparse
import json
import os
import pathlib
import sys

import gguf
import numpy as np
import torch

# Nothing is fetched: the two files must suffice.
os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoModelForCausalLM  # noqa: E402

# Logits of float32 that differ in nothing but the order of sums.
SAME_LOGITS = 1e-5
# What gguf calls the families whose config.json has another word.
WORDS = {"gemma3_text": "gemma3", "gpt_neox": "gptneox", "mistral": "llama"}
# Families of which transformers reads GGUF files.
READ = {"gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi3"}
# The rows of queries and keys stand in another order in files of these.
PERMUTED = {"llama", "mistral", "smollm3"}
# GPT-2's weights of linear layers stand as [in, out] in Hugging Face.
TRANSPOSED = ("attn.c_attn.weight", "c_proj.weight", "mlp.c_fc.weight")


def check(holds, claim):
    print(f"{'ok  ' if holds else 'FAIL'} {claim}")
    return bool(holds)


def value(reader, key):
    field = reader.get_field(key)
    return None if field is None else field.contents()


def llama_cpp_layout(name, tensor, config):
    """The tensor of Hugging Face as llama.cpp expects it."""
    if config.model_type == "gpt2":
        return tensor.T if name.endswith(TRANSPOSED) else tensor
    if config.model_type.startswith("gemma"):
        return tensor + 1 if name.endswith("norm.weight") else tensor
    if config.model_type == "gpt_neox" and "query_key_value" in name:
        heads = config.num_attention_heads
        return tensor.reshape(heads, 3, -1).swapaxes(0, 1).reshape(tensor.shape)
    if config.model_type not in PERMUTED:
        return tensor
    heads = {"q_proj.weight": config.num_attention_heads,
             "k_proj.weight": config.num_key_value_heads}.get(".".join(name.split(".")[-2:]))
    if heads is None:
        return tensor
    parts = tensor.reshape(heads, 2, -1, tensor.shape[1])
    return parts.swapaxes(1, 2).reshape(tensor.shape)


def names(config):
    """llama.cpp's name of each name of Hugging Face, by the table of the gguf library."""
    word = WORDS.get(config.model_type, config.model_type)
    arch = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}[word]
    table = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    return lambda name: table.get_name(name, try_suffixes=(".weight", ".bias"))


def check_tensors(reader, model):
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
        weights.pop("embed_out.weight", None)
    stored = {tensor.name: tensor for tensor in reader.tensors}
    for factors in ["rope_freqs", "rope_factors_long", "rope_factors_short"]:
        stored.pop(f"{factors}.weight", None)
    if model.config.tie_word_embeddings:
        stored.pop("output.weight", None)
    to_gguf = names(model.config)
    expected = {to_gguf(name): llama_cpp_layout(name, array, model.config)
                for name, array in weights.items()}
    good = check(expected.keys() == stored.keys(), f"the same {len(expected)} tensors")
    wrong, error, counts = [], 0.0, {}
    for name in expected.keys() & stored.keys():
        tensor = stored[name]
        kind = tensor.tensor_type
        counts[kind.name] = counts.get(kind.name, 0) + 1
        array = np.ascontiguousarray(expected[name])
        read = gguf.quants.dequantize(tensor.data, kind)
        rounded = gguf.quants.dequantize(gguf.quants.quantize(array, kind), kind)
        if read.shape != array.shape or not np.array_equal(read, rounded):
            wrong.append(name)
        else:
            error = max(error, float(np.abs(read - array).max() / max(np.abs(array).max(), 1e-30)))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    good &= check(not wrong, f"dequantised tensors equal gguf's own ({kinds}) {wrong}")
    print(f"     largest relative error of rounding {error:.2e}")
    return good


def check_tokenizer(reader, directory, vocabulary_size):
    root = json.loads((directory / "tokenizer.json").read_text())
    spelled = {id: token for token, id in root["model"]["vocab"].items()}
    spelled |= {token["id"]: token["content"] for token in root["added_tokens"]}
    is_character = root["decoder"]["type"] == "Fuse"
    tokens = value(reader, "tokenizer.ggml.tokens")
    expected = [spelled[id] for id in range(len(spelled))]
    if is_character:
        expected = ["\u2581" if token == " " else token for token in expected]
    good = check(tokens[:len(expected)] == expected, f"the same {len(expected)} tokens")
    types = value(reader, "tokenizer.ggml.token_type")
    good &= check(len(tokens) == len(types) == vocabulary_size, "a type for each row")
    good &= check(all(kind == gguf.TokenType.UNUSED for kind in types[len(expected):]),
                  f"{vocabulary_size - len(expected)} rows without a token are unused")
    merges = [merge if isinstance(merge, str) else " ".join(merge)
              for merge in root["model"]["merges"]]
    stored = value(reader, "tokenizer.ggml.merges") or []
    good &= check(stored == merges, f"the same {len(merges)} merges")
    config = json.loads((directory / "config.json").read_text())
    for key in ["bos_token_id", "eos_token_id"]:
        good &= check(value(reader, f"tokenizer.ggml.{key}") == config.get(key),
                      f"{key} {config.get(key)}")
    return good


def check_logits(path, model, tolerance):
    """transformers reads the GGUF file by code of its own, which keeps GPT-2's context at 1,024."""
    if model.config.model_type not in READ:
        print(f"skip logits: transformers reads no GGUF of {model.config.model_type}")
        return True
    if model.config.model_type == "gpt2" and model.config.n_positions != 1024:
        print("skip logits: transformers reads GPT-2 from GGUF with a context of 1,024 only")
        return True
    other = AutoModelForCausalLM.from_pretrained(
        path.resolve().parent, gguf_file=path.name, dtype=torch.float32)
    length = min(64, model.config.max_position_embeddings)
    ids = torch.randint(
        0, model.config.vocab_size, (2, length), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, got = model(ids).logits, other(ids).logits
    error = float((got - expected).abs().max() / expected.abs().max())
    return check(error <= tolerance, f"logits of transformers differ by {error:.2e} of the largest")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path, help="the same model for Hugging Face")
    arguments = parser.parse_args()
    reader = gguf.GGUFReader(arguments.gguf)
    model = AutoModelForCausalLM.from_pretrained(arguments.directory, dtype=torch.float32).eval()
    architecture = value(reader, "general.architecture")
    expected = WORDS.get(model.config.model_type, model.config.model_type)
    good = check(architecture == expected, f"architecture {architecture}")
    good &= check_tensors(reader, model)
    good &= check_tokenizer(reader, arguments.directory, model.config.vocab_size)
    is_exact = value(reader, "general.file_type") == gguf.LlamaFileType.ALL_F32
    good &= check_logits(arguments.gguf, model, SAME_LOGITS if is_exact else 0.1)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
