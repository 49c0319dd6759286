"""A page of doc/howto, done as it says: files from the line `PATH`: and the block behind it, commands from blocks marked sh.

What the machine of the page has at fixed places, ports, addresses, folders, is in a folder of the test and on free ports.  A block
marked text is what the last command prints."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/interop"))
from peers import PARTNER, Bench, Failure, XmppClient, free_port, run  # noqa: E402,F401

PIECE = re.compile(r"(?:^`(?P<path>/[^`\n]+)`:\n\n)?^```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$", re.M | re.S)
PORTS = {"5060": "pool", "5070": "gateway", "5222": "c2s", "5347": "component", "5061": "pool_tls", "5223": "direct", "5269": "s2s"}


class Page:
    """`places` are a folder's name on the page -> here; `words` what the reader is told to put in."""

    def __init__(self, bench, name):
        self.bench = bench
        for port in PORTS.values():
            bench.port.setdefault(port, free_port())
        self.text = (TOP / "doc/howto" / name).read_text()
        self.places, self.words, self.services, self.programs = {}, {}, {}, {}
        self.last, self.ran = "", 0
        for name in ("/etc/stox", "/etc/stox/secrets", "/etc/kamailio", "/etc/prosody", "/etc/ejabberd"):
            self.place(name)

    def place(self, name):
        folder = Path(f"{self.bench.dir}/root{name}")
        folder.mkdir(parents=True, exist_ok=True)
        self.places[name] = str(folder)
        return folder

    def here(self, text):
        """The page's text with this test's places, ports and words."""
        for word, path in self.words.items():
            if word in text:
                text = text.replace(word, path.read_text().strip() if isinstance(path, Path) else path)
        names = "|".join(re.escape(name) for name in sorted(self.places, reverse=True))
        text = re.sub(rf"(?<![\w.-])({names})(?=[/\s\"',]|$)", lambda m: self.places[m[1]], text)
        text = re.sub(r"192\.0\.2\.1\b", "127.0.0.2", text)
        return re.sub(r"(?<=[: ])(50[67]\d|5222|5223|5269|5347)\b", lambda m: str(self.bench.port[PORTS[m[1]]]), text)

    def at(self, path):
        return Path(self.here(path))

    def block(self, path):
        return next(piece["text"] for piece in PIECE.finditer(self.text) if piece["path"] == path)

    def write(self, path, text):
        target = self.at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.here(text))

    def command(self, line):
        """`systemctl` is for `services`, a name -> what starts it; other programs of `programs` have a stand-in."""
        words = line.split()
        self.ran += 1
        if words[0] == "systemctl":
            self.services[words[-1]]()
        elif words[0] in self.programs:
            self.programs[words[0]](line)
        else:
            self.shell(line)
        print(f"ok: {line}", flush=True)

    def shell(self, line):
        shell = f"stox() {{ '{self.bench.stox}' \"$@\"; }}; {self.here(line)}"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "STOX_CONFIG": f"{self.places['/etc/stox']}/stox.yaml"})
        self.last = done.stdout
        if done.returncode:
            raise Failure(f"{line}: {done.returncode}\n{done.stdout}{done.stderr}")

    def expect(self, text):
        def plain(lines):
            return [re.sub(r"[0-9]+", "N", line.rstrip()) for line in lines.splitlines() if not line.startswith("Warning")]
        if plain(self.last) != plain(self.here(text)):
            raise Failure(f"the page shows\n{text}\nand this is\n{self.last}")
        print("ok: it prints what the page shows", flush=True)

    def do(self, section=None):
        """All of it, or one section of another page."""
        text = re.search(rf"^## {section}\n.*?(?=^## |\Z)", self.text, re.M | re.S)[0] if section else self.text
        for piece in PIECE.finditer(text):
            if piece["path"]:
                self.write(piece["path"], piece["text"])
            elif piece["kind"] == "sh":
                for line in piece["text"].replace("\\\n", " ").splitlines():
                    self.command(line)
            elif piece["kind"] == "text":
                self.expect(piece["text"])
            else:
                raise Failure(f"a block that is neither a file nor a command: {piece['text'][:80]}")
        if not self.ran:
            raise Failure("no command was found")


