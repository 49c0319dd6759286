"""stox watch, the kind im-internal: a message between two users of the lab's pool."""

import json
import subprocess
import tempfile
from pathlib import Path

from labs import STOX, Lab

failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def once(lab, more=""):
    text = Path(lab.config).read_text()
    (lab.dir / "watch.yaml").write_text(text + f"""watch:
  history: {{ file: history.db }}
  defaults: {{ interval: 5, timeout: 3, retries: 0 }}
  tests: [{{ kind: im-internal{more} }}]
""")
    done = subprocess.run([STOX, "watch", "--once", "--format", "json", "--config", str(lab.dir / "watch.yaml")], capture_output=True, text=True, timeout=60)
    row = json.loads(done.stdout)["tests"][0] if done.stdout else {}
    return (done.returncode, row.get("state"), row.get("reason")), (row.get("test"), row.get("kind")), done


with tempfile.TemporaryDirectory() as name:
    with Lab(Path(name) / "lab") as lab:
        got, named, done = once(lab)
        check("the message and its answer go through the pool", got == (0, "ok", None) and named == ("pool.litware.test/im-internal", "im-internal"), done)
        got, _, done = once(lab, ", pool: pool.litware.test, user: kenmyer@litware.test")
        check("the other user may write first", got == (0, "ok", None), done)
        (lab.dir / "kenmyer").write_text("another one\n")
        got, _, done = once(lab)
        check("who cannot sign in is named", got == (1, "failed", "sip_bad_credentials") and "kenmyer@" in done.stdout, done)
raise SystemExit(failed != 0)
