import subprocess
import tempfile
from pathlib import Path

from stage import STOX, need

with tempfile.TemporaryDirectory() as folder:
    config = Path(folder) / "stox.yaml"
    config.write_text('"red\\x9b31m": 1\n')
    done = subprocess.run([STOX, "test", "--config", config], capture_output=True)
    need(done.returncode == 2 and done.stderr.startswith(str(config).encode() + b":1:1:"), f"it is refused: {done.stderr}")
    need(b"\xc2\x9b" not in done.stderr and b"\x9b" not in done.stderr, f"the terminal has nothing to obey: {done.stderr}")
