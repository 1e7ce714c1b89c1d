#!/usr/bin/env python3
"""Compares `evaluate --tasks` with lm-evaluation-harness 0.4.13 on the same weights.

The harness asks by its own definitions of the tasks (`include`), on files instead of data sets from a hub;
the program asks by its built-in ones. Figures must be equal, log-likelihoods within 1e-3, and written texts the same.
Records of 14 tasks are made here; ARC, HellaSwag, MMLU and SST-2 are read from --data, where that is given.

    pip install lm_eval[hf,api]==0.4.13 torch transformers rouge-score scikit-learn
    python Tests/Scripts/check_harness.py .build/release/swift-llm-train models/smollm2 \\
        [--data ../shared/data/evaluation] [--limit 200] [--tasks piqa,cola] [--server http://127.0.0.1:8080]
"""

import argparse
import collections
import csv
import json
import os
import pathlib
import random
import re
import string
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
LIKELIHOOD_TOLERANCE = 1e-3
# A perplexity is as far off, of itself, as the mean log-likelihood, which is some 1e-5.
PERPLEXITY_TOLERANCE = 1e-4

NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"]
THINGS = ["a red ball", "the old map", "three apples", "a wooden box", "the silver key", "some bread"]
PLACES = ["the garden", "a small town", "the kitchen", "the harbour", "an empty room"]
VERBS = ["found", "lost", "sold", "painted", "hid", "dropped"]


def sentence(rng):
    return f"{rng.choice(NAMES)} {rng.choice(VERBS)} {rng.choice(THINGS)} in {rng.choice(PLACES)}."


def letters(rng, count):
    return {"text": [sentence(rng)[:-1] for _ in range(count)], "label": list("ABCDE"[:count])}


def make(task, rng):
    """A record as the data set of the task has it on the hub."""
    label = rng.randrange(2)
    a, b = sentence(rng), sentence(rng)
    question = f"what did {rng.choice(NAMES)} do in {rng.choice(PLACES)}"
    if task == "arc_challenge":
        return {"id": "x", "question": question + "?", "choices": letters(rng, 4), "answerKey": rng.choice("ABCD")}
    if task == "piqa":
        return {"goal": f"How to carry {rng.choice(THINGS)}", "sol1": a, "sol2": b, "label": label}
    if task == "winogrande":
        one, two = rng.sample(NAMES, 2)
        return {"sentence": f"{one} asked {two} for help because _ had lost {rng.choice(THINGS)}.",
                "option1": one, "option2": two, "answer": str(label + 1)}
    if task == "openbookqa":
        return {"question_stem": f"In {rng.choice(PLACES)} one finds", "choices": letters(rng, 4),
                "answerKey": rng.choice("ABCD")}
    if task == "boolq":
        return {"question": question, "passage": f"{a} {b} It’s “late”.", "idx": 0, "label": label}
    if task == "copa":
        return {"premise": a, "choice1": sentence(rng), "choice2": b,
                "question": rng.choice(["cause", "effect"]), "idx": 0, "label": label}
    if task == "rte":
        return {"sentence1": a, "sentence2": b, "label": label, "idx": 0}
    if task == "cola":
        words = a.split()
        if label == 0:
            rng.shuffle(words)
        return {"sentence": " ".join(words), "label": label, "idx": 0}
    if task == "qnli":
        return {"question": question + "?", "sentence": a, "label": label, "idx": 0}
    if task == "mrpc":
        return {"sentence1": a, "sentence2": b, "label": label, "idx": 0}
    if task == "lambada_openai":
        return {"text": f"{a} {b} Then it was time to go back to {rng.choice(PLACES)}"}
    if task == "gsm8k":
        x, y = rng.randrange(2, 60), rng.randrange(2, 60)
        return {"question": f"{rng.choice(NAMES)} has {x} coins and finds {y} more. How many are there?",
                "answer": f"There are {x} + {y} = <<{x}+{y}={x + y}>>{x + y} coins.\n#### {x + y}"}
    if task == "squadv2":
        answers = [rng.choice(THINGS), "the " + rng.choice(PLACES).split()[-1]][:rng.randrange(3)]
        return {"id": str(rng.randrange(10 ** 9)), "title": rng.choice(PLACES).title(), "context": f"{a} {b}",
                "question": question.capitalize() + "?",
                "answers": {"text": answers, "answer_start": [0] * len(answers)}}
    if task == "cnn_dailymail_abisee":
        return {"article": " ".join(sentence(rng) for _ in range(8)), "highlights": f"{a}\n{b}", "id": "x"}
    raise SystemExit(f"no records of {task}")


MADE = ["arc_challenge", "piqa", "winogrande", "openbookqa", "boolq", "copa", "rte", "cola", "qnli", "mrpc",
        "lambada_openai", "gsm8k", "squadv2", "cnn_dailymail_abisee"]
