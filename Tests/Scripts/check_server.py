"""Load, nonsense and a stop for `swift-llm-train serve`:

    check_server.py PROGRAM MODEL [--seconds 60] [--clients 20] [--mutations 5000] [--ranks N]
        [--flag=VALUE ...]

Starts the server on a free port of 127.0.0.1. Clients ask for texts whose answers are known, some leave in
mid-stream, some send nonsense. Then mutated requests come one by one. Checks: no answer that is not
meant, every text as it was alone, /health in time, memory that stays, an idle server that sleeps, SIGTERM that
drains and exits with 0. With --ranks the server is N replicas under mpirun, whose texts must be those of one
process. Prints figures as JSON. Needs nothing but Python.
"""
import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("model")
parser.add_argument("--seconds", type=float, default=60)
parser.add_argument("--clients", type=int, default=20)
parser.add_argument("--mutations", type=int, default=5000)
parser.add_argument("--ranks", type=int, default=1)
parser.add_argument("--flag", action="append", default=[])
options = parser.parse_args()



def start(ranks):
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
    server = subprocess.Popen(
        [*launcher, options.program, "serve", "--model", options.model, "--port", "0", *options.flag],
        stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    return server, int(line.rsplit(":", 1)[1])


server, port = start(1)
meant = {200, 400, 404, 429}


def ask(path, body=None, read=True, limit=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("GET" if data is None else "POST", path, data, {"content-type": "application/json"})
    reply = connection.getresponse()
    if not read:
        reply.read(30)
        connection.close()
        return reply.status, b""
    content = reply.read()
    connection.close()
    return reply.status, content


def processes():
    """The server's process and those that it started."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parents[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    found = [server.pid]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def first_rank():
    """The process that is to be stopped: mpirun, which is asked to end, ends its ranks at once."""
    for process in processes():
        with open(f"/proc/{process}/environ", "rb") as environment:
            if b"OMPI_COMM_WORLD_RANK=0" in environment.read().split(b"\0"):
                return process
    return server.pid


def memory():
    kilobytes = 0
    for process in processes():
        with open(f"/proc/{process}/status") as status:
            kilobytes += next((int(l.split()[1]) for l in status if l.startswith("VmRSS")), 0)
    return kilobytes * 1024


def ticks():
    total = 0
    for process in processes():
        with open(f"/proc/{process}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total


def body(seed):
    return {"prompt": f"Once upon a time {seed % 3}", "max_tokens": 24, "seed": seed, "logprobs": 1,
            "temperature": 0.9}


def choices(content):
    return json.dumps(json.loads(content)["choices"])


seeds = range(16)
expected = {seed: choices(ask("/v1/completions", body(seed))[1]) for seed in seeds}
if options.ranks > 1:
    server.send_signal(signal.SIGTERM)
    server.wait(30)
    server, port = start(options.ranks)
sample = json.dumps(
    {"model": None, "prompt": ["a", "b"], "max_tokens": 2, "n": 1, "temperature": 0.5, "stop": ["x"],
     "logprobs": 1, "logit_bias": {"5": 1}, "stream": False}).encode()


def mutated(random):
    data = bytearray(sample)
    for _ in range(random.choice((1, 1, 2, 5))):
        place = random.randrange(len(data))
        kind = random.randrange(3)
        if kind == 0:
            data[place] = random.randrange(256)
        elif kind == 1:
            del data[place:place + random.randrange(1, 8)]
        else:
            data[place:place] = random.choice((b"[", b"{", b'"', b"1e999", b"-1", b"null", b"\xff", b"99999999999"))
    return bytes(data)


faults, counts, waits = [], {"texts": 0, "left": 0, "nonsense": 0, "busy": 0}, []
end = time.monotonic() + options.seconds


def client(number):
    own = random.Random(number)
    while time.monotonic() < end:
        try:
            share = own.random()
            if share < 0.05:
                ask("/v1/completions", dict(body(own.choice(seeds)), stream=True, max_tokens=200), read=False)
                counts["left"] += 1
            elif share < 0.10:
                status, _ = ask("/v1/completions", mutated(own))
                counts["nonsense"] += 1
                if status not in meant:
                    faults.append(f"nonsense got {status}")
            else:
                seed = own.choice(seeds)
                status, content = ask("/v1/completions", body(seed))
                if status == 429:
                    counts["busy"] += 1
                    time.sleep(0.2)
                elif status != 200 or choices(content) != expected[seed]:
                    faults.append(f"text {seed}: {status} {content[:200]}")
                else:
                    counts["texts"] += 1
        except Exception as error:  # whatever it is, it is a fault
            faults.append(f"{type(error).__name__} {error}")


def watch():
    while time.monotonic() < end:
        began = time.monotonic()
        status, _ = ask("/health")
        waits.append(time.monotonic() - began)
        if status != 200:
            faults.append(f"health {status}")
        time.sleep(0.05)


threads = [threading.Thread(target=client, args=(i,)) for i in range(options.clients)]
threads.append(threading.Thread(target=watch))
before = memory()
for thread in threads:
    thread.start()
time.sleep(options.seconds / 3)
early = memory()
for thread in threads:
    thread.join()
late = memory()

own = random.Random(7)
for number in range(options.mutations):
    data = mutated(own)
    try:
        status, content = ask(own.choice(("/v1/completions", "/v1/chat/completions", "/tokenize")), data)
        if status not in meant:
            faults.append(f"mutation {number}: {status} {data!r} {content[:200]}")
    except Exception as error:  # whatever it is, it is a fault
        faults.append(f"mutation {number}: {type(error).__name__} {error} {data!r}")
    if server.poll() is not None:
        faults.append(f"the server ended with {server.returncode} at mutation {number}")
        break

time.sleep(1)
idle = ticks()
time.sleep(3)
idle = (ticks() - idle) / os.sysconf("SC_CLK_TCK") / 3
if idle > 0.02:
    faults.append(f"idle: {idle:.3f} of a core")

# What has begun is answered.
result = []
last = threading.Thread(target=lambda: result.append(ask("/v1/completions", body(0))))
last.start()
time.sleep(0.05)
os.kill(first_rank(), signal.SIGTERM)
last.join(30)
try:
    code = server.wait(30)
except subprocess.TimeoutExpired:
    server.kill()
    code = "no end"
if code != 0:
    faults.append(f"exit code {code}")
if not result or result[0][0] != 200:
    faults.append(f"the last text: {result[:1]}")
waits.sort()
print(json.dumps({
    **counts, "mutations": options.mutations, "health_p99_ms": round(1000 * waits[int(len(waits) * 0.99)], 1),
    "memory_mb": [round(m / 1e6) for m in (before, early, late)], "idle_core_share": round(idle, 4),
    "faults": len(faults)}))
for fault in faults[:20]:
    print("FAULT", fault)
sys.exit(1 if faults else 0)
