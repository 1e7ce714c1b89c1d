"""Encrypted connections of `swift-llm-train serve`:

    check_tls.py PROGRAM MODEL

Makes a certificate with openssl, and another one whose key does not belong to it. Checks: a client that trusts the
certificate is answered, also in a stream; one that does not, and one that speaks plainly, are not; files that do not
belong together end the start with exit code 64.
"""
import http.client
import json
import signal
import ssl
import subprocess
import sys
import tempfile

program, model = sys.argv[1:3]


def certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"],
        check=True, capture_output=True, timeout=60)


def command(*flags):
    return [program, "serve", "--model", model, "--port", "0", *flags]


with tempfile.TemporaryDirectory() as folder:
    certificate(folder, "own")
    certificate(folder, "other")
    wrong = subprocess.run(
        command("--tls-certificate", f"{folder}/own.pem", "--tls-key", f"{folder}/other.key"),
        capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 64 and "other.key" in wrong.stderr, wrong
    half = subprocess.run(
        command("--tls-certificate", f"{folder}/own.pem"), capture_output=True, text=True, timeout=60)
    assert half.returncode == 64 and "--tls-key" in half.stderr, half

    server = subprocess.Popen(
        command("--tls-certificate", f"{folder}/own.pem", "--tls-key", f"{folder}/own.key"),
        stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        assert "https://" in line, line
        port = int(line.rsplit(":", 1)[1])
        trusting = ssl.create_default_context(cafile=f"{folder}/own.pem")

        def ask(context, path, body=None):
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
            connection.request(
                "POST" if body else "GET", path, json.dumps(body) if body else None,
                {"content-type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.read()

        assert ask(trusting, "/health")[0] == 200
        body = {"prompt": "Once", "max_tokens": 4, "stream": True, "temperature": 0}
        status, text = ask(trusting, "/v1/completions", body)
        assert status == 200 and text.endswith(b"data: [DONE]\n\n"), text
        try:
            ask(ssl.create_default_context(), "/health")
            raise AssertionError("a client that does not trust the certificate was answered")
        except ssl.SSLError:
            pass
        try:
            plain = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            plain.request("GET", "/health")
            status = plain.getresponse().status
            raise AssertionError(f"a plain connection got {status}")
        except (http.client.HTTPException, ConnectionError):
            pass
        assert ask(trusting, "/health")[0] == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        if server.poll() is None:
            server.kill()
print("encrypted connections: as they should be")
