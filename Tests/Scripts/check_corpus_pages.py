#!/usr/bin/env python3
"""Compares the main text that `corpus` finds in pages of HTML with that of trafilatura.

Usage: check_corpus_pages.py PROGRAM TEXT FOLDER [REAL]

Makes 200 pages from paragraphs of TEXT, with menus, scripts, tables, code and footers around them, and takes 50
pages of REAL, a folder of documentation made by Sphinx, whose main text is the element with role="main". Prints the
F1 of the words of both programs, and exits 1 where ours is lower by more than 0.02.
"""
import collections
import html
import json
import os
import random
import re
import shutil
import subprocess
import sys

import trafilatura
from lxml import etree
from lxml import html as lxml_html

MENU = ["Home", "About us", "Contact", "Products", "Blog", "Log in", "Register", "Help", "Sitemap", "Imprint"]
CODE = "def main(argument):\n    for line in open(argument):\n        print(line.strip())\n"


def page(chance, paragraphs):
    """A page, and its main text."""
    chosen = chance.sample(paragraphs, chance.randrange(3, 14))
    body, truth = [], []
    title = " ".join(chosen[0].split()[:5])
    body.append(f"<h1>{html.escape(title)}</h1>")
    truth.append(title)
    for paragraph in chosen:
        kind = chance.random()
        if kind < 0.08:
            items = [" ".join(paragraph.split()[i : i + 9]) for i in range(0, 45, 9)]
            body.append("<ul>" + "".join(f"<li>{html.escape(i)}</li>" for i in items if i) + "</ul>")
            truth += items
        elif kind < 0.14:
            cells = [" ".join(paragraph.split()[i : i + 4]) for i in range(0, 24, 4)]
            rows = [cells[i : i + 3] for i in range(0, 6, 3)]
            body.append("<table>" + "".join(
                "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows) + "</table>")
            truth += cells
        elif kind < 0.2:
            body.append(f"<pre><code>{CODE}</code></pre>")
            truth.append(CODE)
        elif kind < 0.3:
            heading = " ".join(paragraph.split()[:4])
            body.append(f"<h2>{html.escape(heading)}</h2><p>{html.escape(paragraph)}</p>")
            truth += [heading, paragraph]
        else:
            words = html.escape(paragraph).split(" ")
            place = chance.randrange(len(words))
            words[place] = f'<a href="/x"><b>{words[place]}</b></a>'
            body.append(f"<p>{' '.join(words)}</p>")
            truth.append(paragraph)
    menu = "".join(f'<li><a href="/{m}">{m}</a></li>' for m in chance.sample(MENU, 6))
    side = "".join(f'<li><a href="/{n}">{" ".join(chance.choice(paragraphs).split()[:6])}</a></li>' for n in range(5))
    wrap = chance.choice(["<article>{}</article>", "<main>{}</main>", '<div class="content">{}</div>', "<div>{}</div>"])
    head = chance.choice(['<nav><ul>{}</ul></nav>', '<div class="menu"><ul>{}</ul></div>', "<ul>{}</ul>"]).format(menu)
    aside = chance.choice(['<aside><h3>Latest</h3><ul>{}</ul></aside>', '<div id="sidebar"><ul>{}</ul></div>', ""])
    foot = chance.choice(["<footer>{}</footer>", '<div class="footer">{}</div>']).format(
        "<p>Copyright 2024 Example Ltd. All rights reserved.</p><p><a href=/p>Privacy</a> <a href=/t>Terms</a></p>")
    text = (f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{html.escape(title)}</title>"
            "<style>p { color: red }</style><script>var a = '<p>not text</p>';</script></head><body>"
            f"{head}{wrap.format(''.join(body))}{aside.format(side)}{foot}"
            "<script>track('page');</script></body></html>")
    return text, "\n".join(truth)


def real_pages(folder, count):
    names = []
    for place, _, files in os.walk(folder):
        names += [os.path.join(place, name) for name in files if name.endswith(".html")]
    pages = []
    for name in random.Random(5).sample(sorted(names), len(names)):
        text = open(name, encoding="utf-8", errors="replace").read()
        tree = lxml_html.fromstring(text.encode())
        main = tree.xpath('//*[@role="main"]')
        if not main:
            continue
        for gone in main[0].xpath('.//script|.//style|.//a[@class="headerlink"]'):
            gone.drop_tree()
        truth = " ".join(t for t in main[0].itertext() if not isinstance(t, etree._Comment))
        if len(truth.split()) < 100:
            continue
        pages.append((text, truth))
        if len(pages) == count:
            break
    return pages


def words(text):
    return collections.Counter(re.findall(r"\w+", (text or "").lower()))


def score(found, truth):
    found, truth = words(found), words(truth)
    common = sum((found & truth).values())
    return 2 * common / max(1, sum(found.values()) + sum(truth.values()))


def own_texts(program, folder, pages):
    source, output = folder + "/pages", folder + "/texts"
    for place in [source, output]:
        shutil.rmtree(place, ignore_errors=True)
    os.makedirs(source)
    for number, (text, _) in enumerate(pages):
        open(f"{source}/{number:05}.html", "w", encoding="utf-8").write(text)
    subprocess.run(
        [program, "corpus", "clean", "--input", source, "--output", output, "corpus.steps=[{kind: length}]"],
        check=True, stdout=subprocess.DEVNULL)
    texts = [""] * len(pages)
    names = [f"{output}/{n}" for n in os.listdir(output) if n.startswith("part-")]
    texts_in_order = [json.loads(line)["text"] for name in sorted(names) for line in open(name, encoding="utf-8")]
    empty = set()
    for name in os.listdir(output + "/dropped"):
        for line in open(f"{output}/dropped/{name}", encoding="utf-8"):
            empty.add(int(re.search(r"(\d{5})\.html", json.loads(line)["source"]).group(1)))
    places = [n for n in range(len(pages)) if n not in empty]
    for place, text in zip(places, texts_in_order, strict=True):
        texts[place] = text
    return texts


def compare(name, program, folder, pages):
    own = own_texts(program, folder, pages)
    ours = sum(score(text, truth) for text, (_, truth) in zip(own, pages)) / len(pages)
    theirs = sum(
        score(trafilatura.extract(text, include_comments=False, include_tables=True), truth)
        for text, truth in pages) / len(pages)
    print(f"{len(pages)} {name} pages: F1 of words {ours:.4f}, trafilatura {theirs:.4f}")
    worst = sorted(range(len(pages)), key=lambda n: score(own[n], pages[n][1]))[:3]
    print("  lowest:", [(n, round(score(own[n], pages[n][1]), 3)) for n in worst])
    return ours < theirs - 0.02


def main():
    program, text, folder = sys.argv[1:4]
    os.makedirs(folder, exist_ok=True)
    chance = random.Random(1)
    paragraphs = [
        " ".join(p.split()) for p in open(text, encoding="utf-8", errors="replace").read(8_000_000).split("\n\n")
        if len(p) > 200]
    failed = compare("made", program, folder, [page(chance, paragraphs) for _ in range(200)])
    if len(sys.argv) > 4:
        failed |= compare("real", program, folder, real_pages(sys.argv[4], 50))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
