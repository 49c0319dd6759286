"""What people see: colours, signs, width and progress on a real (pseudo-)terminal, and none of it in a pipe."""

import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
FAILED = []
ENV = {"HOME": "/nonexistent", "PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8"}
LABELS = ["Target Fqdn   :", "Result        :", "Latency       :", "Error Message :", "Diagnosis     :", "Tested        :"]
SGR = re.compile(r"\x1b\[[0-9]*m")
ERASE = "\r\x1b[K"


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(repr(evidence))


def read_all(fd):
    out = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # the other end of a terminal was closed
            return out.decode(errors="surrogateescape").replace("\r\n", "\n")
        if not piece:
            return out.decode(errors="surrogateescape").replace("\r\n", "\n")
        out += piece


def stox(*args, width=80, env=None, stdout="tty", stderr="tty", cwd=None):
    """Runs it with a terminal or a pipe at either stream; what came out of each."""
    results = {}
    ends, theirs, threads = {}, {}, []
    for name, kind in (("stdout", stdout), ("stderr", stderr)):
        ends[name], theirs[name] = pty.openpty() if kind == "tty" else os.pipe()
        if kind == "tty":
            fcntl.ioctl(theirs[name], termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    proc = subprocess.Popen([STOX, *args], stdin=subprocess.DEVNULL, stdout=theirs["stdout"],
                            stderr=theirs["stderr"], env={**ENV, **(env or {})}, cwd=cwd)
    for name in theirs:
        os.close(theirs[name])
        thread = threading.Thread(target=lambda n=name: results.update({n: read_all(ends[n])}))
        thread.start()
        threads.append(thread)
    proc.wait(60)
    for thread in threads:
        thread.join(60)
    for fd in ends.values():
        os.close(fd)
    return results["stdout"], results["stderr"], proc.returncode


def plain(text):
    return SGR.sub("", text)


def labels_of(text):
    return [line[:15] for line in plain(text).splitlines() if re.match(r"[A-Z][A-Za-z ]{13}:", line)]


def widths():
    for width in (20, 40, 60, 80, 132):
        out, _, status = stox("lab", "--test", "--fault", "partner-not-allowed", width=width)
        lines = plain(out).splitlines()
        # What stands on a line too long is one word, or a command, which are never broken.
        long = [line for line in lines if len(line) > width and not re.fullmatch(
            r" *(\S+|systemctl \S+ \S+|stox gateway --check)", line)]
        check(f"width {width}: no line is longer", status == 1 and not long, long)
        check(f"width {width}: the five labels in their order, and the pair", labels_of(out) == LABELS, out)
        text = " ".join(line.strip() for line in lines)
        check(f"width {width}: nothing is lost", "contoso.test is not an allowed partner of the gateway (403 Not An "
              "Allowed Partner, ms-diagnostics 1005)." in text and "[sip_partner_not_allowed in sip.send]" in text, out)
        if width >= 40:
            below = [line for line in lines[4:] if not re.match(r"[A-Z]", line)]
            check(f"width {width}: the label column is kept", below and all(line.startswith(" " * 16) for line in below),
                  below)
    out, _, _ = stox("lab", "--test", "--fault", "partner-not-allowed", width=200, env={"COLUMNS": "50"})
    check("COLUMNS has the first word", max(map(len, plain(out).splitlines())) <= 50, out)
    for width in (60, 80):
        out, _, status = stox("check", "pool", "pool.invalid", "--registrar", "sip:127.0.0.1:9;transport=tcp",
                              "--dns", "127.0.0.1:9", "--timeout", "2", width=width)
        lines = out.splitlines()
        long = [line for line in lines if len(plain(line)) > width and not re.match(r" +([0-9]\. )?(\S+|stox .*|nc .*)$",
                                                                                  plain(line))]
        check(f"width {width}: a sweep is wrapped, and has its sign", status == 1 and "✗ Failure" in lines[1] and not long,
              out)
    out, _, _ = stox("explain", "tls_cert_expired", width=50)
    check("explain is wrapped", max(len(line) for line in out.splitlines() if "$ " not in line) <= 50, out)
    help_of = ["test", "check", "check pool", "check partner", "explain", "gateway", "ctl", "ctl status", "lab", "completion", "help"]
    for lang in ("C.UTF-8", "fr_FR.UTF-8"):
        for command in help_of:
            for width in (60, 80):
                out, _, _ = stox(*command.split(), "--help", width=width, env={"LANG": lang})
                lines = out.splitlines()
                check(f"{lang} {command} --help at {width}", max(map(len, lines)) <= width and
                      (width < 80 or 3 <= len(lines) < 24), out)
    for args, width in ((["--help"], 40), (["test", "--help", "all"], 60), (["lab", "--list-faults"], 60)):
        out, _, _ = stox(*args, width=width)
        check(f"{' '.join(args)} is wrapped at {width}", max(map(len, out.splitlines())) <= width, out)
    names, every = ({*re.findall(r"--[a-z][a-z0-9-]+", stox("test", *args)[0])} for args in (["--help"], ["--help", "all"]))
    check("--help names every option", names == every and len(names) > 30,
          names ^ every)


def colours():
    cases = (
        ("on a terminal", (), {}, "tty", True),
        ("in a pipe", (), {}, "pipe", False),
        ("TERM=dumb", (), {"TERM": "dumb"}, "tty", False),
        ("NO_COLOR", (), {"NO_COLOR": "1"}, "tty", False),
        ("NO_COLOR that is empty", (), {"NO_COLOR": ""}, "tty", True),
        ("CLICOLOR_FORCE in a pipe", (), {"CLICOLOR_FORCE": "1"}, "pipe", True),
        ("CLICOLOR_FORCE=0 in a pipe", (), {"CLICOLOR_FORCE": "0"}, "pipe", False),
        ("NO_COLOR and CLICOLOR_FORCE", (), {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, "tty", False),
        ("--color=never", ("--color=never",), {"CLICOLOR_FORCE": "1"}, "tty", False),
        ("--color=always in a pipe, with NO_COLOR", ("--color=always",), {"NO_COLOR": "1"}, "pipe", True),
        ("--color auto", ("--color", "auto"), {}, "tty", True),
    )
    for name, args, env, stdout, want in cases:
        out, _, _ = stox("lab", "--test", *args, env=env, stdout=stdout)
        check(f"colour {name}: {want}", ("\x1b" in out) == want and "Success" in out, out)
    _, err, status = stox("test", "--color", "pink", stderr="pipe")
    check("an unknown --color is named", status == 2 and "pink" in err, err)


def signs():
    cases = (
        ("C.UTF-8", (), "✓ Success"),
        ("C", (), "OK Success"),
        ("fr_FR.UTF-8", (), "✓ "),
        ("C.UTF-8", ("--fault", "sip-rejected"), "✗ Failure"),
        ("C", ("--fault", "sip-rejected"), "FAIL Failure"),
    )
    for lang, args, want in cases:
        out, _, _ = stox("lab", "--test", *args, env={"LANG": lang})
        line = out.splitlines()[1]
        check(f"LANG={lang} {' '.join(args)}: the colour has the sign {want}", want in plain(line) and "\x1b[3" in line,
              line)
    out, _, _ = stox("lab", "--test", env={"NO_COLOR": "1"})
    check("the sign stays without colour", "Result        : ✓ Success\n" in out, out)
    out, _, _ = stox("lab", "--test", stdout="pipe")
    check("a pipe has the ancestor's word alone", "\nResult        : Success\n" in out, out)
    out, _, _ = stox("lab", "--test", "-v", env={"LANG": "C"})
    check("LANG=C: ASCII alone, bars too", out.isascii() and "##" in out, out)


def bars():
    width = 100
    out, _, _ = stox("lab", "--test", "-v", width=width)
    spans = {}
    for line in plain(out).splitlines():
        found = re.match(r"  (\S+) +(?:ok|skipped) +([0-9.]+) ms", line)
        if found:
            bar = re.search(r"[▏▎▍▌▋▊▉█]+", line)
            spans[found[1]] = (bar.start(), bar.end(), float(found[2])) if bar else None
    phases = ["sip.connect", "sip.tls", "sip.register", "sip.send", "xmpp.connect", "xmpp.tls", "xmpp.auth", "deliver"]
    check("every phase has a bar", all(spans.get(p) for p in phases), out)
    check("no bar is outside the terminal", all(40 <= s[0] and s[1] <= width for s in spans.values()), spans)
    check("both sign-ins begin at the left", spans["sip.connect"][0] == spans["xmpp.connect"][0] == 40, spans)
    check("they run side by side", spans["sip.tls"][0] < spans["xmpp.auth"][1] and
          spans["xmpp.tls"][0] < spans["sip.register"][1], spans)
    check("what is sent comes behind both", spans["sip.send"][0] >= spans["sip.register"][1] - 1 and
          spans["sip.send"][0] >= spans["xmpp.auth"][1] - 1, spans)
    longest = max(spans, key=lambda p: spans[p][2])
    check("the longest phase has the longest bar", spans[longest][1] - spans[longest][0] ==
          max(s[1] - s[0] for s in spans.values()), spans)
    axis = plain(out).splitlines()[7]
    check("the axis ends at the right with the time of all", re.fullmatch(r" {40}0 +[0-9.]+ ms", axis) and
          len(axis) == width, axis)
    out, _, _ = stox("lab", "--test", "-v", stdout="pipe")
    check("a pipe has figures and no bars", "█" not in out and re.search(r"sip\.tls +ok +[0-9.]+ ms  at +[0-9.]+ ms", out),
          out)


def progress():
    slow = ("lab", "--test", "--fault", "gateway-drops")
    out, err, _ = stox(*slow)
    shown = err.split(ERASE)
    times = [float(re.search(r"([0-9.]+) s$", piece)[1]) for piece in shown if piece]
    check("progress names the phase and the time", all(re.fullmatch(r"(\S+ · )*[0-9.]+ s", p) for p in shown if p) and
          any(p.startswith("deliver") for p in shown), err)
    check("it comes after 300 ms and grows", times[0] >= 0.3 and times == sorted(times) and len(times) >= 10, times)
    check("it is gone at the end", err.endswith(ERASE) and labels_of(out) == LABELS, err)
    out, err, _ = stox(*slow, stdout="pipe")
    check("it does not need standard output", "deliver" in err and "deliver ·" not in out, err)
    out, err, _ = stox(*slow, stderr="pipe")
    check("a pipe has none", err == "" and "deliver ·" not in out, err)
    _, err, _ = stox(*slow, "-vv")
    check("-vv has none", err == "", err)
    _, err, _ = stox(*slow, env={"TERM": "dumb"})
    check("TERM=dumb has none", err == "", err)
    _, err, _ = stox("lab", "--test", "--fault", "sip-silence")
    check("both sides are named", "sip.register" in err, err)
    _, err, _ = stox(*slow, width=20)
    check("what does not fit is not shown", max(len(p) for p in err.split(ERASE)) < 20, err)


class Hostile(threading.Thread):
    """A registrar that answers with what a terminal would obey."""

    def __init__(self, reason):
        super().__init__(daemon=True)
        self.reason = reason
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        conn, _ = self.socket.accept()
        request = b""
        while b"\r\n\r\n" not in request:
            request += conn.recv(65536)
        wanted = [line for line in request.split(b"\r\n") if re.match(rb"(?i)(via|from|to|call-id|cseq):", line)]
        head = [b"SIP/2.0 500 " + self.reason, *wanted, b"Warning: 399 a \"" + self.reason + b"\"",
                b"Server: " + self.reason, b"Content-Length: 0", b"", b""]
        conn.sendall(b"\r\n".join(head))
        conn.recv(65536)
        conn.close()


def hostile(folder):
    secret = folder / "secret"
    secret.write_text("x\n")
    secret.chmod(0o600)
    for name, reason in (("a right-to-left override", "a\u202eb".encode()), ("C1 controls", b"a\xc2\x9b31mb"),
                         ("an escape sequence", b"a\x1b]0;title\x07b"), ("bytes that are no text", b"a\xff\xfeb")):
        for verbose in ("-v", "-vv"):
            server = Hostile(reason)
            server.start()
            out, err, _ = stox("test", "--target", "p.test", "--user", "u@p.test", "--receiver", "a@x.test",
                               "--password-file", str(secret), verbose, "--timeout", "5", "--registrar",
                               f"sip:127.0.0.1:{server.port};transport=tcp", cwd=folder)
            seen = plain(out) + plain(err).replace(ERASE, "")
            bad = [c for c in seen if ord(c) < 0x20 and c != "\n" or 0x7f <= ord(c) < 0xa0 or c == "\u202e"
                   or 0xdc80 <= ord(c) <= 0xdcff]
            check(f"{name} {verbose}: the terminal gets none of it", not bad and "Failure" in seen, seen)


with tempfile.TemporaryDirectory() as name:
    widths()
    colours()
    signs()
    bars()
    progress()
    hostile(Path(name))
sys.exit(1 if FAILED else 0)
