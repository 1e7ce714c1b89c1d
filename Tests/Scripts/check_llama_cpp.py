#!/usr/bin/env python3
"""Holds what llama.cpp makes of GGUF files of every family against what the program makes of its models.

Trains a small model of each family on a text, exports it in every type, and continues a prompt by the most
likely tokens: in F32 (with an F32 cache) the texts must be equal; files of the other types must load, and how
many characters they agree on is printed. Presets (names with a dash) have windows of attention that are
shorter than the text, where the family has windows that llama.cpp heeds. It computes GPT-NeoX's GELU in the tanh
form: there, too, how many characters they agree on is printed.

    pip install xllamacpp==2026.10.11549
    python Tests/Scripts/check_llama_cpp.py book.txt /tmp/families

Exit code 1: some check failed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

FAMILIES = ["gpt2", "llama", "mistral", "qwen2", "qwen3", "smollm3", "olmo2", "gemma", "gemma2", "gemma3_text",
            "phi3", "gpt_neox", "gemma-2-nano", "gemma-3-nano", "phi-3-nano", "pythia-nano"]
OTHER_GELU = ["gpt_neox", "pythia-nano"]
TYPES = ["f32", "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q5_1", "q5_0", "q4_1", "q4_0"]
PROMPT, COUNT = "To be", 48
SIZES = ["model.layer_count=4", "model.head_count=4", "model.embedding_size=256",
         "model.context_length=64"]
RECIPE = """
name: family
phases: [pretrain]
data: {train: shards, validation: shards, tokenizer: tokenizer}
train: {steps: 200, global_batch_size: 8, micro_batch_size: 4, sequence_length: 64}
optimizer: {learning_rate: 0.003, warmup_steps: 20}
"""


def run(program, *arguments, folder):
    result = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True,
                            timeout=600)
    if result.returncode:
        sys.exit(f"{' '.join(arguments)}: {result.stderr[-500:]}")
    return result.stdout


def llama_cpp(path, prompt=PROMPT, count=COUNT):
    """The text by llama.cpp, in a process of its own: it prints much, and may crash."""
    code = f"""
import json, sys
import xllamacpp as xl
parameters = xl.CommonParams()
parameters.model.path = {str(path)!r}
parameters.n_ctx, parameters.n_parallel, parameters.warmup = 64, 1, False
parameters.cpuparams.n_threads = 1
parameters.cache_type_k = parameters.cache_type_v = xl.ggml_type.GGML_TYPE_F32
answer = xl.Server(parameters).handle_completions(
    {{"prompt": {prompt!r}, "max_tokens": {count}, "temperature": 0, "ignore_eos": True}})
print(json.dumps(answer["choices"][0]["text"]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            timeout=300)
    return json.loads(result.stdout) if result.returncode == 0 else None


def check_family(program, folder, family, types):
    run(program, "pretrain", "--config", "recipe.yaml", f"output={family}",
        *([f"model.preset={family}"] if "-" in family
          else [f"model.architecture={family}", *SIZES]), folder=folder)
    own = run(program, "generate", "--model", family, "--prompt", PROMPT, "--maximum-tokens",
              str(COUNT), "--temperature", "0", folder=folder)
    own = own.removeprefix(PROMPT).rstrip("\n")
    good = True
    for kind in types:
        path = folder / f"{family}-{kind}.gguf"
        path.unlink(missing_ok=True)
        run(program, "export", "--model", family, "--output", path.name, "--format", "gguf",
            "--type", kind, folder=folder)
        text = llama_cpp(path)
        same = len(os.path.commonprefix([own, text or ""]))
        must_equal = kind == "f32" and family not in OTHER_GELU
        holds = text is not None and (not must_equal or text.rstrip("\n") == own)
        print(f"{'ok  ' if holds else 'FAIL'} {family} {kind}: {same} of {len(own)} characters", flush=True)
        good &= holds
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default=".build/release/swift-llm-train")
    parser.add_argument("--families", nargs="*", default=FAMILIES)
    parser.add_argument("--types", nargs="*", default=TYPES)
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    text = str(arguments.text.resolve())
    if not (folder / "shards").exists():
        run(program, "tokenizer", "train", "--input", text, "--vocabulary-size", "512",
            "--output", "tokenizer", folder=folder)
        run(program, "prepare", "--input", text, "--tokenizer", "tokenizer", "--output", "shards",
            folder=folder)
    results = [check_family(program, folder, family, arguments.types)
               for family in arguments.families]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
