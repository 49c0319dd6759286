"""Every fault of the lab has its own reason, phase and exit status: in words, in JSON, and from another process.

Prints the matrix.  A fault that gets a neighbour's reason is a failure.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from readers import FLAWS, READERS

STOX = os.path.abspath(sys.argv[1])
AT_ONCE = 4  # most of them wait for something that never comes
TIMEOUT = 2  # of a test that fails, as for `stox lab --test`
# Inside the test's own process: there is no other one to look from.
OWN_PROCESS = {"clock-jump"}


class Fault(NamedTuple):
    name: str
    reason: str  # or the warning
    phase: str
    cause: str
    status: int


class Seen(NamedTuple):
    """What one run said."""
    status: int
    reason: str
    phase: str
    causes: list  # None where they have no names
    warnings: list
    output: str

    def is_as(self, fault):
        if fault.status == 0:
            return self.status == 0 and not self.reason and fault.reason in self.warnings
        named = self.causes is None or self.causes == ([fault.cause] if fault.cause else [])
        return named and (self.reason, self.phase, self.status) == (fault.reason, fault.phase, fault.status)

    def __str__(self):
        return " ".join(filter(None, [self.reason, self.phase, *(self.causes or []), *self.warnings, str(self.status)]))


def stox(*args):
    return subprocess.run([STOX, *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "HOME": "/nonexistent", "XDG_CONFIG_HOME": ""})


def faults():
    lines = stox("lab", "--list-faults").stdout.splitlines()
    for first, second in zip(lines[::2], lines[1::2]):
        name = first.split()[0]
        found = re.fullmatch(r" +-> (\S+) in ([^\s,]+)(?:, caused by (\S+))?, exit status (\d)", second)
        if found:
            yield Fault(name, found[1], found[2], found[3] or "", int(found[4]))
        else:
            yield Fault(name, re.fullmatch(r" +-> warning (\S+), exit status 0", second)[1], "", "", 0)


def nothing(done):
    return Seen(done.returncode, "", "", [], [], done.stdout + done.stderr)


def read_json(done):
    try:
        result = json.loads(done.stdout)
    except ValueError:
        return nothing(done)
    error = result["error"] or {"reason": "", "phase": "", "causes": []}
    return Seen(done.returncode, error["reason"], error["phase"], [c["id"] for c in error["causes"]],
                [w["id"] for w in result["warnings"]], done.stdout + done.stderr)


def read_text(done, fault):
    """Success or Failure, and the reason and the names of the warnings in brackets."""
    result = "Failure" if done.returncode else "Success"
    if not re.search(rf"^Result +: {result}$", done.stdout, re.MULTILINE):
        return nothing(done)
    found = re.search(r"^Diagnosis +: .*\[(\S+) in (\S+)\]$", done.stdout, re.MULTILINE)
    reason, phase = found.groups() if found else ("", "")
    warnings = re.findall(r"^Warning +: .*\[(\w+)\]$", done.stdout, re.MULTILINE)
    return Seen(done.returncode, reason, phase, None, warnings, done.stdout + done.stderr)


def from_another_process(fault, folder):
    """The command that the lab prints is run as it stands."""
    lab = subprocess.Popen([STOX, "lab", "--fault", fault.name, "--write-config", folder],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        table = ""
        while "Ctrl-C" not in table:
            line = lab.stdout.readline()
            if not line:
                return Seen(-1, "", "", [], [], "the lab ended")
            table += line
        command = shlex.split(re.search(r"^  stox (test .*)$", table, re.MULTILINE)[1])
        limit = ["--timeout", str(TIMEOUT)] if fault.status else []
        forms = [f"--output={form}={folder}/{fault.name}.{form}" for form in READERS]
        # All labs have the same accounts.
        done = stox(*command, *limit, "--no-lock", "--format", "json", *forms)
        seen = read_json(done)
        flaws = [f"{form}: {flaw}" for form in READERS
                 if (flaw := flaw_of(form, Path(folder) / f"{fault.name}.{form}", seen))]
        return seen._replace(reason=f"{seen.reason}, but {flaws}") if flaws else seen
    finally:
        lab.send_signal(signal.SIGTERM)
        lab.wait(10)


def flaw_of(form, path, seen):
    """What is wrong with the file, as a reader of that form sees it; or None."""
    try:
        got = READERS[form](path)
    except FLAWS as why:
        return str(why)
    want = (seen.reason, seen.phase) if seen.status else None
    return None if got == want else f"{got} instead of {want}"


def look(fault, folder):
    args = ["lab", "--test", "--fault", fault.name]
    began = time.monotonic()
    text = stox(*args)
    seconds = time.monotonic() - began
    seen = {"text": read_text(text, fault), "JSON": read_json(stox(*args, "--format", "json"))}
    if fault.name not in OWN_PROCESS:
        seen["another process"] = from_another_process(fault, str(Path(folder) / fault.name))
    return fault, seen, seconds


def row(fault, seen, seconds):
    wrong = {where: s for where, s in seen.items() if not s.is_as(fault)}
    told = fault.reason + (f" ({fault.cause})" if fault.cause else "")
    print(f"{fault.name:27} {told:30} {fault.phase:13} {fault.status:4}  {seconds:6.2f}  {'FAILED' if wrong else 'ok'}")
    for where, s in wrong.items():
        print(f"  {where}: {s}\n{s.output}")
    return not wrong


def matrix(folder):
    everything = list(faults())
    print(f"{'fault':27} {'reason or warning (cause)':30} {'phase':13} exit  time s  verdict")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda f: look(f, folder), everything))
    good = [row(*r) for r in results]
    print(f"{sum(good)} of {len(good)} faults are told as what they are")
    return all(good) and len(good) >= 60 and distinct(everything)


def distinct(everything):
    """Nobody has a neighbour's reason, unless it is of another phase, or another cause is named in front of it."""
    owner = {}
    good = True
    for fault in everything:
        other = owner.setdefault((fault.reason, fault.phase, fault.cause), fault.name)
        if other != fault.name:
            print(f"FAILED: {fault.name} and {other} are both {fault.reason}")
            good = False
    return good


with tempfile.TemporaryDirectory() as name:
    start = time.monotonic()
    ok = matrix(name)
    print(f"{time.monotonic() - start:.0f} s")
    sys.exit(0 if ok else 1)
