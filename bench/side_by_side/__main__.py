"""The same faults given to five tools: which verdicts are wrong, which causes go unnamed.

Writes doc/side-by-side.md.  -v shows what each tool said; words behind it choose the rows that they begin.
"""

import re
import signal
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.append(str(TOP / "tests/interop"))
from lab import FAULTS, Lab  # noqa: E402
from real import Real  # noqa: E402
from rows import ROWS  # noqa: E402
from tools import PLUGINS, STOX, TOOLS, run  # noqa: E402

LAB = """\
# Side by side

The question is the same for all: can people on the SIP system and on the XMPP network write to each
other, and if not, why? Each tool is set up as well as its options allow: Debian 12's packages, with
the issuer of the certificates, the names, and the right passwords unless those are the fault. A cause
counts as named when the tool's own words about this failure hold it (for a refused connection:
*refused*); a list of likely causes does not count. The patterns are the same for all, and stand in
`bench/side_by_side`. Made by `./run bench side-by-side`.
What is shown, beside what others show: [pages](pages.md).

## In the lab

Each tool got a lab with the same fault. SIPp there has neither TLS nor SHA-256, so it asks by OPTIONS
over TCP; blackbox_exporter's queries wait for line ends, so XMPP is a connection to it.
"""

REAL = """
## With real servers

Kamailio is the pool: registrar and proxy, with TLS for its users, TCP to the gateway and MD5 digests.
The XMPP server is Prosody, or in the rows at the end ejabberd; it takes TLS from the first byte on a
port of its own, too. The gateway is stox gateway in all rows but one, and dnsmasq has the names.
Everything runs on loopback, and is started anew for each row. What each tool asks:

- check_jabber: the XMPP server, by its own question, on both ports; when its certificate ends.
- check_tcp: OPTIONS of the pool over TLS and of the gateway over TCP; STARTTLS in the XMPP server's
  answer to a stream header; a connection to its port for TLS and to the name server; when both
  certificates end.
- blackbox_exporter: the same OPTIONS, both ports of the XMPP server, an SRV record of the name server;
  both certificates are verified.
- SIPp: over TCP it signs in as the test user, and its message to the receiver must get 202.
- stox test: a message to the receiver and its answer, found by the name server; in the last row without
  the receiver's password.
"""


def judge(name, named, target, tool):
    try:
        failed, said = TOOLS[tool](target)
    except subprocess.TimeoutExpired:
        failed, said = True, "(it never ended)"
    if "-v" in sys.argv:
        print(f"---- {name}: {tool} {'fails' if failed else 'says OK'}\n{said}", flush=True)
    if named is None:
        return "wrong: fails" if failed else "ok"
    if not failed:
        return "wrong: says OK"
    return "named" if re.search(named, said, re.I) else "fails, cause unnamed"


def in_lab(fault, named):
    cells = []
    for tool in TOOLS:
        with Lab(fault) as lab:
            cells.append(judge(fault, named, lab.target(), tool))
    return cells


def with_real(row):
    """The last one first: SIPp leaves its contact behind."""
    with Real(row) as real:
        real.up()
        return [judge(row.fault, row.named, real.target(), tool) for tool in reversed(TOOLS)][::-1]


def collect(rows, cells_of):
    """{name: cells} of the rows that are asked for"""
    chosen, found = [arg for arg in sys.argv[1:] if arg != "-v"], {}
    for name, row in rows.items():
        if not chosen or name.startswith(tuple(chosen)):
            found[name] = cells_of(*row)
            print(f"{name[:60]:<62}" + "".join(f"{cell:<22}" for cell in found[name]), flush=True)
    return found


def table(rows):
    lines = ["| fault | " + " | ".join(TOOLS) + " |", "|---" * (len(TOOLS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    for what, begin in (("wrong verdicts", "wrong"), ("causes unnamed", "fails")):
        counts = [sum(cell.startswith(begin) for cell in column) for column in zip(*rows.values())]
        lines.append(f"| **{what}** | " + " | ".join(f"**{n}**" for n in counts) + " |")
    return "\n".join(lines) + "\n"


def versions():
    def first(*args):
        return next(line.strip(" .") for line in run(args)[1].splitlines() if line.strip())

    def package(name):
        return f"{name} {run(['dpkg-query', '-W', '-f', '${Version}', name])[1]}"

    return "; ".join((first(PLUGINS / "check_tcp", "-V"), first("prometheus-blackbox-exporter", "--version"), first("sipp", "-v"),
                      first(STOX, "--version"), *map(package, ("kamailio", "prosody", "ejabberd", "dnsmasq-base"))))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("it was told to end"))  # what it started ends with it
    lab = collect({fault or "(a healthy system)": (fault, named) for fault, named in FAULTS.items()}, in_lab)
    real = collect({row.fault: (row,) for row in ROWS}, with_real)
    if len(lab) + len(real) == len(FAULTS) + len(ROWS):
        text = "\n".join((LAB, table(lab) + REAL, table(real), f"Versions: {versions()}.\n"))
        (TOP / "doc/side-by-side.md").write_text(text)
    sys.exit(any(cells[-1].startswith(("wrong", "fails")) for cells in [*lab.values(), *real.values()]))


main()
