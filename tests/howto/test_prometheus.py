"""doc/howto/prometheus.md: the gateway's metrics, the service of the timer, Debian's exporter and Prometheus, up to the figure that Prometheus has."""

import re
import urllib.request

from howto import TOP, Bench, Failure, Page, all_running, free_port, run, start_gateway

FIGURES = "/var/lib/prometheus/node-exporter"


def exporter(page):
    b = page.bench
    b.start("exporter", ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{b.port['exporter']}",
                         f"--collector.textfile.directory={page.places[FIGURES]}"])
    b.await_tcp(b.port["exporter"], "exporter")


def textfile(page):
    """What the unit's lines run, with this test's folders."""
    b, text = page.bench, (TOP / "etc/stox-textfile.service").read_text()
    (b.dir / "stox-textfile").mkdir(exist_ok=True)
    lines = re.findall(r"^ExecStart(?:Post)?=\+?(.*)$", text, re.M)
    if len(lines) != 3:
        raise Failure(f"the unit has other lines: {lines}")
    for line in lines:
        page.shell(line.replace("%t", str(b.dir)).replace("/usr/bin/stox", "stox"))


def prometheus(page):
    """Sooner than on the page; and it has figures when it was scraped once."""
    b, config = page.bench, page.at("/etc/prometheus/prometheus.yml")
    config.write_text(config.read_text().replace("15s", "1s"))
    b.start("prometheus", ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={b.dir}/tsdb",
                           f"--web.listen-address=127.0.0.1:{b.port['prometheus']}"])
    b.await_tcp(b.port["prometheus"], "prometheus")
    url = f"http://127.0.0.1:{b.port['prometheus']}/api/v1/query?query="

    def has_figure():
        try:
            return all(b"litware.test" in urllib.request.urlopen(f"{url}{name}", timeout=5).read()
                       for name in ("probe_success", "stox_gateway_stream_up"))
        except OSError:
            return False

    b.wait_for("prometheus", has_figure, "never had the figure")


def main(stox):
    with Bench(stox) as b:
        all_running(b)
        page = Page(b, "prometheus.md")
        page.place(FIGURES)
        page.place("/etc/prometheus")
        b.port.update(exporter=free_port(), prometheus=free_port(), metrics=free_port())
        # No resolver is asked what localhost is.
        page.words = {"localhost:9100": f"127.0.0.1:{b.port['exporter']}", "localhost:9090": f"127.0.0.1:{b.port['prometheus']}",
                      "127.0.0.1:9719": f"127.0.0.1:{b.port['metrics']}", "/usr/share/doc/stox/examples/": f"{TOP}/etc/"}
        exporter(page)
        page.services = {"stox-textfile.timer": lambda: None, "stox-textfile.service": lambda: textfile(page),
                         "stox-gateway": lambda: (b.stop("gateway"), start_gateway(page)),
                         "prometheus": lambda: prometheus(page)}
        page.do()


run(main)
