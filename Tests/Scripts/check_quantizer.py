#!/usr/bin/env python3
"""Holds the program's quantised GGUF files against llama.cpp's quantiser, by the loss of the model.

Exports a model whose widths 256 divides in F32 and in each type; puts into a copy of each file the blocks that
llama.cpp's `ggml_quantize_chunk` makes of the F32 values in the same types; and evaluates both files by the
program. Perplexities may differ by one hundredth.

    pip install gguf==0.19.0 numpy xllamacpp==2026.10.11549
    python Tests/Scripts/check_quantizer.py MODEL SHARDS --sequence-length 64

Exit code 1: some check failed.
"""

import argparse
import ctypes
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader

TYPES = ["q4_k_m", "q5_k_m", "q6_k", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
BOUND = 0.01


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=550)
    if result.returncode:
        sys.exit(f"{arguments}: {result.stderr[-500:]}")
    return result.stdout


def quantizer():
    import xllamacpp
    library = ctypes.CDLL(str(next(pathlib.Path(xllamacpp.__file__).parent.glob("xllamacpp*.so"))))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
        ctypes.c_int64, ctypes.c_void_p]
    return library.ggml_quantize_chunk


def requantize(path, plain, quantize):
    """Replaces the blocks of a file by llama.cpp's; returns how many bytes are now others."""
    values = {tensor.name: tensor for tensor in GGUFReader(plain).tensors}
    changed = total = 0
    with open(path, "r+b") as file:
        for tensor in GGUFReader(path).tensors:
            if tensor.tensor_type in (GGMLQuantizationType.F32, GGMLQuantizationType.F16):
                continue
            numbers = np.ascontiguousarray(values[tensor.name].data, dtype=np.float32)
            out = np.zeros(tensor.n_bytes, dtype=np.uint8)
            rows, columns = numbers.shape
            size = quantize(int(tensor.tensor_type), numbers.ctypes.data, out.ctypes.data, 0, rows,
                            columns, None)
            assert size == tensor.n_bytes, (tensor.name, size, tensor.n_bytes)
            changed += int((out != np.asarray(tensor.data).view(np.uint8).ravel()).sum())
            total += size
            file.seek(int(tensor.data_offset))
            file.write(out.tobytes())
    return changed / total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("shards")
    parser.add_argument("--sequence-length", type=int, default=64)
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    parser.add_argument("--types", nargs="*", default=TYPES)
    arguments = parser.parse_args()
    program, quantize, good = arguments.program.resolve(), quantizer(), True

    def perplexity(model):
        return json.loads(run(program, "evaluate", "--model", model, "--data", arguments.shards,
                              "--sequence-length", arguments.sequence_length))["perplexity"]

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def export(kind):
            path = folder / f"{kind}.gguf"
            run(program, "export", "--model", arguments.model, "--output", path, "--format", "gguf",
                "--type", kind)
            return path

        plain = export("f32")
        print(f"     f32: perplexity {perplexity(plain):.4f}")
        for kind in arguments.types:
            own = export(kind)
            other = folder / "llama.cpp.gguf"
            shutil.copy(own, other)
            changed = requantize(other, plain, quantize)
            ours, theirs = perplexity(own), perplexity(other)
            holds = ours <= theirs * (1 + BOUND)
            good &= holds
            print(f"{'ok  ' if holds else 'FAIL'} {kind}: perplexity {ours:.4f}, llama.cpp's blocks "
                  f"{theirs:.4f} ({100 * (ours / theirs - 1):+.2f} %); {100 * changed:.1f} % of the "
                  "bytes are others", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
