#!/usr/bin/env python3
"""Compares the deduplication of `corpus` with exact Jaccard similarities, datatrove and rensa.

Usage: check_corpus_duplicates.py PROGRAM TEXT FOLDER [COUNT]

Makes COUNT pairs of documents from TEXT whose second ones have some words changed, and prints for each
range of the exact similarity of their sets of 5 words how often the program finds the pair: with the check
it must find at least 98 % of those from 0.87 on, and none below 0.8; without it as often as
1 - (1 - s^8)^14 says, within five standard deviations. Then compares `near.exhaustive` with brute force, and times the
signatures and the whole deduplication against datatrove and rensa, each on one core.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import time

SHINGLE = 5
# Of as many the fastest counts: other programs may share the machine.
ROUNDS = 7


def shingles(text):
    words = text.lower().split()
    return {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}


def jaccard(left, right):
    return len(left & right) / len(left | right)


def plain_words(text):
    return [word for word in text.split() if word.isalpha() and word.isascii()]


def pairs(words, chance, count):
    """Documents of 60 to 400 words of their own, and copies with words changed."""
    vocabulary = sorted(set(words))
    made = []
    for number in range(count):
        document = [chance.choice(vocabulary) for _ in range(chance.randrange(60, 400))]
        copy = list(document)
        for place in chance.sample(range(len(copy)), int(len(copy) * chance.random() * 0.08)):
            copy[place] = chance.choice(vocabulary)
        made.append((" ".join(document), " ".join(copy)))
    return made


def write(path, texts):
    with open(path, "w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"text": text, "id": number}) + "\n")


def dropped(program, folder, source, keys):
    """The ids of the documents that go, and seconds."""
    output = f"{folder}/unique"
    shutil.rmtree(output, ignore_errors=True)
    began = time.time()
    subprocess.run(
        [program, "corpus", "deduplicate", "--input", source, "--output", output, *keys],
        check=True, stdout=subprocess.DEVNULL)
    seconds = time.time() - began
    ids = set()
    for name in os.listdir(output + "/dropped"):
        for line in open(f"{output}/dropped/{name}", encoding="utf-8"):
            ids.add(json.loads(line)["id"])
    return ids, seconds


def check_pairs(program, words, folder, count):
    made = pairs(words, random.Random(1), count)
    source = f"{folder}/pairs.jsonl"
    write(source, [text for pair in made for text in pair])
    similar = [jaccard(shingles(a), shingles(b)) for a, b in made]
    failures = 0
    for verify in ["0.8", "none"]:
        ids, _ = dropped(program, folder, source, ["corpus.deduplicate.near.verify=" + verify])
        found = [2 * n + 1 in ids for n in range(count)]
        wrong = [i for i in ids if i % 2 == 0]
        failures += len(wrong)
        for low in [0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.87, 0.9, 0.95]:
            high = {0.3: 0.5, 0.5: 0.6, 0.6: 0.7, 0.7: 0.75, 0.75: 0.8, 0.8: 0.85, 0.85: 0.87,
                    0.87: 0.9, 0.9: 0.95, 0.95: 1.01}[low]
            inside = [n for n in range(count) if low <= similar[n] < high]
            if not inside:
                continue
            share = sum(found[n] for n in inside) / len(inside)
            chances = [1 - (1 - similar[n] ** 8) ** 14 for n in inside]
            expected = sum(chances) / len(inside)
            deviation = (sum(c * (1 - c) for c in chances)) ** 0.5 / len(inside)
            print(f"verify {verify}: similarity {low} to {high}: found {share:.4f} of {len(inside)}, "
                  f"the formula says {expected:.4f}")
            if verify == "none" and abs(share - expected) > 5 * deviation + 0.002:
                failures += 1
            if verify == "0.8" and low >= 0.87 and share < 0.98:
                failures += 1
            if verify == "0.8" and high <= 0.8 and share > 0:
                failures += 1
    return failures


def check_exhaustive(program, words, folder, count=5000):
    chance = random.Random(2)
    documents = []
    for number in range(count):
        if documents and chance.random() < 0.4:
            text = chance.choice(documents).split()
            for _ in range(chance.randrange(1, 12)):
                text[chance.randrange(len(text))] = chance.choice(words)
        else:
            text = [chance.choice(words) for _ in range(chance.randrange(40, 120))]
        documents.append(" ".join(text))
    source = f"{folder}/all.jsonl"
    write(source, documents)
    sets = [shingles(text) for text in documents]
    root = list(range(count))

    def find(n):
        while root[n] != n:
            n = root[n]
        return n

    places = {}
    for number, own in enumerate(sets):
        for shingle in own:
            places.setdefault(shingle, []).append(number)
    for left in range(count):
        others = {n for shingle in sets[left] for n in places[shingle] if n > left}
        for right in others:
            if jaccard(sets[left], sets[right]) >= 0.8:
                a, b = find(left), find(right)
                root[max(a, b)] = min(a, b)
    expected = {n for n in range(count) if find(n) != n}
    answers, _ = dropped(program, folder, source, ["corpus.deduplicate.near.exhaustive=true"])
    usual, _ = dropped(program, folder, source, [])
    print(f"exhaustive: {len(answers)} of {count} go, brute force says {len(expected)}, "
          f"{len(answers ^ expected)} differ; by MinHash {len(usual)}, {len(usual - expected)} of them wrong")
    return len(answers ^ expected) + len(usual - expected)


def time_signatures(program, words, folder, count=4000):
    """Signatures from texts, against datatrove; from shingles, against rensa."""
    chance = random.Random(3)
    documents = [" ".join(chance.choice(words) for _ in range(500)) for _ in range(count)]
    source = f"{folder}/speed.jsonl"
    write(source, documents)
    size = sum(len(text) for text in documents)
    lines = subprocess.run(
        ["swift", "test", "-c", "release", "--skip-build", "--ignore-lock", "--disable-xctest", "--filter",
         "signaturesOfTextsAndShingles"],
        env={**os.environ, "SWIFT_LLM_SIGNATURES": source, "SWIFT_LLM_ROUNDS": str(ROUNDS)}, check=True, capture_output=True, text=True).stdout
    bench = json.loads(next(l for l in lines.split("\n") if l.startswith("signatures: "))[12:])
    print(f"{count} documents, {size / 1e6:.1f} MB: signatures from texts {bench['text_seconds']:.3f} s, from "
          f"shingles {bench['shingle_seconds']:.3f} s")
    try:
        from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
        from datatrove.utils.hashing import HashConfig

        block = MinhashDedupSignature(
            output_folder=folder + "/datatrove", config=MinhashConfig(
                n_grams=5, num_buckets=14, hashes_per_bucket=8,
                hash_config=HashConfig(precision=64)))

        class Splitter:
            def word_tokenize(self, text):
                return text.split()

        block.__dict__["word_tokenizer"] = Splitter()
        few = documents[:400]
        began = time.time()
        for text in few:
            block.get_signature(block.get_shingles(text))
        seconds = (time.time() - began) * count / len(few)
        print(f"datatrove: {seconds:.2f} s from texts: {seconds / bench['text_seconds']:.0f} times")
    except ImportError as error:
        print("datatrove is not there:", error)
    try:
        import rensa

        parts = [list(shingles(text)) for text in documents]
        seconds = 1e9
        for _ in range(ROUNDS):
            began = time.time()
            for part in parts:
                made = rensa.RMinHash(num_perm=112, seed=1)
                made.update(part)
                made.digest()
            seconds = min(seconds, time.time() - began)
        print(f"rensa RMinHash: {seconds:.3f} s from shingles: {seconds / bench['shingle_seconds']:.2f} times")
    except ImportError as error:
        print("rensa is not there:", error)


def main():
    program, text, folder = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 6000
    os.makedirs(folder, exist_ok=True)
    words = plain_words(open(text, encoding="utf-8", errors="replace").read(8_000_000).lower())
    failures = check_pairs(program, words, folder, count)
    failures += check_exhaustive(program, sorted(set(words)), folder)
    time_signatures(program, words, folder)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
