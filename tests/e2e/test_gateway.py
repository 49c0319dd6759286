"""stox gateway: what would be refused at the start is refused by --check, in the same words, and nothing is started.
What only the start can find ends it with a status of its own."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
FILE = """pools:
  - fqdn: pool.litware.test
    domains: [litware.test]
{pools}partners:
  - domain: contoso.test
{partners}gateway:
  sip:
    listen: [{listen}]
    next_hop: {hop}
    trusted_peers: [127.0.0.1]
  xmpp:
    component: {{ name: litware.test, server: "127.0.0.1:9", secret_file: secret }}
"""
SOUND = {"pools": "", "partners": "", "listen": "udp:127.0.0.1:0", "hop": "sip:127.0.0.1:5060"}
REFUSED = [
    ("a partner's domain is a pool's", {"partners": "    additional_domains: [litware.test]\n"},
     "6:26: `litware.test` cannot be a partner's domain: it is a pool's (line 3)"),
    ("the same, in two forms", {"pools": "  - fqdn: b.test\n    domains: [bücher.test]\n",
                                "partners": "    additional_domains: [xn--bcher-kva.test]\n"},
     "8:26: `xn--bcher-kva.test` is the same domain as one before it (line 5)"),
    ("an additional domain is another partner's, in two forms",
     {"partners": "    additional_domains: [xn--bcher-kva.test]\n  - domain: bücher.test\n"},
     "7:13: `bücher.test` is the same domain as one before it (line 6)"),
    ("a domain that is none", {"partners": "    additional_domains: [xn--a]\n"}, "6:26: `xn--a`: malformed"),
    ("an address to listen on twice", {"listen": "'udp:127.0.0.1:5070', 'udp:127.0.0.1:5070'"},
     "8:36: `udp:127.0.0.1:5070` and `udp:127.0.0.1:5070` (line 8) cannot both be listened on: the address would be in use"),
    ("a next hop over TLS", {"hop": "sip:127.0.0.1;transport=tls"},
     "9:15: the gateway speaks to `next_hop` over UDP or TCP, not yet over TLS"),
    ("a next hop whose name is none", {"hop": "sip:bücher.test"}, "9:15: `sip:bücher.test`: malformed"),
    ("a next hop with a parameter twice", {"hop": "sip:127.0.0.1;lr;lr"}, "9:15: `sip:127.0.0.1;lr;lr`: malformed"),
]
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}")
    failed += not ok


def run(folder, values, *args):
    path = Path(folder) / "stox.yaml"
    path.write_text(FILE.format(**{**SOUND, **values}))
    done = subprocess.run([STOX, "gateway", "--config", str(path), *args], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr.replace(f"{path}:", "")


def said(folder, values):
    """What the check of a sound file prints."""
    path = Path(folder) / "stox.yaml"
    path.write_text(FILE.format(**{**SOUND, **values}))
    return subprocess.run([STOX, "gateway", "--config", str(path), "--check"], capture_output=True, text=True, timeout=60).stdout


def taken(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s


with tempfile.TemporaryDirectory() as name:
    secret = Path(name) / "secret"
    secret.write_text("component-secret\n")
    secret.chmod(0o600)
    check("a sound file passes", run(name, {}, "--check") == (0, ""))
    values = {"partners": "    dialback: true\n    tls: none\n"}
    check("what is not enforced is said, once", re.fullmatch(
        r"\S+:6:15: Note: `tls`, `sasl` and `dialback` of partners are not enforced: .*127.0.0.1:9, by its own settings\n"
        r"\S+: nothing wrong. Pools: 1 .*; partners: 1 .*; trusted peers: 1; component litware.test at 127.0.0.1:9; "
        r"secrets: 1, readable by root.*\n", said(name, values)), said(name, values))
    both = {"partners": "    additional_domains: [litware.test]\n", "hop": "sip:127.0.0.1;transport=tls"}
    check("all that is wrong is told at once", len(run(name, both, "--check")[1].splitlines()) == 2, run(name, both, "--check"))
    shared = {"pools": "  - fqdn: b.test\n    domains: [b.test, Litware.test]\n"}
    check("two pools may serve one domain", run(name, shared, "--check") == (0, ""), run(name, shared, "--check"))
    trace = Path(name) / "trace"
    check("a trace that can be written passes, and is not begun", run(name, {}, "--check", "--trace-engine", str(trace)) == (0, "")
          and not trace.exists())
    trace.symlink_to("elsewhere")
    for args in (["--check"], []):
        got = run(name, {}, *args, "--trace-engine", str(trace))
        check(f"a trace that is a link is refused {args}",
              got == (2, f"stox gateway: --trace-engine {trace}: this is a link; name the file itself\n"), got)
    for what, values, line in REFUSED:
        checked = run(name, values, "--check")
        check(f"{what}: refused by the check", checked == (2, line + "\n"), checked)
        check(f"{what}: refused at the start", run(name, values) == checked, run(name, values))
    for transport, kind in (("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)):
        with taken(kind) as s:
            values = {"listen": f"{transport}:127.0.0.1:{s.getsockname()[1]}"}
            check(f"{transport}: a port that is taken is nothing for the check", run(name, values, "--check") == (0, ""))
            status, shown = run(name, values)
        check(f"{transport}: a listener that cannot be opened ends it with 3",
              status == 3 and re.search("^error: .*cannot-listen", shown, re.M), (status, shown))
sys.exit(failed > 0)
