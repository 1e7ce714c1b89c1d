"""Clients of OpenAI's protocol against a server:

    check_clients.py --program PROGRAM --model MODEL     starts a server and stops it
    check_clients.py --base http://127.0.0.1:PORT        asks one that runs

Prints a line for each check, and exits with 1 where one fails. Wants openai, langchain-openai and jsonschema.
"""
import argparse
import asyncio
import atexit
import json
import subprocess
import sys

import jsonschema
import openai
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings

parser = argparse.ArgumentParser()
parser.add_argument("--program")
parser.add_argument("--model")
parser.add_argument("--base")
options = parser.parse_args()
base = options.base
if not base:
    server = subprocess.Popen(
        [options.program, "serve", "--model", options.model, "--port", "0", "--template", "chatml"],
        stdout=subprocess.PIPE, text=True)
    atexit.register(server.terminate)
    base = server.stdout.readline().split("at ")[-1].strip()
client = openai.OpenAI(base_url=base + "/v1", api_key="none", max_retries=0, timeout=120)
model = client.models.list().data[0].id
messages = [{"role": "user", "content": "Tell me about the sun."}]


def sync_chat():
    answer = client.chat.completions.create(
        model=model, messages=messages, max_tokens=12, seed=1, logprobs=True, top_logprobs=2)
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.finish_reason in ("stop", "length")
    assert answer.usage.completion_tokens >= len(choice.logprobs.content) > 0
    return choice.message.content


def streamed_chat():
    stream = client.chat.completions.create(
        model=model, messages=messages, max_tokens=12, seed=1, stream=True,
        stream_options={"include_usage": True})
    parts = list(stream)
    text = "".join(p.choices[0].delta.content or "" for p in parts if p.choices)
    assert parts[-1].usage.total_tokens > 12
    assert text == sync_chat(), (text, sync_chat())


def async_chats():
    async def run():
        many = openai.AsyncOpenAI(base_url=base + "/v1", api_key="none", timeout=120)
        answers = await asyncio.gather(*[
            many.chat.completions.create(model=model, messages=messages, max_tokens=12, seed=1)
            for _ in range(8)])
        await many.close()
        return {a.choices[0].message.content for a in answers}
    assert asyncio.run(run()) == {sync_chat()}


def completions():
    answer = client.completions.create(
        model=model, prompt=["Once upon", "The"], max_tokens=1, echo=True, logprobs=1, temperature=0)
    for choice in answer.choices:
        scores = choice.logprobs
        assert scores.token_logprobs[0] is None and len(scores.tokens) == len(scores.token_logprobs)
        assert scores.token_logprobs[-1] == max(scores.top_logprobs[-1].values())


