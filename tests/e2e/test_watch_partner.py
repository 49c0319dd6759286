"""stox watch, the kind partner: a partner as the servers of other domains see it, with a server of the test's own."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from labs import STOX

AWAIT_S = 60  # on a machine that is busy
OPEN = ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
        "id='s1' from='x.test' version='1.0'>")
STARTTLS = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
DIALBACK = "<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>"
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def certificate(folder, name, domain):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={domain}",
                    "-addext", f"subjectAltName=DNS:{domain}"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


class Server:
    """A server for servers, RFC 6120: a stream, STARTTLS with the certificate `context` (None: it has none), features."""

    def __init__(self, context):
        self.context, self.openings = context, []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.sock.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.speak, args=(connection,), daemon=True).start()

    def speak(self, connection):
        try:
            self.openings.append(self.read(connection, b"<stream:stream[^>]*>"))
            connection.sendall((OPEN + (STARTTLS if self.context else DIALBACK)).encode())
            if self.context:
                self.read(connection, b"<starttls[^>]*>")
                connection.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
                connection = self.context.wrap_socket(connection, server_side=True)
                self.read(connection, b"<stream:stream[^>]*>")
                connection.sendall((OPEN + DIALBACK).encode())
            while connection.recv(4096):
                pass
        except OSError:
            pass  # who has seen enough leaves
        finally:
            connection.close()

    @staticmethod
    def read(connection, until):
        got = b""
        while not re.search(until, got):
            more = connection.recv(4096)
            if not more:
                raise OSError
            got += more
        return got.decode()


def configure(folder, ca, port, tests):
    (folder / "stox.yaml").write_text(f"""partners:
  - {{ domain: x.test, ca_file: {ca}, server: '127.0.0.1:{port}' }}
watch:
  listen: ["127.0.0.1:0"]
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0 }}
  tests: [{tests}]
""")


def once(folder):
    done = subprocess.run([STOX, "watch", "--once", "--format", "json", "-c", "stox.yaml"], cwd=folder, capture_output=True, text=True, timeout=60)
    try:
        return done.returncode, json.loads(done.stdout)["tests"][0]
    except (ValueError, LookupError):
        return done.returncode, {"state": done.stdout + done.stderr}


def each_fault(folder, good, other):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    for what, context, ca, expect, want in (
            ("a server as it should be", good, "good.pem", "", (0, "ok", None)),
            ("a certificate of nobody known is a failure, dialback or not", good, "other.pem", "", (1, "failed", "tls_untrusted_issuer")),
            ("one for another name, too", other, "other.pem", "", (1, "failed", "tls_name_mismatch")),
            ("a server without encryption", None, "good.pem", "", (1, "failed", "tls_not_offered")),
            ("a closed port", closed, "good.pem", "", (1, "failed", "tcp_refused")),
            ("which passes where it is to be so", closed, "good.pem", ", expect: tcp_refused", (0, "ok", "tcp_refused"))):
        server = None if isinstance(context, int) else Server(context)
        configure(folder, ca, server.port if server else context, "{ kind: partner%s }" % expect)
        status, row = once(folder)
        check(what, (status, row["state"], row.get("reason")) == want and row.get("test") == "-/x.test/partner", (status, row))
        if server:
            check(f"{what}: a server speaks to a server", server.openings and all("jabber:server" in o and "to='x.test'" in o.replace('"', "'") for o in server.openings),
                  server.openings)
            server.sock.close()


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


def await_text(port, path, text):
    end, body = time.monotonic() + AWAIT_S, ""
    while time.monotonic() < end and text not in body:
        body = get(port, path)
        time.sleep(0.05)
    return body


def shown(folder, context):
    server = Server(context)
    configure(folder, "good.pem", server.port, "{ kind: partner }, { kind: servers, enabled: false }")
    log = folder / "log"
    with open(log, "wb") as f:
        watcher = subprocess.Popen([STOX, "watch", "-c", "stox.yaml"], cwd=folder, stderr=f, env={**os.environ, "LC_ALL": "C.UTF-8"})
    end, found = time.monotonic() + AWAIT_S, None
    while not found and time.monotonic() < end:
        found = re.search(r"http listening address=127\.0\.0\.1:(\d+)", log.read_text())
        time.sleep(0.02)
    port = int(found[1])
    sample = 'probe_success{kind="partner",pool="",partner="x.test",direction=""} 1'
    check("the metrics have it", sample in (text := await_text(port, "/metrics", sample)), text)
    page = await_text(port, "/", "server to server")
    check("the overview has a column, beside that of the servers", 'href="/t/-/x.test/partner"' in page and page.index('<th scope="col">servers of the partner') < page.index('<th scope="col">server to server'), page)
    page = get(port, "/t/-/x.test/partner")
    run = re.search(r'href="(/runs/[^"#?]+)"', page)
    check("a page of its own, with its runs", run and "x.test: server to server" in page, page)
    check("a run has what was found", run and "_xmpp-server._tcp" in get(port, run[1] + ".json"), run)
    watcher.send_signal(signal.SIGTERM)
    check("it ends", watcher.wait(30) == 0, log.read_text())


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good, other = certificate(folder, "good", "x.test"), certificate(folder, "other", "y.test")
        each_fault(folder, good, other)
        shown(folder, good)
    raise SystemExit(failed != 0)


main()
