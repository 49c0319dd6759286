"""doc/howto/watch.md: the tests, the trial of an alert, the service and its figures, and an alert when the gateway is stopped."""

import time
import urllib.request

from howto import Bench, Failure, Page, all_running, free_port, run


def start_watcher(page, port):
    """As the page's line has it, without systemd, and until all tests have run."""
    b = page.bench
    (b.dir / "state").mkdir()
    b.start("watcher", ["env", f"XDG_STATE_HOME={b.dir}/state", b.stox, "watch", "--config", page.at("/etc/stox/stox.yaml")])

    def has_figures():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return answer.read().count(b"\nprobe_success{") == 3
        except OSError:
            return False

    b.wait_for("watcher", has_figures, "never had figures of all tests")


def main(stox):
    with Bench(stox) as b:
        all_running(b)
        port = free_port()
        page = Page(b, "watch.md")
        log = page.place("/var/log") / "stox-alerts"
        logger = page.place("/usr/bin") / "logger"
        logger.write_text(f'#!/bin/sh\necho "$*" >>{log}\n')
        logger.chmod(0o755)
        # Sooner than on the page.
        page.words = {"  url: http://127.0.0.1:8080": f"  listen: ['127.0.0.1:{port}']\n  defaults: {{ interval: 1, timeout: 5 }}",
                      "127.0.0.1:8080": f"127.0.0.1:{port}", "logger -t stox-alerts": str(logger), "journalctl -t stox-alerts -n 1 -o cat": f"tail -n 1 {log}"}
        page.services = {"stox-watch": lambda: start_watcher(page, port)}
        page.do()
        b.stop("gateway")
        end = time.monotonic() + 60
        while "admins: FAILED: contoso.test cannot be reached from litware.test." not in log.read_text():
            if time.monotonic() > end:
                raise Failure(f"nobody was told: {log.read_text()}")
            time.sleep(0.2)
        print("ok: a test that fails is told")


run(main)
