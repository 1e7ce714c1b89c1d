"""Texts of random JSON schemas against a server: check_schemas.py http://127.0.0.1:PORT [COUNT]

Each text that ends by itself has to be a document of its schema; nearly all have to end. Wants jsonschema with the
formats of its 2020 draft (`jsonschema[format-nongpl]`): its usual checker knows times without a zone alone.
"""
import http.client
import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import jsonschema

formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
if "time" not in formats.checkers:
    sys.exit("the formats of JSON Schema are not there: pip install 'jsonschema[format-nongpl]'")
address = sys.argv[1].split("//")[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
own = random.Random(11)


def name():
    return "".join(own.choice("abcdefghij_") for _ in range(own.randrange(1, 9)))


def schema(depth=0):
    kinds = ["string", "integer", "number", "boolean", "null", "enum", "const", "format", "pattern"]
    if depth < 3:
        kinds += ["object", "object", "array", "anyOf", "tuple", "map", "allOf", "ref"] * 2
    kind = own.choice(kinds)
    if kind == "string":
        low = own.randrange(0, 4)
        return {"type": "string", "minLength": low, "maxLength": low + own.randrange(0, 12)}
    if kind == "integer":
        low = own.randrange(-200, 200)
        return own.choice([
            {"type": "integer", "minimum": low, "maximum": low + own.randrange(0, 5000)},
            {"type": "integer", "exclusiveMinimum": low, "maximum": low + 1 + own.randrange(0, 50)},
            {"type": "integer", "multipleOf": own.randrange(2, 20), "minimum": 0, "maximum": 1000}])
    if kind == "number":
        low = own.randrange(-20, 20)
        return {"type": "number", "minimum": low, "maximum": low + own.randrange(1, 50)}
    if kind in ("boolean", "null"):
        return {"type": kind}
    if kind == "enum":
        return {"enum": own.sample(["a", "b", 'q"uote', 1, 2.5, None, True, [1], {"x": 1}], own.randrange(1, 5))}
    if kind == "const":
        return {"const": own.choice(["x", 3, {"k": [1, 2]}])}
    if kind == "format":
        return {"type": "string", "format": own.choice(
            ["date", "time", "date-time", "ipv4", "uuid", "email", "hostname"])}
    if kind == "pattern":
        return {"type": "string", "pattern": own.choice(
            ["^[a-z]{2,5}$", "^(ab|c)+[0-9]?$", "^\\d{3}-\\d{4}$", "^[^\"]{1,8}$", "^a{0,3}b$"])}
    if kind == "object":
        names = list({name() for _ in range(own.randrange(1, 5))})
        return {"type": "object", "properties": {n: schema(depth + 1) for n in names},
                "required": [n for n in names if own.random() < 0.6],
                **({"additionalProperties": False} if own.random() < 0.5 else {})}
    if kind == "array":
        low = own.randrange(0, 3)
        return {"type": "array", "items": schema(depth + 1), "minItems": low, "maxItems": low + own.randrange(0, 3)}
    if kind == "tuple":
        return {"type": "array", "prefixItems": [schema(depth + 1) for _ in range(own.randrange(1, 3))], "items": False}
    if kind == "map":
        return {"type": "object", "additionalProperties": schema(depth + 1), "maxProperties": own.randrange(1, 3)}
    if kind == "allOf":
        return {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 30}]}
    if kind == "ref":
        return {"type": "object", "properties": {"point": {"$ref": "#/$defs/point"}}, "required": ["point"]}
    return {"anyOf": [schema(depth + 1) for _ in range(own.randrange(2, 4))]}


def ask(number, text):
    connection = http.client.HTTPConnection(address, timeout=600)
    body = {"prompt": "A JSON document:", "max_tokens": 512, "seed": number, "temperature": 0.8}
    if text is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": text}}
    connection.request("POST", "/v1/completions", json.dumps(body), {"content-type": "application/json"})
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


def check(pair):
    number, text = pair
    status, answer = ask(number, text)
    if status != 200:
        return "refused", 0, f"{status} {json.dumps(text)} {answer}"
    choice, tokens = answer["choices"][0], answer["usage"]["completion_tokens"]
    if choice["finish_reason"] != "stop":
        return "cut", tokens, json.dumps(text)
    try:
        jsonschema.validate(json.loads(choice["text"]), text, format_checker=formats)
        return "valid", tokens, ""
    except Exception as error:  # told by its schema
        return "invalid", tokens, f"{json.dumps(text)} gave {choice['text'][:300]!r}: {str(error)[:200]}"


point = {"point": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0, "maximum": 9},
         "next": {"$ref": "#/$defs/point"}}, "required": ["x"]}}
schemas = [dict(schema(), **{"$defs": point}) for _ in range(count)]
began = time.monotonic()
with ThreadPoolExecutor(4) as pool:
    results = list(pool.map(check, enumerate(schemas)))
seconds = time.monotonic() - began
counts = {kind: sum(r[0] == kind for r in results) for kind in ("valid", "invalid", "cut", "refused")}
tokens = sum(r[1] for r in results)
began = time.monotonic()
with ThreadPoolExecutor(4) as pool:
    free = sum(a[1]["usage"]["completion_tokens"] for a in pool.map(lambda i: ask(i, None), range(40)))
free_rate = free / (time.monotonic() - began)
print(json.dumps({**counts, "tokens": tokens, "tokens_per_second": round(tokens / seconds, 1),
                  "free_tokens_per_second": round(free_rate, 1)}))
for kind, _, what in results:
    if kind != "valid":
        print(kind.upper(), what)
sys.exit(1 if counts["invalid"] or counts["refused"] or counts["cut"] > 0.05 * count else 0)
