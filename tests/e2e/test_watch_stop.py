"""A watcher that is stopped in the middle of a run: within five seconds, and nobody stays signed in.  One that is killed leaves a
contact, which the next one takes away."""

import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from labs import STOX, Lab

AWAIT_S = 60
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def await_that(what, is_true):
    end = time.monotonic() + AWAIT_S
    while time.monotonic() < end:
        value = is_true()
        if value:
            return value
        time.sleep(0.05)
    raise SystemExit(f"FAILED: {what}")


def start(folder):
    log = open(folder / "watch.log", "wb")
    watcher = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml"), "-v"], stderr=log, env={**os.environ, "LC_ALL": "C.UTF-8"})
    log.close()
    port = await_that("it listens", lambda: re.search(r"listening address=127\.0\.0\.1:(\d+)", (folder / "watch.log").read_text()))[1]

    def runs():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return "stox_watch_running 1" in answer.read().decode()
    await_that("it runs", runs)
    return watcher


def contacts(lab):
    """Of the test user, but for the one of the test that asks."""
    done = subprocess.run([STOX, "test", "--config", lab.config, "--timeout", "2", "-v"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    found = re.search(r"other contacts left alone: (\d+)", done.stdout + done.stderr)
    check("a test by hand signs in", found, done)
    return int(found[1]) if found else None


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The message is lost: a run stays in the middle, signed in on both sides.
        with Lab(folder, "--fault", "gateway-drops") as lab:
            # Over UDP nothing but a REGISTER takes a contact away.
            text = re.sub(r"registrar: \S+", f"registrar: sip:{lab.at('pool pool.litware.test, SIP over UDP')};transport=udp", Path(lab.config).read_text())
            Path(lab.config).write_text(text)
            (folder / "watch.yaml").write_text(text + """watch:
  listen: ["127.0.0.1:0"]
  history: { file: history.db }
  defaults: { interval: 1, timeout: 60, retries: 0 }
""")
            for how, left in ((signal.SIGTERM, 0), (signal.SIGKILL, 1)):
                watcher = start(folder)
                time.sleep(1)  # until it is signed in
                began = time.monotonic()
                watcher.send_signal(how)
                status = watcher.wait(30)
                took = time.monotonic() - began
                check(f"{how.name} ends it", took < 5 and status == (0 if how == signal.SIGTERM else -how), (took, status))
                n = contacts(lab)
                check(f"and leaves {left} contacts", n == left, n)
            watcher = start(folder)
            time.sleep(1)
            watcher.send_signal(signal.SIGTERM)
            watcher.wait(30)
            n = contacts(lab)
            check("which the next one takes away", n == 0, n)
    raise SystemExit(1 if failed else 0)


main()
