"""Each line that doc/troubleshooting.md quotes is one that the program prints: a message of the catalogue, or words of the log."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
STOX = sys.argv[1]
SOURCES = "\n".join(path.read_text() for path in sorted((TOP / "src").glob("**/*.c")))
FAILED = []


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def messages():
    """The English of the catalogue."""
    text = subprocess.run(["msgcat", "--no-wrap", TOP / "po/stox.pot"], capture_output=True, text=True, check=True).stdout
    return [re.sub(r"\\(.)", r"\1", m) for m in re.findall(r'^msgid "(.+)"$', text, re.M)]


def has_message(line, catalogue):
    """A word in capitals of the page stands for {1}, or for a word in backquotes."""
    words = [re.escape(piece) for piece in re.split(r"\b[A-Z]{4,}\b", line)]
    wanted = re.compile(r"(?:\{\d\}|`\w+`)".join(words))
    return any(wanted.match(message) for message in catalogue)


def has_log_words(line):
    """`sip cannot-listen address=ADDRESS`: the event, each key, and each value that is no word in capitals."""
    subsystem, event, *rest = re.findall(r'\S+="[^"]*"|\S+', line)
    found = (re.search(rf'"{subsystem}",\s*(?:err == ELOOP \? )?"{event}"|"{subsystem} {event}', SOURCES) or
             re.search(rf'"{subsystem}",[^;]{{0,80}}"{event}"', SOURCES))
    for field in rest:
        key, value = field.split("=", 1)
        value = value.strip('"')
        known = value.isupper() or value in SOURCES or value == "address already in use"
        found = found and (f'"{key}"' in SOURCES or f" {key}=" in SOURCES) and known
    return found


def main():
    page = (TOP / "doc/troubleshooting.md").read_text()
    catalogue = [*messages(), "{1}: no such file or directory"]
    reasons = subprocess.run([STOX, "explain"], capture_output=True, text=True, check=True, env={"LANG": "C"}).stdout
    lines = re.findall(r"^### `(.*)`$", page, re.M)
    check("every symptom is a line", len(lines) > 20 and len(lines) == page.count("\n### "), lines)
    for line in lines:
        reason = re.fullmatch(r"\[(\w+) in ([a-z.]+)\]", line)
        if reason:
            check(line, re.search(rf"^{reason[1]} ", reasons, re.M) and f'"{reason[2]}"' in SOURCES)
        elif re.match(r"(sip|xmpp|config|gateway) [a-z-]+( |$)", line):
            check(line, has_log_words(line))
        else:
            check(line, has_message(line, catalogue))
    for cause in re.findall(r"^\| `([a-z -]+)` \|", page, re.M):
        check(f"the cause {cause}", f'"{cause}"' in SOURCES or cause == "connection refused")
    for link in re.findall(r"\]\(([^)#]+)", page):
        check(f"{link} is there", (TOP / "doc" / link).exists())


main()
sys.exit(1 if FAILED else 0)
