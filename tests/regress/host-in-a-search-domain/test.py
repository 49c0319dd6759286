import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "e2e"))
from stage import STOX, need  # noqa: E402
from zone import Zone  # noqa: E402

NAMESERVER, SEARCH = "127.0.0.79", "chat.svc.cluster.local"


class SystemZone(Zone):
    """At port 53: resolv.conf(5) can name no other."""

    def __init__(self, name):
        self.records, self.asked = {name: {1: [("A", "127.0.0.1")]}}, []
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind((NAMESERVER, 53))
        self.tcp = socket.create_server((NAMESERVER, 53))
        for serve in (self.serve, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()


def check(folder, *args):
    resolv = Path(folder) / "resolv.conf"
    resolv.write_text(f"search {SEARCH}\nnameserver {NAMESERVER}\noptions ndots:5\n")
    done = subprocess.run(["unshare", "-m", "--", "sh", "-c", f"mount --bind {resolv} /etc/resolv.conf && exec \"$@\"", "sh", STOX,
                           "check", "partner", "contoso.test", "--format", "json", *args], capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout else sys.exit(f"FAILED: {done.stderr}")


if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
    print("skipped: this needs a mount namespace and port 53")
    sys.exit(0)
with tempfile.TemporaryDirectory(prefix="stox-regress-") as folder, SystemZone(f"prosody.{SEARCH}") as zone:
    result = check(folder, "--receiver-server", "prosody:1")
    rows = [r for r in result["rows"] if r["source"] == "given"]
    need([r["address"] for r in rows] == ["127.0.0.1:1"], f"the name is completed: {rows}")
    need(not any(n.startswith("_xmpp") and n.endswith(SEARCH) for n in map(str, zone.asked)), f"a service's is not: {zone.asked}")
    result = check(folder, "--receiver-server", "nobody:1")
    steps = [s for f in result["findings"] if f["id"] == "dns_nxdomain" for s in f["diagnosis"]["next"]]
    need(any("getent ahosts nobody" in s for s in steps) and not any("dig" in s and "nobody" in s for s in steps), f"what helps is getent: {steps}")
