"""Makes the fixtures of the tokenizer tests with the Python libraries.

    pip install tokenizers==0.23.3 transformers==5.23.0
    SWIFT_LLM_DATA=... python Tests/Fixtures/make_tokenizer_fixtures.py

Without SWIFT_LLM_DATA the fixture of the real data (gpt2-real.json) is left as it is.
"""

import json
import os
import pathlib
import random
import struct
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


# The patterns that a tokenizer can be trained with, as published tokenizer.json files spell them.
CASED = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SIGNS = r" ?[^\s\p{L}\p{N}]+[\r\n]*"
LINES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE = r"[^\r\n\p{L}\p{N}]?"
PATHS = r" ?[^\s\p{L}\p{N}]+[\r\n/]*"
PATTERNS = {
    "cl100k": rf"{CASED}|{BEFORE}\p{{L}}+|\p{{N}}{{1,3}}|{SIGNS}|\s++\z|{LINES}",
    "o200k": rf"{BEFORE}{UPPER}*{LOWER}+{CASED}?|{BEFORE}{UPPER}+{LOWER}*{CASED}?"
             rf"|\p{{N}}{{1,3}}|{PATHS}|{LINES}",
    "llama3": rf"{CASED}|{BEFORE}\p{{L}}+|\p{{N}}{{1,3}}|{SIGNS}|{LINES}",
    "qwen2": rf"{CASED}|{BEFORE}\p{{L}}+|\p{{N}}|{SIGNS}|{LINES}",
    "tekken": rf"{BEFORE}{UPPER}*{LOWER}+|{BEFORE}{UPPER}+{LOWER}*|\p{{N}}|{PATHS}|{LINES}",
}


def make_patterns():
    """The hash of the file of a tokenizer that was trained with each pattern."""
    hashes = {}
    for name, pattern in PATTERNS.items():
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        byte_level = tokenizers.pre_tokenizers.ByteLevel
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
            tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
            byte_level(add_prefix_space=False, use_regex=False)])
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=500, special_tokens=[END], initial_alphabet=byte_level.alphabet(),
            show_progress=False)
        # The end of texts parts documents: no word crosses it.
        texts = (CORPUS + random_text()).split(END)
        tokenizer.train_from_iterator(texts, trainer)
        with tempfile.TemporaryDirectory() as folder:
            tokenizer.save(folder + "/tokenizer.json")
            data = (pathlib.Path(folder) / "tokenizer.json").read_bytes()
        hashes[name] = fnv(data)
    write("patterns.json", {"text": random_text(), "hashes": hashes})


def random_text():
    """Signs before line feeds, capitals within words, numbers, paths, spaces at the end."""
    generator = random.Random(11)
    parts = ["Don't", "DON'T", "camelCase", "HTTPServer", "1234567", "x=1;\n", "}\n\n", "// a/b/\n", " ",
             "  ", "\t", "\r\n", "été", "ÉTÉ", "日本", "٣٤", "!?", "...", "word", END]
    return "".join(generator.choice(parts) + generator.choice(["", " ", " "]) for _ in range(600)) + "  "


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


LLAMA3 = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)


def make_llama3():
    """Byte level with Llama 3's own pattern, whole pieces and a first token."""
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
        tokenizers.pre_tokenizers.Split(tokenizers.Regex(LLAMA3), "isolated"),
        byte_level(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=byte_level.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(CORPUS.split(END), trainer)
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
    first = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = tokenizers.processors.Sequence([
        tokenizers.processors.ByteLevel(trim_offsets=False),
        tokenizers.processors.TemplateProcessing(
            single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|> $B",
            special_tokens=[("<|begin_of_text|>", first)]),
    ])
    # A token that no merge makes: it is taken where it is a whole piece.
    document = json.loads(tokenizer.to_str())
    document["model"]["merges"] = document["model"]["merges"][:-20]
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(document))
    save_cases(tokenizer, "llama3", random_strings(300) + [class_text()[:1500]])


