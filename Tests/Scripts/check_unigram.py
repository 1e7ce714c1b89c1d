#!/usr/bin/env python3
"""Holds Unigram tokenizers that the program trains against those of the `tokenizers` library, on the same text.

    pip install tokenizers==0.23.3
    python Tests/Scripts/check_unigram.py TEXT... --sizes 4000 8000 --program .build/release/swift-llm-train

The library reads the file that the program writes and gives the ids that the program gives; the text comes back from
them; a token is at least 0.98 times as many bytes as one of the library's own trainer, with as large a vocabulary.

Exit code 1: some check failed.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

BOUND = 0.98


def parts(text, size=1 << 18):
    """Cut before spaces, where no piece goes on."""
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        while end < len(text) and text[end] != " ":
            end += 1
        yield text[start:end]
        start = end


def library(path, size):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<|endoftext|>", "<unk>"], unk_token="<unk>",
        show_progress=False)
    tokenizer.train([str(path)], trainer)
    return tokenizer


def timed(body):
    start = time.perf_counter()
    return body(), time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    parser.add_argument("--sizes", nargs="*", type=int, default=[4000, 8000])
    parser.add_argument("--program", type=pathlib.Path, default=".build/release/swift-llm-train")
    parser.add_argument("--ids-alone", action="store_true",
                        help="does not train the library's own, which takes half an hour of 20 MB")
    arguments = parser.parse_args()
    program, good = arguments.program.resolve(), True
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/tokenizer.json"
        for path in arguments.texts:
            text = path.read_bytes().decode()
            pieces, size = list(parts(text)), len(text.encode())
            for vocabulary in arguments.sizes:
                _, seconds = timed(lambda: subprocess.run(
                    [program, "tokenizer", "train", "--kind", "unigram", "--input", path,
                     "--vocabulary-size", str(vocabulary), "--output", file],
                    check=True, capture_output=True))
                own = Tokenizer.from_file(file)
                ids = [own.encode(piece).ids for piece in pieces]
                backs = sum(own.decode(i, skip_special_tokens=False) == p
                            for i, p in zip(ids, pieces))
                told = subprocess.run(
                    [program, "tokenizer", "encode", "--tokenizer", file, "--input", path],
                    check=True, capture_output=True, text=True).stdout.split()
                same = [int(id) for id in told] == [id for part in ids for id in part]
                count = sum(map(len, ids))
                if arguments.ids_alone:
                    holds = same and backs == len(pieces)
                    good &= holds
                    print(f"{'ok  ' if holds else 'FAIL'} {path.name}, {vocabulary} tokens: "
                          f"{size / count:.4f} bytes a token; {count} ids {'equal' if same else 'DIFFER'}, "
                          f"{backs} of {len(pieces)} parts come back; {seconds:.1f} s", flush=True)
                    continue
                other, others = timed(lambda: library(path, vocabulary))
                theirs = sum(len(other.encode(piece).ids) for piece in pieces)
                holds = same and backs == len(pieces) and count * BOUND <= theirs
                good &= holds
                print(f"{'ok  ' if holds else 'FAIL'} {path.name}, {vocabulary} tokens "
                      f"({own.get_vocab_size()} and {other.get_vocab_size()}): {size / count:.4f} bytes a "
                      f"token, the library's trainer {size / theirs:.4f} ({theirs / count:.3f}); ids "
                      f"{'equal' if same else 'DIFFER'}, {backs} of {len(pieces)} parts come back; "
                      f"{seconds:.1f} and {others:.1f} s", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
