import subprocess
import tempfile
from pathlib import Path

from stage import STOX, need

with tempfile.TemporaryDirectory() as folder:
    secret, config = Path(folder) / "secret", Path(folder) / "stox.yaml"
    secret.touch(mode=0o600)
    secret.write_text("secret")
    text = """pools: [{ fqdn: pool.test, domains: [pool.test] }]
gateway:
  sip:
    listen: ["udp:127.0.0.1:0"]
    next_hop: sip:127.0.0.1:5061;transport=tls
    trusted_peers: [127.0.0.1]
  xmpp:
    component: { name: pool.test, server: "127.0.0.1:5347", secret_file: secret }
"""
    config.write_text(text)
    done = subprocess.run([STOX, "gateway", "--config", str(config), "--check"], capture_output=True, text=True)
    need(done.returncode == 2 and f"{config}:5:15: " in done.stderr, f"it is refused, and where: {done}")
    for what, place in (("group: no-such-group", "9:21: "), (f"socket: {'x' * 120}", "9:22: ")):
        config.write_text(text.replace("transport=tls", "transport=tcp") + f"  control: {{ {what} }}\n")
        done = subprocess.run([STOX, "gateway", "--config", str(config), "--check"], capture_output=True, text=True)
        need(done.returncode == 2 and f"{config}:{place}" in done.stderr, f"it is refused, and where: {done}")
