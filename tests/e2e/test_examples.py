"""Every example of the README and the manual pages is run, against a lab; shown output must be true."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
TOP = Path(__file__).resolve().parents[2]


def examples():
    for path in [TOP / "README.md", *sorted((TOP / "doc").glob("**/*.[1-8]"))]:
        lines = path.read_text().splitlines()
        for i, line in enumerate(lines):
            if not line.startswith("$ stox "):
                continue
            line = line.replace("\\e", "\\")  # as mdoc writes it
            shown = []
            for following in lines[i + 1:]:
                if following.startswith(("```", "$ ", ".")):
                    break
                shown.append(following)
            yield path.name, line[2:], "\n".join(shown)


def plain(text):
    """Without what differs from run to run, and without warnings."""
    text = re.sub(r"\d\d:\d\d:\d\d\.\d{7}", "TIME", text)
    return [line.rstrip() for line in text.splitlines() if not line.startswith("Warning")]


def run(args, folder):
    """What has an end, to its end; what goes on until Ctrl-C, until it says so."""
    p = subprocess.Popen([STOX, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         cwd=Path(folder).parent, env={**os.environ, "STOX_CONFIG": f"{folder}/stox.yaml"})
    text = ""
    for line in p.stdout:
        text += line
        if "Ctrl-C" in line:
            p.send_signal(signal.SIGINT)
    p.stdout.close()
    return p.wait(60), text


def main(folder):
    lab = subprocess.Popen([STOX, "lab", "--write-config", folder], stdout=subprocess.PIPE, text=True)
    while "Ctrl-C" not in lab.stdout.readline():
        pass
    with open(f"{folder}/stox.yaml", "a") as config:
        config.write("watch: {}\n")
    failed = ran = 0
    for name, command, shown in examples():
        args = shlex.split(command)
        status, text = run(args[1:], folder)
        want = 1 if "--fault" in args else 0
        ok = status == want and (not shown or plain(text) == plain(shown))
        print(f"{'ok' if ok else 'FAILED'}: {name}: {command}")
        if not ok:
            print(status, text)
        failed += not ok
        ran += 1
    lab.send_signal(signal.SIGTERM)
    lab.wait(10)
    return failed == 0 and ran >= 5


with tempfile.TemporaryDirectory() as name:
    sys.exit(0 if main(name + "/lab") else 1)
