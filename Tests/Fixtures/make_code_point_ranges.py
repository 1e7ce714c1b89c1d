"""Writes Sources/Tokenizers/CodePointRanges.swift: the classes of the regex engine of `tokenizers`.

    pip install tokenizers==0.23.3
    python Tests/Fixtures/make_code_point_ranges.py
"""

import pathlib

import tokenizers
from tokenizers import Regex, pre_tokenizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__

TARGET = pathlib.Path(__file__).parents[2] / "Sources/Tokenizers/CodePointRanges.swift"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def members(pattern):
    """All code points that the engine puts into the class."""
    splitter = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for start in range(0, len(CODE_POINTS), 20_000):
        text = "".join(map(chr, CODE_POINTS[start : start + 20_000]))
        for piece, _ in splitter.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def ranges(code_points):
    result = []
    for c in sorted(code_points):
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return result


def declaration(name, pattern):
    numbers = [f"0x{c:04X}" for pair in ranges(members(pattern)) for c in pair]
    lines, line = [], ""
    for number in numbers:
        if len(line) + len(number) + 2 > 90:
            lines.append(line.rstrip())
            line = ""
        line += number + ", "
    lines.append(line.rstrip())
    body = "\n".join("        " + line for line in lines)
    return f"    /// `{pattern}`\n    static let {name}: [UInt32] = [\n{body}\n    ]\n"


TARGET.write_text(
    "/// First and last code point of each range of the classes in GPT-2's pattern, "
    "as the regex\n"
    "/// engine of `tokenizers` has them. Made by Tests/Fixtures/make_code_point_ranges.py.\n"
    "enum CodePointRanges {\n"
    + "\n".join(
        declaration(name, pattern)
        for name, pattern in [("letters", r"\p{L}"), ("numbers", r"\p{N}"), ("whitespace", r"\s")]
    )
    + "}\n"
)
