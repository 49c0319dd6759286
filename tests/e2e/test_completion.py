"""The completions as the shells themselves do them, from where the installation puts them."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STOX = Path(sys.argv[1]).resolve()
FAILED = []
HOME = {"HOME": "/nonexistent", "TERM": "dumb", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
TIMEOUT = 30


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def words_of(*args):
    """What the program itself says that can stand there."""
    return subprocess.run([STOX, *args], capture_output=True, text=True, check=True, env=HOME).stdout


FAULTS = [line.split()[0] for line in words_of("lab", "--list-faults").splitlines()[::2]]
OPTIONS = re.findall(r"^  (?:-.,|   ) (--[a-z0-9-]+)", words_of("test", "--help", "all"), re.M)
COMMANDS = re.findall(r"^  ([a-z]+) ", words_of("help"), re.M)

# What is typed, and what is offered for its last word.
CASES = (
    ("stox ", COMMANDS),
    ("stox te", ["test"]),
    ("stox test --", OPTIONS),
    ("stox test --fo", ["--format"]),
    ("stox test --format j", ["json", "junit"]),
    ("stox test -f te", ["text"]),
    ("stox test --color ", ["auto", "always", "never"]),
    ("stox lab --fault ", FAULTS),
    ("stox lab --fault gateway-d", [f for f in FAULTS if f.startswith("gateway-d")]),
    ("stox explain tls_cert_e", ["tls_cert_expired"]),
    ("stox completion ", ["bash", "zsh", "fish"]),
    ("stox help g", ["gateway"]),
    ("stox check ", ["pool", "partner", "config"]),
    ("stox check config --fo", ["--format"]),
    ("stox check pool --reg", ["--registrar", "--registrar-port"]),
    ("stox check pool --format ", ["text", "json"]),
    ("stox check partner --fr", ["--from"]),
    ("stox test --target ", []),
    ("stox test --config ca", ["ca.pem"]),
    ("stox lab --write-config la", ["lab"]),
    ("check_stox --ho", ["--hostname"]),
    ("check_stox --accept earl", ["earlier_message"]),
    ("check_stox --config ca", ["ca.pem"]),
)


def run(shell, script, prefix, folder):
    done = subprocess.run(shell, input=script, capture_output=True, text=True, timeout=TIMEOUT, cwd=folder,
                          # fish completes commands that there are only.
                          env={**HOME, "PATH": f"{prefix}/bin:{prefix}/lib/nagios/plugins:{HOME['PATH']}",
                               "XDG_DATA_DIRS": f"{prefix}/share:/usr/share", "XDG_CONFIG_HOME": folder,
                               "XDG_DATA_HOME": folder, "XDG_CACHE_HOME": folder})
    return done.stdout, done.stderr


def offered(shell, ask, prefix, folder):
    """Each of CASES as its shell answers it; a folder's slash does not matter."""
    for typed, want in CASES:
        out, err = ask(typed, prefix, folder)
        got = [word.rstrip("/") for word in out.split("\n") if word]
        if shell != "fish" and typed == "stox ":  # options of the program itself, offered beside
            got = [word for word in got if not word.startswith("-")]
        ok = sorted(set(got) - {"--help"}) == sorted(set(want) - {"--help"})
        check(f"{shell}: `{typed}`", ok, json.dumps([got, want, err], indent=1))


