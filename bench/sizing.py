"""The figures of doc/sizing.md: what a gateway takes when idle, for partners, for connections, for messages in hand and a message."""

import os
import re
import socket
import statistics
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests/interop"))
sys.dont_write_bytecode = True
from peers import Bench  # noqa: E402

BUILD = TOP / "build/bench"
STOX = str(BUILD / "stox")
PARTNERS, CONNS, MESSAGES, RUNS = 4000, 200, 50000, 3
TICKS = os.sysconf("SC_CLK_TCK")


def show(name, text):
    print(f"{name:<42} {text}", flush=True)


def memory(pid, key="VmRSS"):
    return int(re.search(rf"{key}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def cpu(pid):
    return sum(int(field) for field in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]) / TICKS


class Running:
    """A gateway with so many partners, and a sink as its XMPP server that answers all pings."""

    def __init__(self, partners=1, settle=30):
        self.bench = Bench(STOX)
        self.partners, self.settle = partners, settle

    def __enter__(self):
        b = self.bench
        b.start("sink", [BUILD / "bench_sink", b.port["component"], b.component_secret])
        b.await_log("sink", "listening")
        path = b.config()
        text = path.read_text().replace("  xmpp:\n", f"  xmpp:\n    settle: {self.settle}\n")
        more = "".join(f"  - domain: partner{i}.example\n" for i in range(self.partners - 1))
        b.write(path.name, text.replace("gateway:\n", f"{more}gateway:\n"))
        self.pid = b.gateway().pid
        return self

    def __exit__(self, *args):
        self.bench.__exit__(*args)

    def load(self, outstanding, messages):
        """Its rate, and microseconds of CPU a message."""
        before = cpu(self.pid)
        said = subprocess.run([BUILD / "bench_load", str(self.bench.port["gateway"]), str(outstanding), str(messages)],
                              capture_output=True, text=True, check=True).stdout
        return float(re.search(r"rate (\d+)", said)[1]), (cpu(self.pid) - before) * 1e6 / messages


def at_rest():
    with Running() as one:
        idle, open_files = memory(one.pid), len(list(Path(f"/proc/{one.pid}/fd").iterdir()))
        show("idle, one partner", f"{idle / 1024:.1f} MB, {open_files} descriptors")
        conns = []
        for i in range(CONNS):
            s = socket.socket()
            s.bind(("127.0.0.1", 0))
            s.connect(("127.0.0.1", one.bench.port["gateway"]))
            s.sendall(b"OPTIONS sip:x SIP/2.0\r\n")
            conns.append(s)
        one.load(1, 100)
        more = len(list(Path(f"/proc/{one.pid}/fd").iterdir())) - open_files
        show(f"{CONNS} TCP connections within a request", f"{(memory(one.pid) - idle) / CONNS:.1f} KB each, {more} descriptors")
    with Running(PARTNERS) as many:
        show("1,000 partners", f"{(memory(many.pid) - idle) * 1000 / PARTNERS:.0f} KB")


def in_hand():
    peaks = {}
    for outstanding in (64, 4096):
        with Running(settle=150) as r:
            r.load(outstanding, 20 * outstanding)
            peaks[outstanding] = memory(r.pid, "VmHWM")
    show("1,000 messages in hand", f"{(peaks[4096] - peaks[64]) * 1000 / (4096 - 64):.0f} KB")
    with Running(settle=0) as r:
        r.load(64, 10000)
        before = memory(r.pid)
        for _ in range(RUNS):
            r.load(64, MESSAGES)
        show("1,000 finished transactions", f"{(memory(r.pid) - before) * 1000 / (RUNS * MESSAGES):.0f} KB")


def messages():
    for outstanding, settle in ((1, 0), (64, 0), (4096, 30)):
        with Running(settle=settle) as r:
            runs = [r.load(outstanding, MESSAGES if outstanding > 1 else 10000) for _ in range(RUNS)]
        rate, used = (statistics.median(run[i] for run in runs) for i in (0, 1))
        show(f"{outstanding} outstanding, settle {settle} ms", f"{rate:.0f} /s here, {used:.1f} us of CPU a message: "
             f"{1e6 / used:.0f} /s a core")


at_rest()
in_hand()
messages()
