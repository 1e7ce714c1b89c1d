#!/usr/bin/env python3
"""Steers a training by the buttons of its page, in headless Chromium.

    pip install selenium
    Tests/Scripts/check_steering_page.py RUN COMMAND...

The command trains for many steps into RUN with metrics.dashboard_port. Exit code 1: who watches has buttons,
who steers has none, or one of them does not do what it says.
"""

import json
import pathlib
import subprocess
import sys

from check_dashboard_page import browser, expect, until
from selenium.webdriver.common.by import By


def main():
    run, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    training = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    page = browser()

    def records(what):
        with (run / "metrics.jsonl").open() as file:
            return sum(what in json.loads(line) or json.loads(line).get("kind") == what
                       for line in file if line.endswith("\n"))

    def order(name):
        page.find_element(By.CSS_SELECTOR, f"[data-order={name}]").click()

    try:
        addresses = {}
        while len(addresses) < 2:
            line = training.stdout.readline()
            expect("two addresses", line)
            if line.startswith("dashboard, to "):
                what, address = line.removeprefix("dashboard, to ").split(": ")
                addresses[what] = address.strip()
        shown = lambda: page.find_element(By.ID, "main").is_displayed()
        page.get(addresses["watch"])
        until("the page of who watches", shown)
        expect("who watches has no buttons", not page.find_element(By.ID, "orders").is_displayed())
        page.get(addresses["steer"])
        until("the page of who steers", shown)
        until("buttons", lambda: page.find_element(By.ID, "orders").is_displayed())
        order("validate")
        until("a validation", lambda: records("validation") > 0)
        order("checkpoint")
        until("a checkpoint", lambda: records("checkpoint") > 0)
        until("a word of it", lambda: "asked for" in page.find_element(By.ID, "answer").text)
        order("stop")
        page.switch_to.alert.dismiss()
        expect("still at work", training.poll() is None)
        order("stop")
        page.switch_to.alert.accept()
        training.communicate(timeout=120)
        expect(f"stopped, with {training.returncode}", training.returncode == 75)
    finally:
        page.quit()
        training.kill()
    print("steered by its buttons")


main()
