#!/usr/bin/env python3
"""Makes Tests/Fixtures/gguf/smollm2.json: the ids on which the real SmolLM2 is measured.

    pip install gguf==0.19.0 tokenizers==0.23.3
    python Tests/Fixtures/make_smollm2_fixture.py SmolLM2-135M-Instruct.Q4_1.gguf tinyshakespeare.txt

The first 8,000 characters, cut to 1,024 tokens. The ids are those of the tokenizers library for the
tokens and merges of the file with the published parts (single digits, then GPT-2's pattern); the loss is
PyTorch's for the same file dequantised (transformers 5.24, torch 2.13, fp32), in nats a token.
"""

import json
import pathlib
import sys

from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

LOSS = 3.7089


def main():
    fields = GGUFReader(sys.argv[1]).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    text = pathlib.Path(sys.argv[2]).read_text()[:8000]
    ids = tokenizer.encode(text).ids[:1024]
    target = pathlib.Path(__file__).resolve().parent / "gguf" / "smollm2.json"
    target.write_text(json.dumps({"ids": ids, "loss": LOSS}) + "\n")
    print(len(ids), ids[:8])


if __name__ == "__main__":
    main()