def ask_bash(typed, prefix, folder):
    words = typed.split(" ")
    script = (f"source {prefix}/share/bash-completion/completions/{words[0]}\n"
              f"COMP_WORDS=({' '.join(words[:-1])} '{words[-1]}') COMP_CWORD={len(words) - 1}\n"
              f"_{words[0]}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
    return run(["bash", "--norc", "-s"], script, prefix, folder)


def ask_fish(typed, prefix, folder):
    out, err = run(["fish"], f"complete -C '{typed}'\n", prefix, folder)
    return "\n".join(line.split("\t")[0] for line in out.splitlines()), err


# zsh completes only for somebody who types: a function in the place of its own catches what it would
# offer, and Ctrl-T lists and says when that is done.
ZSH = """
fpath=({prefix}/share/zsh/site-functions $fpath)
autoload -Uz compinit && compinit -u -d {folder}/dump
zmodload zsh/zutil
compadd()
{{
	local -a given found
	local -A options
	if [[ $* == *-[a-zA-Z]#[OAD]* ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A found "$@"
	print -rl -- $found >>{folder}/found
	builtin compadd "$@"
}}
tell() {{ zle list-choices; print -r -- '=done' >>{folder}/found }}
zle -N tell
bindkey '^T' tell
print REA''DY
"""


class Typist:
    """Somebody at a shell on a terminal."""

    def __init__(self, argv, env, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(argv[0], argv, env)
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        except OSError:  # the shell has ended
            return False
        return True

    def wait(self, pattern):
        end = time.monotonic() + TIMEOUT
        while not re.search(pattern, self.seen):
            if not self.read(max(0, end - time.monotonic())):
                return False
        return True

    def end(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def zsh_offers(prefix, folder):
    env = {**HOME, "TERM": "xterm", "COLUMNS": "200"}
    typist = Typist(["zsh", "-f", "-i"], env, folder)
    typist.type("PROMPT='> ' LISTMAX=1000; setopt extendedglob no_beep\n")
    for line in ZSH.format(prefix=prefix, folder=folder).strip().split("\n"):
        typist.type(line.replace("\t", " ") + "\n")
    found = Path(folder) / "found"
    if not typist.wait("READY"):
        check("zsh: starts", False, typist.seen)
        return
    for typed, want in CASES:
        found.write_text("")
        typist.type(typed + "\x14")
        end = time.monotonic() + TIMEOUT
        while "=done\n" not in found.read_text() and time.monotonic() < end:
            typist.read(0.05)
        typist.type("\x15")
        got = {re.sub(r"[=+]$", "", word).rstrip("/") for word in found.read_text().split("\n")
               if word and word != "=done"}
        if typed.endswith("--"):
            got = {word for word in got if word.startswith("--")}
        ok = got - {"--help", "--version"} == set(want) - {"--help"}
        check(f"zsh: `{typed}`", ok, json.dumps([sorted(got), want], indent=1))
    typist.end()


def typed_to_the_end(name, argv, setup, prefix, folder):
    """A completed line is run: what the shell made of it reaches the program."""
    env = {**HOME, "TERM": "xterm", "XDG_DATA_DIRS": f"{prefix}/share:/usr/share", "COLUMNS": "200"}
    typist = Typist(argv, env, folder)
    typist.type("PS1='> '\nstox() { echo \"GOT<$*>\" | tr a-z A-Z; }\n" + setup + "\necho REA''DY\n")
    typist.wait("READY")
    typist.type("stox lab --fau\tgateway-dr\t--color=nev\t\n")
    ok = typist.wait(r"GOT<LAB --FAULT[= ]GATEWAY-DROPS --COLOR=NEVER ?>")
    check(f"{name}: a line typed with tabs", ok, typist.seen[-2000:])
    typist.end()


def main(prefix, folder):
    done = subprocess.run(["cmake", "--install", STOX.parent, "--prefix", prefix], capture_output=True, text=True)
    check("it is installed", done.returncode == 0, done.stderr)
    (Path(folder) / "lab").mkdir()
    (Path(folder) / "ca.pem").write_text("")
    out, err = run(["bash", "--norc", "-s"], f"source {prefix}/share/bash-completion/completions/stox\n"
                   "complete -p stox\n", prefix, folder)
    check("bash: complete -p", out == "complete -F _stox stox\n", out + err)
    offered("bash", ask_bash, prefix, folder)
    typed_to_the_end("bash", ["bash", "--norc", "-i"], "source /usr/share/bash-completion/bash_completion",
                     prefix, folder)
    offered("fish", ask_fish, prefix, folder)
    out, _ = run(["fish"], "complete -C 'stox test --fo'\n", prefix, folder)
    check("fish: an option has its description", out == "--format\tthe form of the result (text)\n", out)
    zsh_offers(prefix, folder)
    typed_to_the_end("zsh", ["zsh", "-f", "-i"], f"fpath=({prefix}/share/zsh/site-functions $fpath)\n"
                     f"autoload -Uz compinit && compinit -u -d {folder}/dump2", prefix, folder)


with tempfile.TemporaryDirectory() as name:
    (Path(name) / "work").mkdir()
    main(f"{name}/usr", f"{name}/work")
sys.exit(1 if FAILED else 0)
