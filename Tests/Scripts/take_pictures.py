#!/usr/bin/env python3
"""Trains the quick start on a terminal, and takes pictures: of the terminal, of the page of two runs, and of
the report.

    pip install selenium
    Tests/Scripts/take_pictures.py PROGRAM RUNS OUTPUT [STEPS]

RUNS gets two runs, of STEPS where they are given, unless they are there; OUTPUT gets terminal.svg,
dashboard.png and report.png. Exit code 1: a picture would have more than 150 KB.
"""

import fcntl
import html
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

from selenium import webdriver
from selenium.webdriver.common.by import By

COLUMNS, ROWS = 112, 10
MOST_BYTES = 150_000
# The share of the steps after which the terminal is pictured.
MOMENT = 0.6
CELL, LINE, EDGE = 8.4, 19, 16
# Viewers would make one space of several.
NO_BREAK = "\u00a0"
COLORS = {"36": "#5ccfe6", "33": "#ffd173", "1": "#ffffff"}
WIDTH, HEIGHT = 1180, 1000


class Screen:
    """The rows of a terminal that knows what a status uses: up, clear, colours, carriage return."""

    def __init__(self):
        self.rows, self.row, self.column, self.color = [[]], 0, 0, None

    def feed(self, text):
        for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[^\x1b]|\x1b", text):
            if part.startswith("\x1b["):
                self.escape(part[2:-1], part[-1])
            elif part == "\n":
                self.row += 1
                self.column = 0
                if self.row == len(self.rows):
                    self.rows.append([])
            elif part == "\r":
                self.column = 0
            elif part >= " ":
                row = self.rows[self.row]
                row += [(" ", None)] * (self.column + 1 - len(row))
                row[self.column] = (part, self.color)
                self.column += 1
                if self.column == COLUMNS:
                    self.feed("\n")

    def escape(self, number, command):
        if command == "A":
            self.row = max(0, self.row - int(number or 1))
        elif command == "K":
            del self.rows[self.row][self.column:]
        elif command == "J":
            del self.rows[self.row][self.column:]
            del self.rows[self.row + 1:]
        elif command == "m":
            self.color = COLORS.get(number)


def svg(rows, title):
    """The rows as a picture, in which each run of one colour is as wide as its cells."""
    width, height = COLUMNS * CELL + 2 * EDGE, len(rows) * LINE + 2 * EDGE
    parts = []
    for index, row in enumerate(rows):
        place = 0
        while place < len(row):
            end = place
            while end < len(row) and row[end][1] == row[place][1]:
                end += 1
            text = "".join(cell[0] for cell in row[place:end])
            if text.strip():
                parts.append(
                    f'<text x="{EDGE + place * CELL:.1f}" y="{EDGE + index * LINE + 14}" '
                    f'fill="{row[place][1] or "#cbccc6"}" textLength="{len(text) * CELL:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs">{html.escape(text).replace(" ", NO_BREAK)}</text>')
            place = end
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n'
            f"<title>{html.escape(title)}</title>\n"
            f'<rect width="100%" height="100%" rx="10" fill="#1f2430"/>\n'
            f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">\n'
            f'{body}\n</g>\n</svg>\n')


def train_on_terminal(command, folder):
    """Trains as a person sees it; returns the last rows after a share of the steps."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
        os.environ.pop("NO_COLOR", None)
        os.chdir(folder)
        os.execvp(command[0], command)
    screen, rest, picture = Screen(), b"", None
    while True:
        try:
            if not select.select([terminal], [], [], 600)[0]:
                sys.exit("the training says nothing any more")
            rest += os.read(terminal, 65536)
        except OSError:
            break
        end = len(rest)
        # A character or an escape that has not ended waits.
        while end and rest[end - 1] >= 0x80:
            end -= 1
        escape = rest.rfind(b"\x1b", 0, end)
        if escape >= 0 and not re.match(rb"\x1b\[[0-9;]*[A-Za-z]", rest[escape:end]):
            end = escape
        screen.feed(rest[:end].decode(errors="replace"))
        rest = rest[end:]
        text = ["".join(cell[0] for cell in row) for row in screen.rows]
        shown = [re.search(r"  (\d+)/(\d+)  ", line) for line in text[-6:]]
        steps = [(int(m[1]), int(m[2])) for m in shown if m]
        if picture is None and steps and steps[0][0] > MOMENT * steps[0][1] and not text[-1]:
            picture = [list(row) for row in screen.rows[:-1][-ROWS:]]
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code or picture is None:
        sys.exit(f"the training ended with {code}, {'without' if picture is None else 'with'} a status")
    return picture


def browser():
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--window-size={WIDTH},{HEIGHT}"):
        options.add_argument(word)
    page = webdriver.Chrome(
        options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False})
    return page


def until(what, holds):
    end = time.monotonic() + 300
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"{what}: not in five minutes")
        time.sleep(0.1)


def take_dashboard(program, runs, file):
    """The quick start beside a slower one."""
    server = subprocess.Popen([program, "dashboard", "quickstart", "slow", "--port", "0"], cwd=runs,
                              stdout=subprocess.PIPE, text=True)
    page = browser()
    try:
        page.get(server.stdout.readline().split(": ", 1)[1].strip())
        find = lambda selector: page.find_elements(By.CSS_SELECTOR, selector)
        until("two runs", lambda: len(find("#runs tr")) == 2)
        page.find_element(By.ID, "open0").click()
        until("details", lambda: find("#tiles .tile"))
        box = find("#show1")[0]
        if not box.is_selected():
            box.click()
        until("two curves", lambda: len(find("#charts figure:first-child polyline")) >= 4)
        page.execute_script("document.activeElement.blur()")
        time.sleep(0.5)
        page.save_screenshot(str(file))
    finally:
        page.quit()
        server.terminate()
        server.wait(timeout=30)


def take_report(report, file):
    page = browser()
    try:
        page.get(report.resolve().as_uri())
        page.save_screenshot(str(file))
    finally:
        page.quit()


def main():
    program = os.path.abspath(sys.argv[1])
    runs, output = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    first, second = runs / "quickstart", runs / "slow"
    steps = [f"train.steps={sys.argv[4]}"] if len(sys.argv) > 4 else []
    picture = output / "terminal.svg"
    if not (first / "report.html").exists():
        rows = train_on_terminal([program, "run", "output=quickstart", *steps], runs)
        picture.write_text(svg(rows, "A training on a terminal"))
    if not (second / "report.html").exists():
        subprocess.run([program, "run", "output=slow", *(steps or ["train.steps=400"]),
                        "optimizer.learning_rate=0.0005"], cwd=runs, check=True, stdout=subprocess.DEVNULL)
    take_dashboard(program, runs, output / "dashboard.png")
    take_report(first / "report.html", output / "report.png")
    for file in ("terminal.svg", "dashboard.png", "report.png"):
        size = (output / file).stat().st_size
        print(f"{output / file}: {size / 1000:.0f} KB")
        if size > MOST_BYTES:
            sys.exit(f"expected at most {MOST_BYTES / 1000:.0f} KB")


main()
