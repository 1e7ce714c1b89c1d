#!/usr/bin/env python3
"""Holds what the program makes of a real model's GGUF file against llama.cpp and transformers.

- ids: token ids of the files of a folder of texts, in pieces of whole lines, and of 100,000 random strings (any
  code points, code, digits, mixtures) against llama.cpp's.
- loss: of the first 1,024 tokens of a text by transformers (the number that RealModelTests holds), and what
  `evaluate` gives of the shards of that text against transformers on the same windows.
- greedy: 64 tokens after 20 prompts against transformers'; a tie within 1e-4 may differ, and is named.

    pip install torch==2.13.0 transformers==5.24.0 gguf==0.19.0 h5py==3.15.1 xllamacpp==2026.10.11549
    swift build -c release
    python Tests/Scripts/check_real_models.py MODEL.gguf --texts ../shared/data/text

Exit code 1: some check failed.
"""

import argparse
import ctypes
import itertools
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

os.environ["HF_HUB_OFFLINE"] = "1"

PROMPTS = [
    "The capital of France is", "Once upon a time", "Water boils at", "def add(a, b):",
    "The three primary colours are", "In 1969, the first man", "To be, or not to be:",
    "The quick brown fox", "Dear Sir or Madam,", "Ingredients: two eggs,", "A prime number is",
    "The largest ocean on Earth", "import numpy as np\n", "My favourite book is", "Q: What is 2 + 2?\nA:",
    "He opened the door and", "The sun rises in", "Photosynthesis is the process", "1, 2, 3, 4,",
    "Bonjour, je m'appelle",
]
TOKENS, TIE = 64, 1e-4
# What ends texts in these two models by its spelling, as llama.cpp has it.
SPELLED_ENDS = {"<|endoftext|>", "<|im_end|>", "<reponame>", "<eos>", "<end_of_turn>"}
# Float sums in another order.
LOSS_TOLERANCE = 2e-4


def check(holds, claim):
    print(f"{'ok  ' if holds else 'FAIL'} {claim}", flush=True)
    return bool(holds)


def run(*arguments, folder=None):
    result = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, timeout=550)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stderr.decode()[-500:]}")
    return result.stdout.decode()


# MARK: ids

class LlamaCpp:
    """llama.cpp's own tokenizer of a file, by the functions in the library of xllamacpp."""

    def __init__(self, path):
        import xllamacpp
        folder = pathlib.Path(xllamacpp.__file__).parent
        library = ctypes.CDLL(str(next(folder.glob("xllamacpp*.so"))))

        # As large as any version's: it is handed on by value, at the end.
        class Parameters(ctypes.Structure):
            _fields_ = [("words", ctypes.c_uint64 * 64)]
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        self.silence = kind(lambda *_: None)
        library.llama_log_set(self.silence, None)
        library.llama_model_default_params.restype = Parameters
        library.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Parameters]
        library.llama_model_load_from_file.restype = ctypes.c_void_p
        library.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
        library.llama_model_get_vocab.restype = ctypes.c_void_p
        library.llama_tokenize.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32),
            ctypes.c_int32, ctypes.c_bool, ctypes.c_bool]
        library.llama_backend_init()
        model = library.llama_model_load_from_file(
            str(path).encode(), library.llama_model_default_params())
        self.library, self.vocabulary = library, library.llama_model_get_vocab(model)

    def ids(self, text):
        data = text.encode()
        buffer = (ctypes.c_int32 * (len(data) + 16))()
        count = self.library.llama_tokenize(
            self.vocabulary, data, len(data), buffer, len(buffer), False, True)
        return list(buffer[:count])


def pieces(text, size=4000):
    """Whole lines, about so many characters at a time."""
    part, count = [], 0
    for line in text.splitlines(keepends=True):
        part.append(line)
        count += len(line)
        if count >= size:
            yield "".join(part)
            part, count = [], 0
    if part:
        yield "".join(part)


def random_strings(count):
    assigned = [chr(code) for code in range(1, 0x20000)
                if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    ascii_ = [chr(code) for code in range(32, 127)]
    words = ("def return if for in the and of to it's We'll I'd não über 東京 привет été int main() "
             "{ } [0] == != -> // /* */ \"x\" 'y' \t \n \r\n   12 3.14 0x1F 1,000,000 a1b2 ½ ٣").split(" ")
    random.seed(16)
    for index in range(count):
        kind = index % 4
        length = random.randint(1, 24)
        if kind == 0:
            yield "".join(random.choice(assigned) for _ in range(length))
        elif kind == 1:
            yield "".join(random.choice(ascii_ + ["\n", "\t", " ", " "]) for _ in range(length))
        elif kind == 2:
            yield random.choice(["", " ", "\n"]).join(random.choice(words) for _ in range(length // 2 + 1))
        else:
            yield "".join(random.choice("0123456789 .,-e") for _ in range(length))


def check_ids(arguments):
    texts = [piece for path in sorted(arguments.texts.rglob("*.txt"))
             for piece in pieces(path.read_text(errors="ignore").replace("\0", ""))]
    strings = list(random_strings(arguments.strings))
    llama, good = LlamaCpp(arguments.model), True
    for name, cases in [("pieces of texts", texts), ("random strings", strings)]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(case.encode() + b"\0" for case in cases))
            file.flush()
            lines = run(arguments.checks, "encode", arguments.model, file.name).split("\n")
        own = [[int(id) for id in line.split()] for line in lines[:len(cases)]]
        differing = [case for case, ids in zip(cases, own) if ids != llama.ids(case)]
        count = sum(map(len, own))
        good &= check(not differing and len(own) == len(cases),
                      f"ids of {len(cases)} {name}, {count} tokens: {len(differing)} differ")
        for case in differing[:20]:
            print(f"     {case[:100]!r}")
    return good


# MARK: loss and greedy text

def reference(arguments):
    import torch
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(2)
    path = arguments.model.resolve()
    return AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32).eval()


def nats(model, ids):
    import torch
    with torch.no_grad():
        logits = model(torch.tensor([ids[:-1]])).logits[0]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="sum").item()


