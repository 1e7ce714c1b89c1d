"""Makes Tests/Fixtures/tokenizers/expressions.json: random patterns and texts with the pieces of the
regex engine of `tokenizers`.

    pip install tokenizers==0.23.3
    python Tests/Fixtures/make_expression_fixtures.py [COUNT SEED FILE]

Conditions stand outside of repeats, whose empty turns engines end in different ways.
"""

import json
import pathlib
import random
import sys

import tokenizers
from tokenizers import Regex, pre_tokenizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__

TARGET = pathlib.Path(__file__).parent / "tokenizers" / "expressions.json"
SETS = [
    r"\s", r"\S", r"\d", r"\w", r"\W", r"\p{L}", r"\p{N}", r"\P{L}", r"\p{Lu}", r"\p{Ll}", r"\p{M}",
    r"\p{P}", r"\p{S}", r"\p{^N}", r"\p{Han}", r"\h", ".",
]
LITERALS = ["a", "b", "A", "k", "K", "1", "'", " ", r"\n", r"\r", "-", "\u65e5", r"\.", "_"]
BORDERS = ["^", "$", r"\b", r"\B", r"\A", r"\z", r"\Z"]
BEHIND = ["a", r"\s", "[ab]", "ab|c", r"\p{L}", "a{2}"]
TEXTS = list("aabbAsSkK1 '\n\r-\u00e9\u65e5._x \u017f\u212a\u00df\u0301 2B\t") + ["ab", "  ", "\n\n"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def chance(self, share):
        return self.random.random() < share

    def character_class(self):
        items = SETS[:-1] + ["a", "b", "\u00e9", "1", "'", r"\n", r"\-", "a-f", "0-9", "A-Z", "[ab]"]
        text = "".join(self.pick(items) for _ in range(self.random.randrange(1, 4)))
        if self.chance(0.1):
            text += "&&" + self.pick(["[a-z]", r"\p{L}", "[^a]"])
        return "[" + ("^" if self.chance(0.35) else "") + text + "]"

    def atom(self, depth):
        share = self.random.random()
        if share < 0.35 or depth <= 0 and share >= 0.75:
            return self.pick(LITERALS)
        if share < 0.55:
            return self.pick(SETS)
        if share < 0.75:
            return self.character_class()
        opening = self.pick(["(?:", "(?:", "(", "(?i:", "(?>", "(?m:"])
        return opening + self.alternatives(depth - 1) + ")"

    def repeated(self, atom):
        if self.chance(0.5):
            return atom
        bounds = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "{,2}", "{1,2}"]
        return atom + self.pick(bounds) + self.pick(["", "", "", "?", "+"])

    def sequence(self, depth):
        return "".join(
            self.repeated(self.atom(depth)) for _ in range(self.random.randrange(1, 4)))

    def alternatives(self, depth):
        return "|".join(self.sequence(depth) for _ in range(self.pick([1, 1, 1, 2, 2, 3])))

    def condition(self):
        if self.chance(0.4):
            return self.pick(BORDERS)
        if self.chance(0.5):
            return self.pick(["(?=", "(?!"]) + self.alternatives(0) + ")"
        return self.pick(["(?<=", "(?<!"]) + self.pick(BEHIND) + ")"

    def pattern(self):
        parts = []
        for _ in range(self.pick([1, 2, 2, 3])):
            before = self.condition() if self.chance(0.15) else ""
            parts.append(before + self.sequence(2) + (self.condition() if self.chance(0.2) else ""))
        return "|".join(parts)

    def text(self):
        return "".join(self.pick(TEXTS) for _ in range(self.random.randrange(0, 24)))


def cases(count, seed):
    maker = Maker(seed)
    result = []
    while len(result) < count:
        pattern = maker.pattern()
        for _ in range(2):
            text = maker.text()
            try:
                pieces = pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str(text)
            except BaseException:
                # Not a pattern, or one that explodes, which the library dies of.
                continue
            result.append({
                "pattern": pattern, "text": text, "pieces": [piece for piece, _ in pieces]})
    return result


if __name__ == "__main__":
    count, seed = (int(value) for value in (sys.argv[1:3] or (1200, 4)))
    target = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else TARGET
    text = json.dumps({"cases": cases(count, seed)}, ensure_ascii=True, separators=(",", ":"))
    target.write_text(text + "\n")