def ask_twice(command, env, answer):
    """A command that asks for a new password on its terminal, twice."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, {**os.environ, **env})
    said, answers, end = b"", 0, time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
        if said.lower().count(b"password:") > answers and answers < 2:
            answers += 1
            os.write(terminal, answer.encode() + b"\n")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise Failure(f"{' '.join(command)}: {status} {said.decode(errors='replace')}")


# ---- the servers, from the files of the page

def start_kamailio(page):
    b = page.bench
    b.start("kamailio", ["kamailio", "-DD", "-E", "-f", page.at("/etc/kamailio/kamailio.cfg"), "-Y", b.dir, "-P",
                         b.dir / "kamailio.pid", "-m", "64", "-M", "8"])
    b.await_udp(b.port["pool"], "kamailio")


def prosody_main(page):
    """Debian's own main file, with this test's folders and ports."""
    b = page.bench
    text = Path("/etc/prosody/prosody.cfg.lua").read_text()
    text = re.sub(r"/var/log/prosody|/run/prosody", str(b.dir), text)
    text = text.replace("modules_disabled = {", 'modules_disabled = { "s2s";')
    ports = (f"run_as_root = true\ndaemonize = false\ndata_path = '{b.dir}/data'\ninterfaces = {{ '127.0.0.1' }}\n"
             f"c2s_ports = {{ {b.port['c2s']} }}\nc2s_direct_tls_ports = {{ }}\ncomponent_ports = {{ {b.port['component']} }}\n"
             "component_interfaces = { '127.0.0.1' }\n")
    (b.dir / "data").mkdir(exist_ok=True)
    main = page.at("/etc/prosody") / "prosody.cfg.lua"
    main.write_text(ports + text)
    certs = page.at("/etc/prosody") / "certs"
    certs.mkdir(exist_ok=True)
    for end in ("crt", "key"):
        (certs / f"{PARTNER}.{end}").write_bytes((b.dir / f"{PARTNER}.{end}").read_bytes())
    return main


def start_prosody(page):
    b = page.bench
    main = prosody_main(page)
    b.start("prosody", ["prosody", "-F", "--config", main], {"PROSODY_CONFIG": str(main)})
    b.await_tcp(b.port["c2s"], "prosody")
    b.await_tcp(b.port["component"], "prosody")


def prosodyctl(page, line):
    """`prosodyctl adduser`, with the password that the reader has made."""
    words = line.split()
    user = words[-1].split("@")[0]
    ask_twice(["prosodyctl", "--config", str(page.at("/etc/prosody") / "prosody.cfg.lua"), *words[1:]], {},
              page.at(f"/etc/stox/secrets/{user}").read_text().strip())


def start_ejabberd(page):
    """As its unit does, with a folder of the test for what it keeps."""
    b = page.bench
    for end in ("crt", "key"):
        (page.at("/etc/ejabberd") / f"{PARTNER}.{end}").write_bytes((b.dir / f"{PARTNER}.{end}").read_bytes())
    b.start_ejabberd("ejabberd", page.at("/etc/ejabberd/ejabberd.yml"), "adelany", PARTNER,
                     page.at("/etc/stox/secrets/adelany").read_text().strip())
    b.await_tcp(b.port["c2s"], "ejabberd")
    b.await_tcp(b.port["component"], "ejabberd")


def start_gateway(page):
    page.bench.gateway(page.at("/etc/stox/stox.yaml"))


def trust(page, path="/etc/stox/stox.yaml"):
    """The certificates of the test are signed by nobody: what the page says of that case."""
    config = page.at(path)
    text = config.read_text()
    config.write_text(text.replace(f"  - domain: {PARTNER}\n", f"  - domain: {PARTNER}\n    ca_file: {page.bench.ca}\n"))


def all_running(b):
    """What other pages begin with: Kamailio, Prosody and the gateway, as their page says."""
    page = Page(b, "kamailio-prosody.md")
    page.words = {"COMPONENT-SECRET": page.at("/etc/stox/secrets/component"),
                  "PASSWORD-OF-PILAR": page.at("/etc/stox/secrets/pilar")}
    page.services = {"kamailio": lambda: start_kamailio(page), "prosody": lambda: start_prosody(page),
                     "stox-gateway": lambda: (trust(page), start_gateway(page))}
    page.programs = {"prosodyctl": lambda line: prosodyctl(page, line), "chown": lambda line: None}
    page.do()
    return page