# The metrics that need models of their own are left out.
OVERRIDES = {"cnn_dailymail_abisee": {"metric_list": [
    {"metric": metric, "aggregation": "mean", "higher_is_better": True}
    for metric in ["rouge1", "rouge2", "rougeL", "summary_length"]]}}
OURS = {"cnn_dailymail_abisee": "cnn_dailymail", "squadv2": "squad"}


def harness_files():
    import lm_eval.tasks
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    folder = pathlib.Path(lm_eval.tasks.__file__).parent
    found = {}
    for path in folder.rglob("*.yaml"):
        try:
            name = (yaml.load(path.read_text(), Loader) or {}).get("task")
        except (yaml.YAMLError, AttributeError, UnicodeDecodeError):
            continue
        if isinstance(name, str):
            found.setdefault(name, path)
    return found


def squad_figures(predictions, references):
    """The figures of SQuAD's evaluation, which the harness would load from a hub."""
    def words(text):
        text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
        return re.sub(r"\b(a|an|the)\b", " ", text).split()

    def f1(answer, right):
        if not answer or not right:
            return float(answer == right)
        common = sum((collections.Counter(answer) & collections.Counter(right)).values())
        return 2 * common / (len(answer) + len(right))

    exact, f1s = [], []
    for prediction, reference in zip(predictions, references, strict=True):
        answer = words(prediction["prediction_text"])
        right = [text for text in map(words, reference["answers"]["text"]) if text] or [[]]
        exact.append(max(float(answer == text) for text in right))
        f1s.append(max(f1(answer, text) for text in right))
    return {"exact": 100 * sum(exact) / len(exact), "f1": 100 * sum(f1s) / len(f1s)}


def squad_task(work):
    """The harness' own task of SQuAD, which has no definition in YAML, on files."""
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks.squadv2 import task

    task._squad_metric = squad_figures

    class Own(task.SQuAD2):
        DATASET_PATH = "json"

        def __init__(self):
            files = {"train": str(work / "squadv2_examples.jsonl"), "validation": str(work / "squadv2.jsonl")}
            ConfigurableTask.__init__(self, config={
                "task": "own_squadv2", "dataset_kwargs": {"data_files": files}, "metadata": {"version": 3}})

    return Own()


def write_records(path, records):
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def shared_records(data):
    """The records of --data by task, as the hub has them, and the file that the program reads."""
    arc = [json.loads(line) for line in (data / "arc_easy.jsonl").read_text().splitlines()]
    yield "arc_easy", data / "arc_easy.jsonl", [
        {"question": record["query"].removeprefix("Question: "),
         "choices": {"text": record["choices"], "label": [str(i) for i in range(len(record["choices"]))]},
         "answerKey": str(record["gold"])} for record in arc]
    path = next(data.glob("*hellaswag.jsonl"))
    yield "hellaswag", path, [json.loads(line) for line in path.read_text().splitlines()]
    path = data / "sst2" / "dev.tsv"
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    yield "sst2", path, [{"sentence": row[0], "label": int(row[1]), "idx": 0} for row in rows]
    for name in ["anatomy", "world_religions", "college_physics"]:
        path = data / "mmlu" / "val" / f"{name}_val.csv"
        def read(path):
            return [{"question": row[0], "subject": name, "choices": row[1:5], "answer": "ABCD".index(row[5])}
                    for row in csv.reader(path.open(newline=""))]
        yield f"mmlu_{name}", path, (read(path), read(data / "mmlu" / "dev" / f"{name}_dev.csv"))


def run_program(arguments, word, limit, shots):
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as answers:
        command = [arguments.program.resolve(), "evaluate", "--model", arguments.model, "--tasks", word,
                   "--json", "--answers", answers.name]
        command += ["--limit", str(limit)] if limit else []
        command += ["--shots", str(shots)] if shots is not None else []
        run = subprocess.run(command, capture_output=True, text=True, timeout=3000)
        if run.returncode:
            sys.exit(run.stderr)
        lines = [json.loads(line) for line in open(answers.name)]
    return json.loads(run.stdout.splitlines()[-1])["tasks"][-1], lines


def model_arguments(arguments):
    if not arguments.server:
        return "hf", f"pretrained={arguments.model},dtype=float32"
    return "local-completions", (
        f"model={arguments.server_model},base_url={arguments.server}/v1/completions,num_concurrent=8,"
        "tokenizer_backend=remote")


