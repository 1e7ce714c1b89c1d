"""Makes the fixtures of the tokenizer tests with the Python libraries.

    pip install tokenizers==0.23.3 transformers==5.23.0
    SWIFT_LLM_DATA=... python Tests/Fixtures/make_tokenizer_fixtures.py

Without SWIFT_LLM_DATA the fixture of the real data (gpt2-real.json) is left as it is.
"""

import json
import os
import pathlib
import random
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


END = "<|endoftext|>"
CORPUS = (
    "The trainer counts words, the trainer merges pairs; "
    "the pairs' counts change and it's done again.\n\n"
    "def merge(pairs):\n    for pair in pairs:\n        counts[pair] += 1\n"
    "\treturn counts  # 1234 5678\n"
    + END
    + "Les \u00e9l\u00e8ves \u00e9taient \u00e0 l'\u00e9cole, "
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0. "
    "aaaaaaaa abababab hello helloo hellooo Hello 'll've're\r\n   \n"
    + END + END
    + "They'll say we've counted 100, 200, 300 words: the longer the text, the better the merges."
)
ADDED = [
    tokenizers.AddedToken("<|pad|>", special=True, normalized=False),
    tokenizers.AddedToken("<|pad|>x", special=False, normalized=False),
    tokenizers.AddedToken("ab", special=False, normalized=True),
    tokenizers.AddedToken("abc d", special=False, normalized=True),
    tokenizers.AddedToken("\u00e9\u65e5", special=False, normalized=True),
    tokenizers.AddedToken("bc", special=False, normalized=False),
]


def train_bpe(texts, vocabulary_size):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    tokenizer.pre_tokenizer = byte_level(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[END],
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def random_strings(count):
    """Texts of every plane: white space, marks, emoji, contractions, long runs, added tokens."""
    generator = random.Random(7)
    choice, below = generator.choice, generator.randrange
    spaces = "\t\n\v\f\r   \x85\xa0\u1680\u2000\u2028\u202f\u3000\u200b\u180e\ufeff\x1c"
    emoji = "\U0001f469\U0001f467\u200d\ufe0f\U0001f3fd\U0001f1e6\U0001f1ff\u2640\u0301\u0323"
    parts = ["'s", "'t", "'re", "'ve", "'ll", "'d", "'S", "'r", "'l", "''s", " 's", "don't"]
    added = [END, "<|endof", "<|pad|>", "<|pad|>x", "ab", "abc d", "abc", "bc", "c d"]
    added.append("\u00e9\u65e5")
    kinds = [
        lambda: chr(choice([below(0xD800), below(0xE000, 0x110000), below(0x3000)])),
        lambda: choice([choice(spaces), chr(below(33, 127))]),
        lambda: choice(emoji),
        lambda: choice(parts + list("ab1\u00b2\u0663\u2167 ")),
        lambda: choice(added + [" ", "x"]),
        lambda: chr(below(0x400, 0x500)) if below(6) else " ",
    ]
    strings = ["", "a" * 500, "ab" * 300 + " " * 200, "\u65e5\u672c" * 80, CORPUS]
    for index in range(count):
        kind = kinds[index % len(kinds)]
        strings.append("".join(kind() for _ in range(below(1, 24))))
    return strings


def make_bpe():
    tokenizer = train_bpe(CORPUS.split(END), 400)
    configuration = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 64,
        "clean_up_tokenization_spaces": False,
        "bos_token": END,
        "eos_token": END,
    }
    auto = auto_tokenizer(tokenizer, configuration)
    strings = random_strings(300)
    cases = []
    for text in strings:
        ids = tokenizer.encode(text).ids
        assert ids == auto(text)["input_ids"], text
        assert auto.decode(ids) == text, text
        cases.append({"text": text, "ids": ids})
    save(tokenizer, "bpe-tokenizer.json")
    write(
        "bpe.json",
        {
            "corpus": CORPUS,
            "configuration": configuration,
            "cases": cases,
            "classes": fnv(tokenizer.encode(class_text()).ids),
        },
    )
    tokenizer.add_tokens(ADDED)
    save(tokenizer, "added-tokenizer.json")
    cases = [
        {"text": text, "ids": tokenizer.encode(text).ids}
        for text in random_strings(600)[9::6]
    ]
    for case in cases:
        case["decoded"] = tokenizer.decode(case["ids"], skip_special_tokens=False)
    write("added.json", {"cases": cases})


def class_text():
    """Every 17th code point after a letter, after a space, after a digit."""
    code_points = [c for c in range(0, 0x110000, 17) if not 0xD800 <= c <= 0xDFFF]
    return "".join(f"a{chr(c)} {chr(c)}1{chr(c)}" for c in code_points)


def fnv(ids):
    """64-bit FNV-1a over whole ids."""
    value = 0xCBF29CE484222325
    for i in ids:
        value = ((value ^ i) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def make_real(folder):
    texts = [
        "tinyshakespeare.txt", "the-verdict.txt", "tinystories_sample.txt", "wikitext-2/valid.txt",
        "wikitext-2/test.txt", "wikitext-2/train.txt", "classic_books_20mb.txt",
    ]
    gpt2 = tokenizers.Tokenizer.from_file(str(folder / "tokenizers/gpt2/tokenizer.json"))
    encoded, trained = [], []
    for name in texts:
        text = (folder / "text" / name).read_bytes().decode()
        ids = gpt2.encode(text).ids
        encoded.append({"file": "text/" + name, "count": len(ids), "ids": fnv(ids)})
        if len(trained) < 3:
            tokenizer = train_bpe(text.split(END), 4096)
            json_text = tokenizer.to_str(pretty=True).encode()
            trained.append({"file": "text/" + name, "vocabulary": 4096, "json": fnv(json_text)})
    write("gpt2-real.json", {"encoded": encoded, "trained": trained})


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    make_character()
    make_bpe()
    if "SWIFT_LLM_DATA" in os.environ:
        make_real(pathlib.Path(os.environ["SWIFT_LLM_DATA"]))