def structured():
    schema = {"type": "object", "properties": {
        "name": {"type": "string", "maxLength": 8}, "age": {"type": "integer", "minimum": 1, "maximum": 99}},
        "required": ["name", "age"], "additionalProperties": False}
    answer = client.chat.completions.create(
        model=model, messages=messages, max_tokens=60, seed=2, response_format={
            "type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}})
    assert answer.choices[0].finish_reason == "stop"
    jsonschema.validate(json.loads(answer.choices[0].message.content), schema)


tools = [{"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 8}}, "required": ["city"]}}}]


def forced_tool():
    for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
        answer = client.chat.completions.create(
            model=model, messages=messages, tools=tools, tool_choice=choice, max_tokens=90, seed=1)
        call = answer.choices[0].message.tool_calls[0]
        assert answer.choices[0].finish_reason == "tool_calls" and call.function.name == "weather"
        assert "city" in json.loads(call.function.arguments)


def streamed_tool():
    stream = client.chat.completions.create(
        model=model, messages=messages, tools=tools, tool_choice="required", max_tokens=90, seed=1, stream=True)
    calls = [c for p in stream for c in (p.choices[0].delta.tool_calls or [])]
    assert calls[0].function.name == "weather" and "city" in json.loads(calls[0].function.arguments)


def responses():
    answer = client.responses.create(
        model=model, input="Hello", max_output_tokens=8, extra_body={"seed": 1})
    events = list(client.responses.create(
        model=model, input="Hello", max_output_tokens=8, stream=True, extra_body={"seed": 1}))
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == answer.output_text and events[-1].response.output_text == text


def embeddings():
    data = client.embeddings.create(model=model, input=["a text", "another"]).data
    assert len(data) == 2 and abs(sum(x * x for x in data[0].embedding) - 1) < 1e-4


def refusals():
    for error, arguments in (
            (openai.NotFoundError, {"model": "no-such-model"}),
            (openai.BadRequestError, {"temperature": -1}),
            (openai.BadRequestError, {"max_tokens": 10**9}),
            (openai.BadRequestError, {"messages": [{"role": "user", "content": "word " * 20000}]}),
            (openai.BadRequestError, {"response_format": {"type": "json_schema", "json_schema": {
                "name": "x", "schema": {"not": {}}}}})):
        try:
            client.chat.completions.create(**({"model": model, "messages": messages} | arguments))
        except error as e:
            assert e.body["message"], e
            continue
        raise AssertionError(f"{arguments} was not refused")


def early_leaver():
    stream = client.chat.completions.create(model=model, messages=messages, max_tokens=200, stream=True)
    next(iter(stream))
    stream.close()
    sync_chat()


def async_stream():
    async def run():
        many = openai.AsyncOpenAI(base_url=base + "/v1", api_key="none", timeout=120)
        stream = await many.chat.completions.create(
            model=model, messages=messages, max_tokens=12, seed=1, stream=True)
        text = "".join([p.choices[0].delta.content or "" async for p in stream if p.choices])
        await many.close()
        return text
    assert asyncio.run(run()) == sync_chat()


def parsed_structure():
    import pydantic

    class Person(pydantic.BaseModel):
        age: int = pydantic.Field(ge=1, le=99)
        married: bool

    answer = client.chat.completions.parse(
        model=model, messages=messages, max_tokens=80, seed=2, response_format=Person)
    assert 1 <= answer.choices[0].message.parsed.age <= 99


def langchain():
    arguments = {"model": model, "base_url": base + "/v1", "api_key": "none", "timeout": 120, "max_retries": 0}
    chat = ChatOpenAI(**arguments, max_tokens=12, seed=1)
    text = chat.invoke(messages).content
    assert text == "".join(part.content for part in chat.stream(messages)), text
    assert asyncio.run(chat.ainvoke(messages)).content == text
    tool = ChatOpenAI(**arguments, max_tokens=90, seed=1).bind_tools(tools, tool_choice="weather")
    assert "city" in tool.invoke(messages).tool_calls[0]["args"]
    shape = {"title": "person", "type": "object", "properties": {"age": {"type": "integer", "minimum": 1, "maximum": 9}},
             "required": ["age"], "additionalProperties": False}
    assert 1 <= ChatOpenAI(**arguments, max_tokens=60, seed=1).with_structured_output(
        shape, method="json_schema").invoke(messages)["age"] <= 9
    assert OpenAI(**arguments, max_tokens=4).invoke("Once")
    embeddings = OpenAIEmbeddings(model=model, base_url=base + "/v1", api_key="none", check_embedding_ctx_length=False)
    assert len(embeddings.embed_documents(["a text", "another"])) == 2


failed = 0
for check in (sync_chat, streamed_chat, async_chats, completions, structured, forced_tool, streamed_tool,
              responses, embeddings, refusals, early_leaver, async_stream, parsed_structure, langchain):
    try:
        check()
        print("ok", check.__name__)
    except Exception as error:  # each check is told by itself
        failed += 1
        print("FAILED", check.__name__, type(error).__name__, str(error)[:500])
sys.exit(1 if failed else 0)
