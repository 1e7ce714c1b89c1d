#!/usr/bin/env python3
"""Compares the rows of a run in a database of trackio with its metrics.jsonl.

    Tests/Scripts/check_trackio.py RUN PROJECT

The database is PROJECT.db in TRACKIO_DIR. With trackio installed (pip install trackio) its own reader is
compared, too. Exit code 1: a number differs, or a step is missing or stands twice.
"""

import json
import os
import pathlib
import sqlite3
import sys

NAMES = {"loss": "train/loss", "learning_rate": "lr", "gradient_norm": "grad_norm"}


def compare(what, found, wanted):
    if [step for step, _ in found] != [line["step"] for line in wanted]:
        sys.exit(f"{what}: expected {len(wanted)} steps in order, got {len(found)}")
    for (step, metrics), line in zip(found, wanted):
        for ours, theirs in NAMES.items():
            if metrics[theirs] != line[ours]:
                sys.exit(f"{what}: {theirs} of step {step}: expected {line[ours]}, "
                         f"got {metrics[theirs]}")


def main():
    run, project = pathlib.Path(sys.argv[1]), sys.argv[2]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    steps = [line for line in lines if line["kind"] == "train"]
    losses = [line for line in lines if line["kind"] == "validation"]
    path = pathlib.Path(os.environ["TRACKIO_DIR"]) / f"{project}.db"
    name = str(run.absolute())
    base = sqlite3.connect(path)
    rows = [(step, json.loads(text)) for step, text in base.execute(
        "SELECT step, metrics FROM metrics WHERE run_id = ? ORDER BY id", (name,))]
    compare("rows", [row for row in rows if "train/loss" in row[1]], steps)
    found = [(step, row["validation/loss"]) for step, row in rows if "validation/loss" in row]
    if found != [(line["step"], line["loss"]) for line in losses]:
        sys.exit(f"validations: expected {len(losses)}, got {found}")
    configs = base.execute("SELECT config FROM configs WHERE run_id = ?", (name,)).fetchall()
    if len(configs) != 1 or "train:" not in json.loads(configs[0][0])["recipe"]:
        sys.exit(f"recipe: expected one, got {configs}")
    base.close()
    try:
        from trackio.sqlite_storage import SQLiteStorage
    except ImportError:
        return print(f"{len(rows)} rows are those of metrics.jsonl")
    runs = SQLiteStorage.get_run_records(project)
    if name not in [record.get("id") or record.get("run_id") for record in runs]:
        sys.exit(f"trackio lists {runs}")
    SQLiteStorage.init_db(project)
    logs = SQLiteStorage.get_logs(project, None, run_id=name)
    compare("trackio", [(log["step"], log) for log in logs if "train/loss" in log], steps)
    print(f"{len(rows)} rows are those of metrics.jsonl, for trackio too, which lists the run")


main()
