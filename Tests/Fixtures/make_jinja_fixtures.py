#!/usr/bin/env python3
"""Makes Tests/Fixtures/chat/jinja.json: templates and snippets with what transformers renders of them.

    pip install transformers==5.23.0 jinja2==3.1.6
    python Tests/Fixtures/make_jinja_fixtures.py

The templates stand in jinja_templates.py, the snippets in jinja_snippets.py. Each template is rendered for
each conversation with `render_jinja_template`, on 1 March 2026; where it raises, the case says so.
"""

import datetime
import json
import os
import pathlib

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TZ"] = "UTC"
from transformers.utils import chat_template_utils  # noqa: E402

from jinja_snippets import SNIPPETS, VALUES  # noqa: E402
from jinja_templates import CONVERSATIONS, TEMPLATES, TOKENS  # noqa: E402

TARGET = pathlib.Path(__file__).resolve().parent / "chat" / "jinja.json"


class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 1, 12, 30, 15)


chat_template_utils.datetime = Frozen


def render(template, conversation, prompt):
    """The text and the ranges of `{% generation %}` by code points, or None for what is raised."""
    variables = {**TOKENS, **conversation.get("variables", {})}
    try:
        rendered = chat_template_utils.render_jinja_template(
            conversations=[conversation["messages"]], tools=conversation.get("tools"),
            chat_template=template, add_generation_prompt=prompt,
            return_assistant_tokens_mask="endgeneration" in template, **variables)
        return {"text": rendered[0][0], "generated": rendered[1][0] if rendered[1] else []}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:120]}


def snippet(source):
    try:
        text = chat_template_utils._compile_jinja_template(source).render(**VALUES)
        return [source, text]
    except Exception:
        return [source, None]


def main():
    templates = [
        {"name": name, "template": template,
         "cases": [render(template, conversation, prompt)
                   for conversation in CONVERSATIONS for prompt in (False, True)]}
        for name, template in TEMPLATES.items()]
    snippets = [snippet(source) for source in SNIPPETS]
    fixture = {"tokens": TOKENS, "conversations": CONVERSATIONS, "templates": templates,
               "values": VALUES, "snippets": snippets}
    TARGET.write_text(json.dumps(fixture, ensure_ascii=False, indent=0) + "\n")
    raised = sum("error" in case for template in templates for case in template["cases"])
    print(f"{len(templates)} templates, {sum(len(t['cases']) for t in templates)} texts, "
          f"{raised} raise; {len(snippets)} snippets, "
          f"{sum(s[1] is None for s in snippets)} raise")


if __name__ == "__main__":
    main()
