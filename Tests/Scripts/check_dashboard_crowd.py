#!/usr/bin/env python3
"""Opens a thousand pages of a dashboard that may open few files, and leaves without a word.

    Tests/Scripts/check_dashboard_crowd.py PROGRAM RUNS [--pages 1000] [--files 200]

The program is started with that limit. Exit code 1: nobody else gets an answer in 10 seconds, while the
pages are open and after they left, a page is refused otherwise than by 503 or by its connection, the
program keeps files open, or it does not end while a page is open.
"""

import argparse
import os
import resource
import selectors
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

TOKEN = "watchingxwatching"


def open_pages(address, count):
    """Sockets of pages that ask for news; those that are refused leave, as browsers do."""
    place = urllib.parse.urlparse(address)
    request = f"GET {place.path}events HTTP/1.1\r\nhost: {place.netloc}\r\n\r\n".encode()
    selector, open_ones, statuses = selectors.DefaultSelector(), set(), []
    for _ in range(count):
        page = socket.socket()
        page.setblocking(False)
        page.connect_ex((place.hostname, place.port))
        selector.register(page, selectors.EVENT_WRITE)
        open_ones.add(page)
    end = time.monotonic() + 20
    while selector.get_map() and time.monotonic() < end:
        for key, event in selector.select(timeout=0.2):
            page = key.fileobj
            try:
                if event & selectors.EVENT_WRITE:
                    page.send(request)
                    selector.modify(page, selectors.EVENT_READ)
                    continue
                status = page.recv(65536)[9:12].decode()
            except OSError:
                status = "gone"
            selector.unregister(page)
            statuses.append(status)
            if status != "200":
                page.close()
                open_ones.discard(page)
    # Whoever is still in the queue goes, too.
    for key in list(selector.get_map().values()):
        key.fileobj.close()
        open_ones.discard(key.fileobj)
    return open_ones, statuses


def ask(address):
    with urllib.request.urlopen(address + "runs", timeout=10) as reply:
        return reply.read()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("runs")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--files", type=int, default=200)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = subprocess.Popen(
        ["bash", "-c", f"ulimit -n {options.files}; exec \"$0\" \"$@\"", options.program, "dashboard",
         options.runs, "--port", "0", "--token", TOKEN], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().removeprefix("dashboard: ").strip()
        files = lambda: len(os.listdir(f"/proc/{server.pid}/fd"))
        wanted = ask(address)
        before = files()
        pages, statuses = open_pages(address, options.pages)
        told = statuses.count("200")
        if not 0 < told < options.files or set(statuses) - {"200", "503", "gone"}:
            sys.exit(f"expected some 200 and the others 503, got {sorted(set(statuses))}, {told} told")
        if ask(address)[:20] != wanted[:20]:
            sys.exit("another answer than before")
        for page in pages:
            page.close()
        end = time.monotonic() + 30
        while files() > before + 4:
            if time.monotonic() > end:
                sys.exit(f"{before} files before, {files()} after all have left")
            ask(address)
            time.sleep(0.2)
        if server.poll() is not None:
            sys.exit(f"the program ended with {server.returncode}")
        last, statuses = open_pages(address, 1)
        if statuses != ["200"]:
            sys.exit(f"a page after the crowd: {statuses}")
        server.terminate()
        server.wait(timeout=30)
    finally:
        server.kill()
    print(f"{told} of {options.pages} pages were told of news, the others to come later")


main()
