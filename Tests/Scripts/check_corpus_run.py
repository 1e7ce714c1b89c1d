#!/usr/bin/env python3
"""Takes real texts in four formats, with WikiText-2 twice among them, through the recipe launch/recipes/corpus.yaml.

Usage: check_corpus_run.py PROGRAM TEXTS FOLDER [key=value ...]

Each article of WikiText-2 comes twice, in two of the formats .jsonl.zst, .parquet, .warc.gz and .html; in a tenth of
the second copies every hundredth word is another one. Nearly all articles must stay, none of them twice, their second
copies must go as exact or near duplicates, and a model must come out. Exits 1 otherwise.
"""
import collections
import gzip
import html
import json
import os
import random
import re
import shutil
import subprocess
import sys

import pyarrow
import pyarrow.parquet


def articles(path):
    parts = re.split(r"(?m)^ = ([^=\n].*[^=\n]) = $\n", open(path, encoding="utf-8").read())
    found = {title: text.strip() for title, text in zip(parts[1::2], parts[2::2]) if len(text.split()) > 150}
    return list(found.items())


def mark(line):
    return " ".join(line.split()[:12])


def marks(found):
    """The beginnings of lines of which one article alone has each: rules may take titles and others away."""
    owners = {}
    for title, text in found:
        for line in text.split("\n"):
            if len(line.split()) >= 12:
                owners.setdefault(mark(line), set()).add(title)
    return {start: titles.pop() for start, titles in owners.items() if len(titles) == 1}


def changed(text, chance):
    words = text.split(" ")
    for place in range(50, len(words), 100):
        words[place] = chance.choice(["other", "changed", "word"]) if "\n" not in words[place] else words[place]
    return " ".join(words)


def page(title, text):
    blocks = "".join(f"<p>{html.escape(line.strip())}</p>\n" for line in text.split("\n") if line.strip())
    menu = "".join(f'<li><a href="/{n}">Page {n}</a></li>' for n in range(8))
    return (f"<!DOCTYPE html><html><head><title>{html.escape(title)}</title></head><body><nav><ul>{menu}</ul></nav>"
            f"<main><h1>{html.escape(title)}</h1>{blocks}</main><footer>All rights reserved.</footer></body></html>")


def write(folder, number, documents):
    """Writes documents, each in the format that its place decides."""
    lines, rows, records = [], [], []
    os.makedirs(f"{folder}/pages-{number}")
    for index, (kind, title, text) in enumerate(documents):
        whole = f"{title}\n\n{text}"
        if kind == 0:
            lines.append(json.dumps({"text": whole, "id": index}))
        elif kind == 1:
            rows.append(whole)
        elif kind == 2:
            body = ("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page(title, text)).encode()
            head = (f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{index}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n")
            records.append(gzip.compress(head.encode() + body + b"\r\n\r\n"))
        else:
            with open(f"{folder}/pages-{number}/{index:05}.html", "w", encoding="utf-8") as file:
                file.write(page(title, text))
    subprocess.run(
        ["zstd", "-q", "-f", "-o", f"{folder}/{number}.jsonl.zst"], input="\n".join(lines).encode(), check=True)
    pyarrow.parquet.write_table(pyarrow.table({"text": rows}), f"{folder}/{number}.parquet")
    with open(f"{folder}/{number}.warc.gz", "wb") as file:
        file.write(b"".join(records))


def main():
    program, texts, folder = sys.argv[1:4]
    shutil.rmtree(folder, ignore_errors=True)
    raw, output = f"{folder}/raw", f"{folder}/run"
    os.makedirs(raw)
    chance = random.Random(1)
    found = articles(texts + "/wikitext-2/train.txt")
    second = [(t, changed(x, chance) if n % 10 == 0 else x) for n, (t, x) in enumerate(found)]
    write(raw, 1, [(n % 4, *a) for n, a in enumerate(found)])
    write(raw, 2, [((n + 1) % 4, *a) for n, a in enumerate(second)])
    for name in ["tinyshakespeare.txt", "the-verdict.txt", "tinystories_sample.txt", "classic_books_20mb.txt"]:
        shutil.copy(f"{texts}/{name}", raw)
    subprocess.run(
        ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", program, "run", "launch/recipes/corpus.yaml",
         f"corpus.input={raw}", f"output={output}", *sys.argv[4:]], check=True)
    report = json.load(open(output + "/corpus/report.json"))
    known = marks(found)

    def told(folder):
        """The title of each article in the files of a folder, and why it was dropped."""
        for name in sorted(os.listdir(folder)):
            if not os.path.isfile(f"{folder}/{name}") or ".jsonl" not in name:
                continue
            for line in open(f"{folder}/{name}", encoding="utf-8"):
                record = json.loads(line)
                titles = [known.get(mark(part)) for part in record["text"].split("\n")]
                votes = collections.Counter(title for title in titles if title is not None)
                if votes:
                    yield votes.most_common(1)[0][0], record.get("reason")

    seen = collections.Counter(title for title, _ in told(output + "/corpus"))
    kept = list(seen)
    twice = [title for title in seen if seen[title] > 1]
    # A changed copy may fall to a rule before anyone looks for copies.
    ruled = [(title, reason) for title, reason in told(output + "/corpus/dropped")
             if title in seen and not reason.endswith("_duplicate")]
    provenance = os.path.exists(output + "/checkpoints/latest/provenance.json")
    dropped = {k: v["documents"] for k, v in report["counts"]["dropped"].items()}
    copies = dropped.get("exact_duplicate", 0) + dropped.get("near_duplicate", 0)
    print(f"{len(found)} articles twice: {len(kept)} stay, {len(twice)} of them twice {twice[:3]}; "
          f"second copies that fell to a rule: {ruled}; dropped {dropped}; "
          f"the checkpoint {'tells' if provenance else 'DOES NOT TELL'} its sources")
    held = (not twice and len(kept) > 0.9 * len(found) and copies + len(ruled) >= len(kept)
            and len(ruled) < 0.01 * len(kept))
    sys.exit(0 if held and provenance else 1)


if __name__ == "__main__":
    main()