def compare(name, ours, lines, theirs, samples):
    problems, compared = [], 0
    for key, value in theirs.items():
        metric, _, filter_name = key.partition(",")
        if not filter_name or metric in ("alias",):
            continue
        own = metric if filter_name == "none" else f"{metric},{filter_name}"
        if own.endswith("exact_match") and own not in ours:
            continue
        mine = ours.get(own)
        if isinstance(value, str) or mine is None:
            continue
        if abs(mine - value) > max(1e-9, PERPLEXITY_TOLERANCE * abs(value) if "perplexity" in metric else 0):
            problems.append(f"{own}: {mine}, the harness {value}")
        else:
            compared += 1
    if not compared and not problems:
        problems.append(f"no figure in common: {sorted(ours)}, the harness {sorted(theirs)}")
    largest = 0.0
    seen = set()
    for sample in samples:
        if sample["doc_id"] in seen:
            continue
        seen.add(sample["doc_id"])
        line = lines[sample["doc_id"]]
        # SQuAD asks how likely it is that there is no answer, too, which none of its figures here uses.
        responses = [response[0] for response in sample["resps"]]
        if "text" in line:
            if line["text"] != responses[0]:
                problems.append(f"text {sample['doc_id']}: {line['text']!r}, the harness {responses[0]!r}")
            continue
        for mine, (value, greedy) in zip(line["log_likelihoods"], responses, strict=True):
            largest = max(largest, abs(mine - value))
    if largest > LIKELIHOOD_TOLERANCE:
        problems.append(f"log-likelihoods differ by {largest}")
    return largest, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--records", type=int, default=20)
    parser.add_argument("--tasks")
    parser.add_argument("--server")
    parser.add_argument("--server-model", default="model")
    parser.add_argument("--bootstrap", type=int, default=100_000,
                        help="draws for the errors of mcc, f1 and perplexity; 0 leaves all errors out")
    parser.add_argument("--batch-size", type=int, default=8)
    arguments = parser.parse_args()

    import lm_eval
    from lm_eval.api.registry import get_model
    from lm_eval.tasks import TaskManager

    kind, model_args = model_arguments(arguments)
    model = get_model(kind).create_from_arg_string(
        model_args, {"batch_size": arguments.batch_size, "device": "cpu"})

    files = harness_files()
    wanted = arguments.tasks.split(",") if arguments.tasks else None
    work = pathlib.Path(tempfile.mkdtemp())
    jobs = []
    for task in MADE:
        rng = random.Random(task)
        records = [make(task, rng) for _ in range(arguments.records)]
        examples = [make(task, rng) for _ in range(30)]
        write_records(work / f"{task}.jsonl", records)
        write_records(work / f"{task}_examples.jsonl", examples)
        word = f"{OURS.get(task, task)}={work / f'{task}.jsonl'},{work / f'{task}_examples.jsonl'}"
        # The harness' own class of squadv2 fails where it is to give examples.
        jobs.append((task, word, {"gsm8k": None, "cnn_dailymail_abisee": 0, "squadv2": 0}.get(task, 2)))
    if arguments.data:
        for task, path, records in shared_records(arguments.data):
            examples = None
            if isinstance(records, tuple):
                records, examples = records
            write_records(work / f"{task}.jsonl", records)
            write_records(work / f"{task}_examples.jsonl", examples or records)
            name = "mmlu" if task.startswith("mmlu") else task
            jobs.append((task, f"{name}={path}", 5 if examples else 0))

    failed = False
    print(f"{'task':24}{'documents':>10}{'largest':>12}{'program s':>11}{'harness s':>11}  figures")
    for task, word, shots in jobs:
        if wanted and task not in wanted:
            continue
        definition = {"include": str(files[task]), "task": f"own_{task}", "dataset_path": "json", "dataset_name": None,
                      "dataset_kwargs": {"data_files": {
                          "test": str(work / f"{task}.jsonl"), "examples": str(work / f"{task}_examples.jsonl")}},
                      "training_split": None, "validation_split": None, "test_split": "test",
                      "fewshot_split": "examples", "tag": None}
        definition.update(OVERRIDES.get(task, {}))
        definition["task"] = f"own_{task}"
        (work / f"own_{task}.yaml").write_text(json.dumps(definition))
        limit = arguments.limit if task not in MADE else None
        begin = time.time()
        result = lm_eval.simple_evaluate(
            model=model,
            tasks=[squad_task(work) if task == "squadv2" else f"own_{task}"], num_fewshot=shots, limit=limit,
            task_manager=TaskManager(include_path=str(work)), log_samples=True,
            bootstrap_iters=arguments.bootstrap)
        middle = time.time()
        ours, lines = run_program(arguments, word, limit, shots)
        end = time.time()
        figures = result["results"][f"own_{task}"]
        largest, problems = compare(task, ours, lines, figures, result["samples"][f"own_{task}"])
        shown = {key: round(value, 6) for key, value in ours.items()
                 if isinstance(value, float) and "stderr" not in key}
        print(f"{task:24}{len(lines):10}{largest:12.2e}{end - middle:11.1f}{middle - begin:11.1f}  {shown}", flush=True)
        for problem in problems[:5]:
            failed = True
            print(f"    {problem}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
