#!/usr/bin/env python3
"""Compares the rules of `corpus clean` with those of datatrove on dirty documents.

Usage: check_corpus.py PROGRAM TEXT FOLDER [COUNT]

Makes COUNT documents from TEXT, cleans them with PROGRAM and with the filters of datatrove, whose word and
sentence splitters are replaced by the rules of the program, and prints how often both agree on keeping
and on the first reason, and how long each took on one core. Exits 1 below 99.9 %.
"""
import json
import os
import random
import subprocess
import sys
import time

import regex

JOINED = regex.compile(
    r"[\p{L}\p{M}\p{N}_]+(?:(?:['’]|(?<=\p{Nd})[.,](?=\p{Nd}))[\p{L}\p{M}\p{N}_]+)*|([^\p{L}\p{M}\p{N}_\s])\1*")


class Splitter:
    """The words and sentences of the program."""

    def word_tokenize(self, text):
        return [match.group(0) for match in JOINED.finditer(text)]

    def span_tokenize(self, text):
        from datatrove.utils.text import TERMINAL_PUNCTUATION

        ends = "".join(TERMINAL_PUNCTUATION) + "…"
        spans, start = [], 0
        pattern = "[%s][%s]*(?=\\s)" % (regex.escape(ends), regex.escape(ends + "\"')]}”’»"))
        body = text.rstrip()
        for match in regex.finditer(pattern, body):
            spans.append((start, match.end()))
            start = match.end()
        return spans + [(start, len(text))]


def load_filters():
    import datatrove.utils.word_tokenizers as tokenizers

    tokenizers.load_word_tokenizer = lambda language: Splitter()
    from datatrove.pipeline.filters.c4_filters import C4QualityFilter
    from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
    from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
    from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter

    return [
        GopherRepetitionFilter(), GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False), FineWebQualityFilter(),
    ]


def dirty(text, chance):
    """A stretch of the text, spoilt in some ways."""
    start = chance.randrange(len(text) - 9000)
    document = text[start:start + chance.choice([60, 300, 900, 2000, 5000, 8000])]
    if chance.random() < 0.7:
        document = document.replace("\n\n", "\x00").replace("\n", " ").replace("\x00", "\n\n")
    ways = [
        lambda d: d + "\n" + d[: len(d) // 3],
        lambda d: "\n".join("• " + line for line in d.split("\n")),
        lambda d: "\n".join("- " + line for line in d.split("\n") if line),
        lambda d: d.replace(".", "...", chance.randrange(1, 60)),
        lambda d: d.replace(" ", " # ", chance.randrange(1, 200)),
        lambda d: d + "\nLorem ipsum dolor sit amet.",
        lambda d: d + "\nPlease enable JavaScript to go on.\nWe use cookies here on this page.",
        lambda d: d + "\nfunction f() { return 1; } is a line of code",
        lambda d: d.replace("the", "").replace("and", "").replace("of", "").replace("to", ""),
        lambda d: " ".join(str(chance.randrange(10**chance.randrange(1, 9))) for _ in range(300)) + d[:400],
        lambda d: (d[:200] + " ") * chance.randrange(2, 8) + d,
        lambda d: d.replace(".", "").replace("\n", "\n"),
        lambda d: regex.sub(r"(?<=\w\w\w) ", "\n", d, count=chance.randrange(5, 200)),
        lambda d: d.replace("e", "é").replace("a", "ä").replace("'", "’").replace('"', "“"),
        lambda d: d[:500] + "日本語の文章です。" * chance.randrange(1, 40),
        lambda d: d.replace(" ", "[12] ", chance.randrange(1, 9)) + " [citation needed] [edit]",
        lambda d: "\n".join(line + "…" for line in d.split("\n")),
        lambda d: d.replace("\n", "\r\n") + "\u2028one more\x0bline\x1cof it\x85.",
        lambda d: d + "\n" + "x" * chance.randrange(500, 1500) + " is a long word here.",
        lambda d: d.upper(),
        lambda d: d.replace(" ", ""),
        lambda d: d.replace(". ", ".\n"),
        lambda d: "\n\n".join([d[:300]] * 2 + [d]),
        lambda d: d.replace(" ", "  \u00a0") + "\t\n \n",
    ]
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        document = chance.choice(ways)(document)
    return document


def own_answers(program, folder, documents):
    source, output = f"{folder}/dirty.jsonl", f"{folder}/clean"
    with open(source, "w", encoding="utf-8") as file:
        for number, document in enumerate(documents):
            file.write(json.dumps({"text": document, "id": number}) + "\n")
    steps = "[gopher_repetition, gopher_quality, {kind: c4, terminal_punctuation: false}, fineweb]"
    began = time.time()
    subprocess.run(
        [program, "corpus", "clean", "--input", source, "--output", output, "corpus.steps=" + steps],
        check=True, stdout=subprocess.DEVNULL)
    seconds = time.time() - began
    answers = {}
    for place in [output, output + "/dropped"]:
        for name in sorted(os.listdir(place)):
            if not name.endswith(".jsonl"):
                continue
            for line in open(f"{place}/{name}", encoding="utf-8"):
                record = json.loads(line)
                answers[record["id"]] = (record.get("reason"), record["text"])
    return answers, seconds


def their_answers(documents):
    from datatrove.data import Document

    filters = load_filters()
    for module in ["gopher_repetition_filter", "gopher_quality_filter", "fineweb_quality_filter"]:
        __import__("datatrove.pipeline.filters." + module)
    answers = {}
    began = time.time()
    for number, text in enumerate(documents):
        document = Document(text=text, id=str(number))
        reason = None
        for one in filters:
            result = one.filter(document)
            kept, why = result if isinstance(result, tuple) else (result, None)
            if not kept:
                reason = why
                break
        answers[number] = (reason, document.text if reason is None else text)
    return answers, time.time() - began


def main():
    program, text, folder = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 10000
    os.makedirs(folder, exist_ok=True)
    chance = random.Random(1)
    text = open(text, encoding="utf-8", errors="replace").read()
    documents = [dirty(text, chance) for _ in range(count)]
    own, own_seconds = own_answers(program, folder, documents)
    theirs, their_seconds = their_answers(documents)
    different = [n for n in range(count) if own[n][0] != theirs[n][0]]
    other_texts = [n for n in range(count) if own[n] != theirs[n] and own[n][0] == theirs[n][0]]
    for number in different[:10]:
        print(number, "program:", own[number][0], "datatrove:", theirs[number][0])
    for number in other_texts[:3]:
        print(number, "texts differ:", own[number][1][:80].encode(), theirs[number][1][:80].encode())
    reasons = {}
    for reason, _ in theirs.values():
        reasons[str(reason)] = reasons.get(str(reason), 0) + 1
    print(json.dumps(reasons, sort_keys=True))
    print(
        f"{count - len(different)} of {count} documents agree; {len(other_texts)} kept texts differ; "
        f"{own_seconds:.2f} s, datatrove {their_seconds:.2f} s: {their_seconds / own_seconds:.1f} times")
    sys.exit(0 if len(different) <= count // 1000 else 1)


if __name__ == "__main__":
    main()
