import os
import subprocess
import sys
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    secret = Path(folder) / "p"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    (Path(folder) / "stox.yaml").write_text("""
pools:
  - fqdn: a.test
    domains: [a.test]
    registrar: sip:127.0.0.1:9;transport=tcp
    test_users: [{ address: p@a.test, password_file: p }]
watch:
  tests: [{ kind: register, interval: 86400, retries: 0 }]
""")
    done = subprocess.run([sys.argv[1], "watch", "--once", "--config", f"{folder}/stox.yaml"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": folder})
    if done.returncode != 1 or "a.test/register  FAILED tcp_refused" not in done.stdout:
        raise SystemExit(f"it runs each test now: {done}")
