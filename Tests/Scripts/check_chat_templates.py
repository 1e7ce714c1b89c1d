#!/usr/bin/env python3
"""Renders conversations with transformers, from the tokenizer directories that swift-llm-train writes.

The text must be the same as the program's own, and so must the ids, though the program encodes prompts
and answers apart: no token of these conversations joins the two. Where a template is a published one,
its published Jinja must give that text too.

    pip install transformers==5.23.0 tokenizers==0.23.3
    swift build -c release --product DistributedChecks
    python Tests/Scripts/check_chat_templates.py .build/release/DistributedChecks [--write]

`--write` keeps what transformers gave as Tests/Fixtures/chat/templates.json, for the tests.
Exit code 1: a text or its ids differ.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import transformers  # noqa: E402

TESTS = pathlib.Path(__file__).resolve().parent.parent
TOKENIZERS = ["bpe", "llama3", "sentencepiece-prepend", "sentencepiece-metaspace"]

# As published with the models, without the parts for tools and dates; contents are not trimmed.
PUBLISHED = {
    "chatml": (
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
        "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"),
    "llama3": (
        "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + "
        "'<|end_header_id|>\\n\\n' + message['content'] + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
        "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"
        "{% endif %}"),
    "llama2": (
        "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}"
        "{% set system = messages[0]['content'] %}{% else %}{% set rest = messages %}"
        "{% set system = false %}{% endif %}{% for message in rest %}"
        "{% if loop.index0 == 0 and system != false %}"
        "{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}"
        "{% else %}{% set content = message['content'] %}{% endif %}"
        "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content + ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}{{ ' ' + content + ' ' + eos_token }}"
        "{% endif %}{% endfor %}"),
    "zephyr": (
        "{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ '<|user|>\\n' + message['content'] + eos_token + '\\n' }}"
        "{% elif message['role'] == 'system' %}"
        "{{ '<|system|>\\n' + message['content'] + eos_token + '\\n' }}"
        "{% elif message['role'] == 'assistant' %}"
        "{{ '<|assistant|>\\n'  + message['content'] + eos_token + '\\n' }}{% endif %}"
        "{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
        "{% endfor %}"),
}


def published_text(tokenizer, name, messages, prompt):
    """None for a template that nobody published, or that was published for other tokenizers."""
    begins = tokenizer("").input_ids[:1] == [tokenizer.bos_token_id]
    if name not in PUBLISHED or (name in ("llama2", "llama3") and not begins):
        return None
    text = tokenizer.apply_chat_template(
        messages, chat_template=PUBLISHED[name], tokenize=False, add_generation_prompt=prompt)
    # Where texts begin with a token for the model, they do so with every template here.
    return (tokenizer.bos_token if name in ("chatml", "zephyr") and begins else "") + text


def check(folder):
    tokenizer_name, template = folder.name.split(" ")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    cases, good, same_ids = [], True, 0
    conversations = json.loads((folder / "conversations.json").read_text())
    for case in conversations:
        texts = {}
        for key, prompt in [("text", False), ("prompt", True)]:
            text = tokenizer.apply_chat_template(
                case["messages"], tokenize=False, add_generation_prompt=prompt)
            published = published_text(tokenizer, template, case["messages"], prompt)
            good = good and text == case[key] and published in (None, text)
            texts[key] = text
        ids = tokenizer.apply_chat_template(case["messages"], tokenize=True)["input_ids"]
        same_ids += ids == case["ids"]
        cases.append({"messages": case["messages"], **texts, "ids": ids})
    good = good and same_ids == len(cases)
    print(f"{'ok  ' if good else 'FAIL'} {tokenizer_name}, {template}: {len(cases)} texts, "
          f"{same_ids} with the same ids")
    return good, {
        "tokenizer": tokenizer_name, "template": template, "jinja": tokenizer.chat_template,
        "conversations": cases,
    }


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    names = [TESTS / "Fixtures" / "tokenizers" / f"{name}-tokenizer.json" for name in TOKENIZERS]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "chat-templates", folder, *names], check=True, timeout=120)
        results = [check(path) for path in sorted(pathlib.Path(folder).iterdir())]
    if sys.argv[2:] == ["--write"]:
        fixture = TESTS / "Fixtures" / "chat" / "templates.json"
        fixture.parent.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(result) for _, result in results)
        fixture.write_text(f"[\n{lines}\n]\n")
    return 0 if all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
