"""Makes the compressed files of this folder, of several members, frames or blocks each: python make_members.py

Needs the programs xz and zstd. Record n of 150 has the text "record n" and up to nine hashes. The members of the
records end anywhere, some of them in the midst of a separator, and some between two records; those of the WARC file
are its records, as the format wants it.
"""
import bz2
import gzip
import hashlib
import json
import lzma
import subprocess

TEXTS = [
    " ".join([f"record {n}"] + [hashlib.sha256(f"{n} {i}".encode()).hexdigest() for i in range(n * 7 % 10)])
    for n in range(150)]
LINES = "".join(json.dumps({"text": text, "n": n}) + "\n" for n, text in enumerate(TEXTS)).encode()
PLAIN = "<|endoftext|>".join(TEXTS).encode()


def cut(data, separator):
    """Parts of some 4,000 bytes, of which every third ends behind a separator, and every third within one."""
    parts, start = [], 0
    while start < len(data):
        end = start + 4000
        place = data.find(separator, end)
        if place >= 0 and len(parts) % 3:
            end = place + (len(separator) if len(parts) % 3 == 1 else len(separator) // 2)
        parts.append(data[start:end])
        start = end
    return parts


def tool(data, *command):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def write(name, parts):
    with open(name, "wb") as file:
        file.write(b"".join(parts))


def member(data):
    return gzip.compress(data, mtime=0)


write("lines.jsonl.gz", map(member, cut(LINES, b"\n")))
write("lines.jsonl.bz2", map(bz2.compress, cut(LINES, b"\n")))
write("lines.jsonl.zst", [tool(part, "zstd", "-q", "-c") for part in cut(LINES, b"\n")])
half = len(LINES) // 2
write("lines.jsonl.xz", [
    tool(LINES[:half], "xz", "-c", "--block-size=4096"), bytes(8),
    tool(LINES[half:], "xz", "-c", "--block-size=4096", "--check=crc32")])
write("texts.txt.gz", map(member, cut(PLAIN, b"<|endoftext|>")))
write("texts.txt.xz", [tool(PLAIN, "xz", "-c", "--block-size=3000")])
write("single.jsonl.gz", [member(LINES)])
write("pages.warc.gz", [
    member(
        f"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {len(text)}\r\n\r\n{text}\r\n\r\n".encode())
    for text in TEXTS])
