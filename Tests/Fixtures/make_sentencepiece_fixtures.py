"""Makes Tests/Fixtures/tokenizers/sentencepiece-*.model and sentencepiece-models.json with SentencePiece.

    pip install sentencepiece==0.2.3
    python Tests/Fixtures/make_sentencepiece_fixtures.py
"""

import io
import json
import pathlib
import random

import sentencepiece

FOLDER = pathlib.Path(__file__).parent / "tokenizers"
TEXT = (
    "The trainer counts words and merges pairs; the longer the text, the better the merges. "
    "They'll say we've counted 100, 200 and 1234567 words.\n"
    "Les \u00e9l\u00e8ves \u00e9taient \u00e0 l'\u00e9cole. \u65e5\u672c\u8a9e\u306e\u6587\u7ae0 "
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440, hello world again and again.\n"
)
SAME = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "byte_fallback": True}
MODELS = {
    "unigram": {"model_type": "unigram", "vocab_size": 330} | SAME,
    "bpe": {"model_type": "bpe", "vocab_size": 360, "split_digits": True} | SAME,
    "unknown": {
        "model_type": "unigram", "vocab_size": 90, "normalization_rule_name": "identity"},
    "plain": {
        "model_type": "bpe", "vocab_size": 110, "normalization_rule_name": "identity",
        "add_dummy_prefix": False},
}


def strings():
    generator = random.Random(3)
    choice, below = generator.choice, generator.randrange
    words = TEXT.split() + ["x", " ", "  ", "\n", "\t", "\u00e9", "\u65e5", "\U0001f600", "12", "the"]
    result = ["", " ", "   ", " lead", "trail ", "a  b   c", TEXT]
    while len(result) < 150:
        parts = [choice(words) if below(4) else chr(below(0x21, 0x3000)) for _ in range(below(1, 14))]
        result.append(choice(["", " "]).join(parts))
    return result


def main():
    result = []
    for name, settings in MODELS.items():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXT.splitlines() * 8), model_writer=model, minloglevel=2,
            character_coverage=0.985, hard_vocab_limit=False, **settings)
        (FOLDER / f"sentencepiece-{name}.model").write_bytes(model.getvalue())
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        cases = [{"text": text, "ids": processor.encode(text)} for text in strings()]
        result.append({"name": name, "cases": cases})
    text = json.dumps({"models": result}, ensure_ascii=True, separators=(",", ":"))
    (FOLDER / "sentencepiece-models.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
