"""Writes Sources/Tokenizers/Unicode/CodePointTable.swift: the classes of the engines in `tokenizers`.

    pip install tokenizers==0.23.3
    python3.11 Tests/Fixtures/make_code_point_ranges.py

Python 3.11 has the composing characters of Unicode 14, as far as `tokenizers` composes any.
"""

import pathlib
import unicodedata

import tokenizers
from tokenizers import Regex, pre_tokenizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version

TARGET = pathlib.Path(__file__).parents[2] / "Sources/Tokenizers/Unicode/CodePointTable.swift"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CATEGORIES = (
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn"
).split()
SCRIPTS = "Han Hiragana Katakana Hangul Latin Greek Cyrillic Arabic Hebrew Thai Devanagari".split()


def members(splitter):
    """All code points that a splitter keeps."""
    found = set()
    for start in range(0, len(CODE_POINTS), 20_000):
        text = "".join(map(chr, CODE_POINTS[start : start + 20_000]))
        for piece, _ in splitter.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def matched(pattern):
    return members(pre_tokenizers.Split(Regex(pattern), "removed", invert=True))


def isolated(splitter):
    """All code points that a splitter cuts out of letters."""
    found = set()
    for start in range(0, len(CODE_POINTS), 20_000):
        text = "".join(f"a{chr(c)}a" for c in CODE_POINTS[start : start + 20_000])
        for piece, _ in splitter.pre_tokenize_str(text):
            if len(piece) == 1 and piece != "a":
                found.add(ord(piece))
    return found


def ranges(code_points):
    result = []
    for c in sorted(code_points):
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return result


def composing():
    """What NFC may change, alone or beside its neighbours."""
    found = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for c in CODE_POINTS:
        text = chr(c)
        if unicodedata.combining(text) or unicodedata.normalize("NFC", text) != text:
            found.add(c)
        parts = unicodedata.decomposition(text).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            found.add(int(parts[1], 16))
    return found


def wrapped(words, indent="        ", width=98):
    lines, line = [], indent
    for word in words:
        if len(line) + len(word) > width:
            lines.append(line.rstrip())
            line = indent
        line += word
    return "\n".join(lines + [line.rstrip()])


def declaration(name, comment, code_points):
    words = [f"0x{c:04X}, " for pair in ranges(code_points) for c in pair]
    return f"    /// {comment}\n    static let {name}: [UInt32] = [\n{wrapped(words)}\n    ]\n"


def main():
    category = {}
    for index, name in enumerate(CATEGORIES):
        for c in matched(rf"\p{{{name}}}"):
            category[c] = index
    runs = []
    for c in range(0x110000):
        index = category.get(c, CATEGORIES.index("Cs"))
        if runs and runs[-1][0] == index:
            runs[-1][1] += 1
        else:
            runs.append([index, 1])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"
    text = [letters[i] + (str(n) if n > 1 else "") for i, n in runs]
    kind = {c: CATEGORIES[i] for c, i in category.items()}
    words = {c for c, k in kind.items() if k[0] in "LMN" or k == "Pc"}
    punctuation = {c for c, k in kind.items() if k[0] == "P"} | set(map(ord, "$+<=>^`|~"))
    numbers = {c for c, k in kind.items() if k[0] == "N"}
    parts = [
        "/// The classes of code points in the engines of `tokenizers`. Made by\n"
        "/// Tests/Fixtures/make_code_point_ranges.py.\n"
        "enum CodePointTable {\n"
        "    /// The general categories of all code points in order, as runs: a letter from A on "
        "for the category,\n"
        "    /// in the order of `GeneralCategory`, then the length of the run where it is not 1.\n"
        '    static let categories = """\n' + wrapped(text) + '\n        """\n',
        declaration("whitespace", r"`\s`", matched(r"\s")),
        declaration(
            "unlikeWords", r"Where `\w` differs from letters, marks, numbers and connectors.",
            words ^ matched(r"\w")),
        declaration(
            "unlikePunctuation",
            "Where the pre-tokenizer Punctuation differs from the categories P and ASCII.",
            punctuation ^ isolated(pre_tokenizers.Punctuation("isolated"))),
        declaration(
            "unlikeNumbers", "Where the pre-tokenizer Digits differs from the category N.",
            numbers ^ isolated(pre_tokenizers.Digits(individual_digits=True))),
        declaration(
            "composing", "What NFC may change, alone or beside its neighbours.", composing()),
        "    /// The ranges of scripts by their names.\n"
        "    static let scripts: [String: [UInt32]] = [\n"
        + "\n".join(
            f'        "{name.lower()}": [\n'
            + wrapped(
                [f"0x{c:04X}, " for pair in ranges(matched(rf"\p{{{name}}}")) for c in pair],
                "            ")
            + "\n        ],"
            for name in SCRIPTS)
        + "\n    ]\n",
    ]
    TARGET.write_text("\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
