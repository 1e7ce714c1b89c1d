"""Makes Tests/Fixtures/tokenizers/published.json: tokenizers with the published parts of each family.

    pip install tokenizers==0.23.3
    python Tests/Fixtures/make_published_tokenizers.py

The vocabularies are small and trained on the text below; the parts are those of the models named.
"""

import json
import pathlib
import random

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models
from tokenizers import normalizers as nz
from tokenizers import pre_tokenizers as pt
from tokenizers import processors, trainers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__

TARGET = pathlib.Path(__file__).parent / "tokenizers" / "published.json"
TEXT = (
    "The trainer counts words, the trainer merges pairs; the pairs' counts change. They'll say "
    "we've counted 100, 200, 1234567 words: the longer the text, the better the merges.\n\n"
    "def merge(pairs):\n    for pair in pairs:\n        counts[pair] += 1  // x\n\treturn {}\r\n"
    "Les \u00e9l\u00e8ves \u00e9taient \u00e0 l'\u00e9cole. \u65e5\u672c\u8a9e\u306e\u6587\u7ae0 "
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \ud55c\uad6d\uc5b4 HelloWorld "
    "McDonald XMLHttpRequest IT'S don't\n"
)
DATA = [TEXT] * 4
MARK = "\u2581"
END = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (
    CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + END
)
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER, LOWER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]", "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
FIRST, SIGNS = "[^\\r\\n\\p{L}\\p{N}]?", " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
TEKKEN = f"{FIRST}{UPPER}*{LOWER}+|{FIRST}{UPPER}+{LOWER}*|\\p{{N}}|{SIGNS}{END}"
O200K = (
    f"{FIRST}{UPPER}*{LOWER}+{CONTRACTIONS}?|{FIRST}{UPPER}+{LOWER}*{CONTRACTIONS}?"
    f"|\\p{{N}}{{1,3}}|{SIGNS}{END}"
)


def byte_level(uses_regex):
    return pt.ByteLevel(add_prefix_space=False, use_regex=uses_regex)


def split(pattern):
    return pt.Sequence([pt.Split(Regex(pattern), "isolated"), byte_level(False)])


def byte_pairs(pieces, normalizer=None, special=("<|endoftext|>",), added=(), whole=False, first=None):
    tokenizer = Tokenizer(models.BPE(ignore_merges=whole))
    tokenizer.pre_tokenizer = pieces
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=pt.ByteLevel.alphabet(), special_tokens=list(special),
        show_progress=False)
    tokenizer.train_from_iterator(DATA, trainer)
    if whole:
        document = json.loads(tokenizer.to_str())
        document["model"]["merges"] = document["model"]["merges"][:-20]
        tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.add_tokens(list(added))
    if first:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=first + " $A", special_tokens=[(first, tokenizer.token_to_id(first))])
    return tokenizer


def sentence_pieces(form, added=(), has_bytes=True):
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pt.Metaspace(split=True)
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=400, show_progress=False, limit_alphabet=60, special_tokens=names)
    learner.train_from_iterator(DATA, trainer)
    document = json.loads(learner.to_str())
    document["model"] |= {"byte_fallback": has_bytes, "fuse_unk": True, "unk_token": "<unk>"}
    document["added_tokens"] = document["added_tokens"][:3]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": MARK}
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if form != "gemma" else []
    document["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": MARK}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"}] + strip}
    document["normalizer"] = {
        "prepend": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": MARK}, replace]},
        "gemma": replace,
    }.get(form)
    document["pre_tokenizer"] = {
        "first": {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "first",
                  "split": False},
        "gemma": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                  "invert": False},
        "split": {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always",
                  "split": True},
    }.get(form)
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.add_tokens(list(added))
    return tokenizer


def unigram(pieces, normalizer=None, has_bytes=False):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pieces
    if normalizer:
        tokenizer.normalizer = normalizer
    names = ["<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(DATA, trainers.UnigramTrainer(
        vocab_size=150, show_progress=False, unk_token="<unk>", special_tokens=names))
    tokenizer.decoder = decoders.Metaspace()
    if has_bytes:
        document = json.loads(tokenizer.to_str())
        document["model"]["byte_fallback"] = True
        document["model"]["vocab"] += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
        tokenizer = Tokenizer.from_str(json.dumps(document))
    return tokenizer


