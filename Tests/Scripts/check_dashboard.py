#!/usr/bin/env python3
"""Watches and steers a training by its own page.

    Tests/Scripts/check_dashboard.py PORT COMMAND...

Starts the command, a training of many steps with metrics.dashboard_port=PORT and output=run; reads the two
addresses that it prints; then validates, saves and stops. Exit code 1: something is not as it should be.
"""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request


def ask(url, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: expected {wanted}, got {got}")


def records():
    with open("run/metrics.jsonl") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def until(what, isThere):
    for _ in range(600):
        if isThere():
            return
        time.sleep(0.1)
    sys.exit(f"{what}: nothing in a minute")


def main():
    port, command = sys.argv[1], sys.argv[2:]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        addresses = {}
        while len(addresses) < 2:
            line = run.stdout.readline()
            if not line:
                sys.exit("the training printed no addresses")
            if line.startswith("dashboard, to "):
                what, address = line.removeprefix("dashboard, to ").split(": ")
                addresses[what] = address.strip()
        watch, steer = addresses["watch"], addresses["steer"]
        expect("without a token", ask(f"http://127.0.0.1:{port}/runs")[0], 401)
        status, page = ask(watch)
        expect("page", (status, page[:15]), (200, b"<!doctype html>"))
        until("steps", lambda: (json.loads(ask(watch + "runs")[1])["runs"] or [{"step": 0}])[0]["step"] > 3)
        curves = json.loads(ask(watch + "curves/0/0/1000000")[1])
        expect("curves", len(curves["loss"]) > 2, True)
        details = json.loads(ask(watch + "run/0")[1])
        expect("title", details["title"], "tiny")
        with urllib.request.urlopen(watch + "events", timeout=20) as events:
            expect("events", events.readline().startswith(b"data: "), True)
        expect("steering with the wrong token", ask(watch + "order/stop", "POST")[0], 403)
        expect("validations before", [r for r in records() if r["kind"] == "validation"], [])
        expect("validate", ask(steer + "order/validate", "POST")[0], 200)
        until("validation", lambda: any(r["kind"] == "validation" for r in records()))
        expect("checkpoint", ask(steer + "order/checkpoint", "POST")[0], 200)
        until("checkpoint", lambda: any("checkpoint" in r for r in records()))
        expect("stop", ask(steer + "order/stop", "POST")[0], 200)
        rest = run.communicate(timeout=60)[0]
        expect("exit code", run.returncode, 75)
        expect("stopped", "stopped on request" in rest, True)
    finally:
        run.kill()
    print("watched and steered")


main()