def make_sentencepiece():
    """Characters with bytes for rare ones, in the two forms in which Llama 2 is published."""
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=420, show_progress=False,
        special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)])
    learner = tokenizers.Tokenizer(tokenizers.models.BPE())
    space = "\u2581"
    learner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(split=True)
    learner.train_from_iterator([CORPUS.replace(END, " ").replace("9", "")], trainer)
    document = json.loads(learner.to_str())
    document["model"] |= {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}
    document["added_tokens"] = document["added_tokens"][:3]
    document["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": space}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    document["post_processor"] = json.loads(tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]).__getstate__())
    strings = random_strings(240) + [
        " two", "two  spaces", "   ", "\n\n", space + "x " + space, "a <s>b</s> c", "<s>", "</s> x"]
    prepend = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": space},
        {"type": "Replace", "pattern": {"String": " "}, "content": space}]}
    forms = {
        "prepend": {"normalizer": prepend, "pre_tokenizer": None},
        "metaspace": {"normalizer": None, "pre_tokenizer": {
            "type": "Metaspace", "replacement": space, "prepend_scheme": "first",
            "split": False}},
    }
    for name, form in forms.items():
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(document | form))
        save_cases(tokenizer, f"sentencepiece-{name}", strings)


def save_cases(tokenizer, name, strings):
    save(tokenizer, f"{name}-tokenizer.json")
    cases = []
    for text in strings:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        cases.append({"text": text, "ids": ids} | ({} if decoded == text else {"decoded": decoded}))
    write(f"{name}.json", {"cases": cases})


def sentencepiece_file(path):
    """Pieces and scores of a SentencePiece model, without its library."""
    def varint(data, at):
        value = shift = 0
        while True:
            byte = data[at]
            value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
            if byte < 128:
                return value, at

    def fields(data):
        at = 0
        while at < len(data):
            tag, at = varint(data, at)
            if tag & 7 == 0:
                value, at = varint(data, at)
            else:
                size, at = (4, at) if tag & 7 == 5 else varint(data, at)
                value, at = data[at:at + size], at + size
            yield tag >> 3, value

    pieces = [dict(fields(value)) for number, value in fields(path.read_bytes()) if number == 1]
    return [(p[1].decode(), struct.unpack("<f", p.get(2, bytes(4)))[0], p.get(3, 1)) for p in pieces]


def make_llama2(folder):
    """Llama 2's published model in the way of `transformers`, over the real texts."""
    pieces = sentencepiece_file(folder / "tokenizers/llama2/tokenizer.model")
    ids = {text: i for i, (text, _, _) in enumerate(pieces)}
    merges = []
    for text, score, kind in pieces:
        pairs = [(text[:i], text[i:]) for i in range(1, len(text))]
        pairs = [p for p in pairs if p[0] in ids and p[1] in ids]
        merges += [(*p, score) for p in sorted(pairs, key=lambda p: (ids[p[0]], ids[p[1]]))]
    merges.sort(key=lambda m: (m[2], len(m[0]), len(m[1])), reverse=True)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        ids, [m[:2] for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Prepend("\u2581"), tokenizers.normalizers.Replace(" ", "\u2581")])
    tokenizer.add_special_tokens([
        tokenizers.AddedToken(name, normalized=False) for name in ["<unk>", "<s>", "</s>"]])
    encoded = []
    # The last one holds "<unk>", which is a token, and no text, of this tokenizer.
    for name in ["the-verdict.txt", "tinyshakespeare.txt", "wikitext-2/valid.txt"]:
        text = (folder / "text" / name).read_bytes().decode()
        encoded.append({"file": "text/" + name} | counted(tokenizer.encode(text).ids))
    write("llama2-real.json", {"encoded": encoded})


def counted(ids):
    return {"count": len(ids), "ids": fnv(ids)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    make_character()
    make_bpe()
    make_patterns()
    make_llama3()
    make_sentencepiece()
    if "SWIFT_LLM_DATA" in os.environ:
        make_real(pathlib.Path(os.environ["SWIFT_LLM_DATA"]))
        make_llama2(pathlib.Path(os.environ["SWIFT_LLM_DATA"]))