def families():
    chat = [AddedToken(f"<|im_{name}|>", special=True, normalized=False) for name in ("start", "end")]
    llama3 = ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>")
    digits = pt.Digits(individual_digits=True)
    yield "gpt2", byte_pairs(byte_level(True))
    yield "llama3", byte_pairs(split(LLAMA3), special=llama3, whole=True, first=llama3[0])
    yield "olmo2", byte_pairs(split(LLAMA3), added=chat)
    yield "qwen2", byte_pairs(split(QWEN2), nz.NFC(), added=chat)
    yield "smollm2", byte_pairs(pt.Sequence([digits, byte_level(True)]), added=chat)
    yield "tekken", byte_pairs(
        split(TEKKEN), special=("<unk>", "<s>", "</s>", "[INST]"), whole=True, first="<s>")
    yield "o200k", byte_pairs(split(O200K))
    yield "neox", byte_pairs(byte_level(True), nz.NFC(), added=[
        AddedToken(" " * count, normalized=True) for count in range(6, 1, -1)])
    yield "llama2", sentence_pieces("prepend")
    yield "mistral", sentence_pieces("first")
    yield "gemma", sentence_pieces("gemma", added=[
        AddedToken("<bos>", special=True), AddedToken("\n\n", normalized=False)])
    yield "phi3", sentence_pieces("prepend", added=[
        AddedToken("<|user|>", special=True, rstrip=True, normalized=False),
        AddedToken("<|end|>", special=True, rstrip=True)])
    yield "spm-split", sentence_pieces("split")
    yield "spm-unk", sentence_pieces("prepend", has_bytes=False)
    yield "spm-normalized", sentence_pieces("prepend", added=[
        AddedToken("ab cd", normalized=True), AddedToken("x y", normalized=True, lstrip=True)])
    yield "flags", byte_pairs(byte_level(True), added=[
        AddedToken("<m>", lstrip=True, normalized=False), AddedToken("<r>", rstrip=True),
        AddedToken("<b>", lstrip=True, rstrip=True), AddedToken("word", single_word=True),
        AddedToken("  x", normalized=False, lstrip=True)])
    yield "prefix", byte_pairs(pt.ByteLevel(add_prefix_space=True), added=chat)
    yield "digits3", byte_pairs(pt.Sequence([
        pt.Digits(individual_digits=False),
        pt.Split(Regex("\\d{1,3}(?=(?:\\d{3})*\\b)"), "isolated"), byte_level(True)]))
    cuts = ["[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"]
    yield "deepseek", byte_pairs(pt.Sequence(
        [pt.Split(Regex(cut), "isolated") for cut in cuts] + [digits, byte_level(False)]))
    yield "bloom", byte_pairs(split(
        " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"))
    yield "white", byte_pairs(
        pt.Sequence([
            pt.WhitespaceSplit(), pt.Punctuation("merged_with_previous"), byte_level(True)]),
        nz.Sequence([nz.Strip(), nz.Lowercase(), nz.Replace(Regex("\\s{2,}"), " ")]))
    yield "white2", byte_pairs(
        pt.Sequence([pt.Whitespace(), byte_level(False)]),
        nz.Sequence([nz.NFKC(), nz.Replace("e", "3")]))
    yield "uni-meta", unigram(pt.Metaspace())
    yield "uni-nosplit", unigram(pt.Metaspace(split=False, prepend_scheme="first"))
    yield "uni-bytes", unigram(pt.Metaspace(), has_bytes=True)
    yield "uni-nfkc", unigram(
        pt.Metaspace(prepend_scheme="never"),
        nz.Sequence([nz.NFKC(), nz.Replace(Regex(" {2,}"), " ")]))


def strings(names, count=120):
    generator = random.Random(11)
    choice, below = generator.choice, generator.randrange
    spaces = "\t\n\v   \x85\xa0\u2028\u3000\u200b\n\n\r\n"
    words = (
        "the The THE don't DON'T 's 'S '\u017f 'RE HelloWorld 12 1234 \u00bd \u00b2 \u0663\u0664 007 "
        "1,000 // /* */ x_y \u00e9 e\u0301 \u212b \u65e5\u672c \u1100\u1161\u11a8 \u01c5 \u02b0 "
        "\U0001f600 \u0301 \ufb01 ab cd word x y"
    ).split(" ")
    kinds = [
        lambda: chr(choice([below(0x20, 0xD800), below(0xE000, 0x1FB00)])),
        lambda: choice(spaces), lambda: choice(words), lambda: chr(below(33, 127)),
        lambda: choice(names), lambda: choice([" ", "  ", "\n"]) + choice(words),
        lambda: choice("aAbB1 \u0301\u01c5\u02b0'/\n!"),
    ]
    result = ["", "a" * 200, " lead", "trail ", TEXT]
    while len(result) < count:
        result.append("".join(choice(kinds)() for _ in range(below(1, 16))))
    return result


def main():
    result = []
    for name, tokenizer in families():
        names = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
        cases = []
        for text in strings(names):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            decoded = tokenizer.decode(ids, skip_special_tokens=False)
            same = {} if decoded == text else {"decoded": decoded}
            cases.append({"text": text, "ids": ids} | same)
        result.append({"name": name, "tokenizer": tokenizer.to_str(), "cases": cases})
    text = json.dumps({"families": result}, ensure_ascii=True, separators=(",", ":"))
    TARGET.write_text(text + "\n")


if __name__ == "__main__":
    main()
