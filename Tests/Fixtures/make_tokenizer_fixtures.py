"""Makes the fixtures of the tokenizer tests with the Python libraries.

    pip install tokenizers==0.23.3 transformers==5.23.0
    python Tests/Fixtures/make_tokenizer_fixtures.py
"""

import json
import pathlib
import tempfile

import tokenizers
import transformers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
assert transformers.__version__ == "5.23.0", transformers.__version__

FOLDER = pathlib.Path(__file__).parent / "tokenizers"

CHARACTER_TEXT = (
    "Don't  panic,\r\n\tworld. \u00a0x !\n\n\n\u00e9 e\u0301 \u212b\u00c5 \u65e5\u672c "
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \0\x7f\ufeff\u2028\\\"/<|endoftext|> \u0301\u0301 "
)


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n")


def save(tokenizer, name):
    tokenizer.save(str(FOLDER / name), pretty=True)


def auto_tokenizer(tokenizer, configuration):
    """What AutoTokenizer makes of the files beside a GPT-2 model."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps(configuration))
        (folder / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
        return transformers.AutoTokenizer.from_pretrained(folder)


def make_character():
    vocabulary = {c: i for i, c in enumerate(sorted(set(CHARACTER_TEXT)))}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.decoder = tokenizers.decoders.Fuse()
    configuration = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 64,
        "clean_up_tokenization_spaces": False,
    }
    ids = tokenizer.encode(CHARACTER_TEXT).ids
    auto = auto_tokenizer(tokenizer, configuration)
    assert ids == auto(CHARACTER_TEXT)["input_ids"]
    assert tokenizer.decode(ids) == auto.decode(ids) == CHARACTER_TEXT
    save(tokenizer, "character-tokenizer.json")
    write("character.json", {"text": CHARACTER_TEXT, "ids": ids, "configuration": configuration})


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    make_character()