def encode(arguments, texts):
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(text.encode() + b"\0" for text in texts))
        file.flush()
        lines = run(arguments.checks, "encode", arguments.model, file.name).split("\n")
    return [[int(id) for id in line.split()] for line in lines[:len(texts)]]


def begin(arguments):
    from gguf import GGUFReader
    fields = GGUFReader(arguments.model).fields
    adds = fields.get("tokenizer.ggml.add_bos_token")
    return [fields["tokenizer.ggml.bos_token_id"].contents()] if adds and adds.contents() else []


def check_loss(arguments, model, start):
    import json
    import h5py
    text = (arguments.texts / "tinyshakespeare.txt").read_text()[:8000]
    ids = (start + encode(arguments, [text])[0])[:1024]
    print(f"     {nats(model, ids) / (len(ids) - 1):.4f} nats a token of {len(ids)}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text.txt").write_text(text)
        run(arguments.program, "prepare", "--input", "text.txt", "--tokenizer",
            arguments.model.resolve(), "--output", "shards", "--validation-fraction", "0.9",
            folder=folder)
        scores = json.loads(run(
            arguments.program, "evaluate", "--model", arguments.model.resolve(), "--data", "shards",
            "--sequence-length", "256", folder=folder))
        stream = [int(id) for path in sorted((folder / "shards").glob("validation-*.h5"))
                  for id in h5py.File(path)["tokens"][:]]
    windows = [stream[first:first + 257] for first in range(0, len(stream) - 256, 256)]
    expected = sum(nats(model, window) for window in windows) / (256 * len(windows))
    return check(abs(scores["loss"] - expected) < LOSS_TOLERANCE,
                 f"loss of {len(windows)} windows of 256: {scores['loss']:.6f}, transformers {expected:.6f}")


def greedy(model, ids):
    """The likeliest tokens, and by how much each is likelier than the next."""
    import torch
    ids, margins = torch.tensor([ids]), []
    cache = None
    answer = []
    with torch.no_grad():
        for _ in range(TOKENS):
            output = model(ids, past_key_values=cache, use_cache=True)
            cache, (best, next_) = output.past_key_values, output.logits[0, -1].topk(2).values
            answer.append(int(output.logits[0, -1].argmax()))
            margins.append(float(best - next_))
            ids = torch.tensor([[answer[-1]]])
    return answer, margins


def decode(arguments, ids):
    result = subprocess.run(
        [arguments.program, "tokenizer", "decode", "--tokenizer", arguments.model], check=True,
        input=" ".join(map(str, ids)).encode(), capture_output=True, timeout=60)
    return result.stdout.decode(errors="replace")


def margin_of_difference(arguments, text, ids, answer, margins):
    """By how much the first token that is not in a text was likelier than the next."""
    for count, margin in enumerate(margins[:len(answer)], 1):
        if not text.startswith(decode(arguments, ids + answer[:count])):
            return margin
    return margins[-1]


def check_greedy(arguments, model, start):
    from gguf import GGUFReader
    good, ties = 0, []
    fields = GGUFReader(arguments.model).fields
    ends = {fields["tokenizer.ggml.eos_token_id"].contents()} | {
        id for id, text in enumerate(fields["tokenizer.ggml.tokens"].contents()) if text in SPELLED_ENDS}
    for prompt, ids in zip(PROMPTS, encode(arguments, PROMPTS)):
        answer, margins = greedy(model, start + ids)
        answer = list(itertools.takewhile(lambda id: id not in ends, answer))
        text = run(arguments.program, "generate", "--model", arguments.model, "--prompt", prompt,
                   "--maximum-tokens", TOKENS, "--temperature", 0).removesuffix("\n")
        expected = decode(arguments, ids + answer)
        if text == expected:
            good += 1
            continue
        margin = margin_of_difference(arguments, text, ids, answer, margins)
        if margin < TIE:
            good += 1
            ties.append((prompt, margin))
        print(f"     {prompt!r}: {text!r} against {expected!r} ({margin:.1e})")
    return check(good == len(PROMPTS), f"greedy text of {TOKENS} tokens after {good} of "
                 f"{len(PROMPTS)} prompts; ties {ties}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    parser.add_argument("--checks", type=pathlib.Path, default=".build/release/DistributedChecks")
    parser.add_argument("--strings", type=int, default=100_000)
    parser.add_argument("--only", choices=["ids", "loss", "greedy"])
    arguments = parser.parse_args()
    arguments.program, arguments.checks = arguments.program.resolve(), arguments.checks.resolve()
    good, parts = True, [arguments.only] if arguments.only else ["ids", "loss", "greedy"]
    if "ids" in parts:
        good &= check_ids(arguments)
    if set(parts) & {"loss", "greedy"}:
        model, start = reference(arguments), begin(arguments)
        if "loss" in parts:
            good &= check_loss(arguments, model, start)
        if "greedy" in parts:
            good &= check_greedy(arguments, model, start)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
