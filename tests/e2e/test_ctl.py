"""stox ctl: a running gateway is asked and told; who may not is not answered, and nobody holds it up."""

import grp
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
NOBODY = 65534
GROUP = grp.getgrall()[-1]
FILE = """pools:
  - fqdn: pool.litware.test
    domains: [litware.test, second.test]
partners:
  - domain: contoso.test
    additional_domains: [a.contoso.test]
  - domain: any.test
    type: public-unverified
gateway:
  control: {{ socket: ctl, group: {group} }}
  sip:
    listen: ["udp:127.0.0.1:0"]
    next_hop: sip:127.0.0.1:5060
    trusted_peers: [127.0.0.1, 10.0.0.0/8]
  xmpp:
    component: {{ name: litware.test, server: "127.0.0.1:9", secret_file: secret }}
"""
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


class Service:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = self.folder / "stox.yaml"
        self.log = self.folder / "log"

    def start(self, *args, **more):
        self.proc = subprocess.Popen([STOX, "gateway", "--config", str(self.config), *args], stderr=open(self.log, "w"), **more)
        self.await_log("listening")

    def await_log(self, text):
        end = time.monotonic() + 60
        while text not in self.log.read_text():
            if time.monotonic() > end or self.proc.poll() is not None:
                self.proc.kill()
                raise SystemExit(f"FAILED: no {text!r} in {self.log.read_text()}")
            time.sleep(0.02)

    def ctl(self, *args, who=None, locale="C.UTF-8"):
        """Status and what it printed; `who` is a uid and the groups."""
        def become():
            os.setgroups(who[1])
            os.setgid(NOBODY)
            os.setuid(who[0])

        done = subprocess.run([STOX, "ctl", *args, "--socket", str(self.folder / "ctl")], capture_output=True, text=True,
                              timeout=60, preexec_fn=become if who else None, env={**os.environ, "LC_ALL": locale})
        return done.returncode, done.stdout + done.stderr

    def end(self, number=signal.SIGTERM):
        self.proc.send_signal(number)
        return self.proc.wait(60)


def asks_and_tells(s):
    status, said = s.ctl("status", "--format", "json")
    o = json.loads(said)
    s.await_log("connection refused")
    check("the status is an object", status == 0 and o["schema"] == "stox.status/1" and o["pid"] == s.proc.pid
          and not o["xmpp"]["connected"] and o["xmpp"]["server"] == "127.0.0.1:9" and o["counters"]["sip_to_xmpp"] == 0
          and o["configuration"]["partners"] == 2 and o["in_hand"] == {"to_xmpp": 0, "oldest_to_xmpp_seconds": None, "to_sip": 0, "oldest_to_sip_seconds": None, "failures_untold": 0}, said)
    status, said = s.ctl("status")
    check("and a table for people, with the last error", status == 0 and re.search(r"^XMPP server +127.0.0.1:9: NOT connected since 20", said, re.M)
          and re.search(r"^Its last error +20.* UTC \(age \d+ s\): .*connection refused", said, re.M)
          and re.search("^Last warning +20.*xmpp down", said, re.M) and "Ended to XMPP     0 carried, 3 refused" in said, said)
    status, said = s.ctl("status", locale="fr_FR.UTF-8")
    check("a label that is wider than its column ends before the value", re.search("^Dernier avertissement 20.*xmpp down", said, re.M), said)
    status, said = s.ctl("partners")
    check("the partners in force", (status, said) == (0, "pool pool.litware.test: litware.test second.test\n"
                                                      "federated contoso.test a.contoso.test\npublic-unverified any.test\n"), said)
    check("a level", s.ctl("log", "debug") == (0, "Log level         debug\n"))
    status, said = s.ctl("log", "loud")
    done = subprocess.run([STOX, "ctl", "log", "debug", "--config", "missing.yaml"], capture_output=True, text=True, timeout=60)
    check("a configuration that is named and not there asks no other gateway", done.returncode == 2 and "missing.yaml" in done.stderr, done)
    check("a level that is none", status == 2 and "LEVEL" in said, said)
    status, said = s.ctl("status", "--format", "xml")
    check("a form that is none", status == 2 and "unknown format `xml`; there are text, json" in said, said)


def refused_message(s):
    """A MESSAGE to a domain that is no partner, and its answer."""
    port = int(re.search(r"listening.*address\W+127.0.0.1:(\d+)", s.log.read_text())[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(30)
        peer.bind(("127.0.0.1", 0))
        peer.sendto(("MESSAGE sip:eve@elsewhere.test SIP/2.0\r\n"
                     f"Via: SIP/2.0/UDP 127.0.0.1:{peer.getsockname()[1]};branch=z9hG4bK{time.monotonic_ns()}\r\n"
                     "From: <sip:pilar@litware.test>;tag=1\r\nTo: <sip:eve@elsewhere.test>\r\nCall-ID: c1@a\r\n"
                     "CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"
                     "secret").encode(), ("127.0.0.1", port))
        return peer.recv(4096).decode()


def messages(s):
    check("no message has ended", s.ctl("messages") == (0, "No message has ended since the start.\n"))
    answers = {refused_message(s).split("\r\n")[0] for _ in range(3)}
    status, said = s.ctl("messages", "--format", "json")
    o = json.loads(said)
    last = o["messages"][-1]
    check("the last messages are objects", status == 0 and answers == {"SIP/2.0 403 Not An Allowed Partner"} and len(o["messages"]) == 3
          and (last["toward"], last["from"], last["to"], last["outcome"], last["status"], last["call_id"], last["cause"])
          == ("xmpp", "litware.test", "elsewhere.test", "refused", 403, "c1@a", "Not An Allowed Partner"), (answers, said))
    check("without users and bodies", "pilar" not in said and "secret" not in said, said)
    status, said = s.ctl("messages")
    check("and lines for people", re.search(r"^20\S+ \S+ UTC  litware.test -> elsewhere.test  to XMPP  refused 403 "
                                            r"\(Not An Allowed Partner\)  \d+ ms\n    id -  Call-ID c1@a$", said, re.M), said)
    status, said = s.ctl("status")
    check("the status counts them, and who was refused", "Ended to XMPP     0 carried, 3 refused" in said
          and re.search("^Worst peers +127.0.0.1: 3 refused, 0 time-outs", said, re.M), said)
    refused = [line for line in s.log.read_text().splitlines() if "sip refused" in line]
    check("the log has one line", refused == ["info: sip refused peer=127.0.0.1 cause=\"Not An Allowed Partner\" status=403 n=1"], refused)


def forms(s):
    s.start("--log-format", "json", "-v")
    refused_message(s)
    s.await_log('"event":"message"')
    s.end()
    lines = [json.loads(line) for line in s.log.read_text().splitlines()]
    said = next(line for line in lines if line["event"] == "message")
    check("json: each line is an object with time and level", {(o["level"], o["subsystem"], o["event"]) for o in lines} >= {
        ("info", "sip", "listening"), ("debug", "gateway", "message"), ("info", "sip", "refused"), ("info", "gateway", "stopped")}
        and all(re.fullmatch(r"20\d\d-\d\d-\d\dT.*Z", o["time"]) for o in lines), lines)
    check("with its fields, numbers as numbers", (said["status"], said["outcome"], said["call_id"]) == (403, "refused", "c1@a"), said)
    for args, stream, begins in ((["--log-format", "journal"], False, "<6>sip listening"), ([], True, "<6>sip listening"),
                                 ([], False, "info: sip listening"), (["--log-format", "text"], True, "info: sip listening")):
        with open(s.log, "w") as out:
            at = os.fstat(out.fileno())
        # What a service starts inherits the variable, and not always the stream.
        named = f"{at.st_dev}:{at.st_ino if stream else at.st_ino + 1}"
        s.start(*args, env={**os.environ, "JOURNAL_STREAM": named})
        s.end()
        check(f"{args or 'no option'}, the journal's stream is {stream}", begins in s.log.read_text().splitlines()[0], s.log.read_text())
    lines = s.log.read_text()
    check("an orderly stop is no warning", not re.search("^(warning|error): .*stopp", lines, re.M), lines)
    done = subprocess.run([STOX, "gateway", "--log-format", "xml"], capture_output=True, text=True, timeout=60)
    check("a form that is none", done.returncode == 2 and "text, json or journal" in done.stderr, done)


def reloads(s):
    good = s.config.read_text()
    s.config.write_text(good.replace("  - domain: any.test\n    type: public-unverified\n", ""))
    by_gateway = subprocess.run([STOX, "gateway", "--reload", "--config", str(s.config)], capture_output=True, text=True, timeout=60)
    check("stox gateway --reload is the same", by_gateway.returncode == 0 and "pools=1 partners=1" in by_gateway.stdout, by_gateway)
    status, said = s.ctl("reload")
    check("a reload says what it read", status == 0 and "pools=1 partners=1 trusted_peers=2" in said, said)
    s.config.write_text(good.replace("next_hop: sip:127.0.0.1:5060", "next_hop: sip:127.0.0.1:5061"))
    status, said = s.ctl("reload")
    check("and what waits for a restart", status == 0 and "needs-restart setting=gateway.sip.next_hop" in said, said)
    status, said = s.ctl("status")
    check("which the status says", re.search("^Waits for restart +gateway.sip.next_hop$", said, re.M), said)
    s.config.write_text(good.replace("name: litware.test", "name: second.test"))
    status, said = s.ctl("reload")
    component = json.loads(s.ctl("status", "--format", "json")[1])["xmpp"]["component"]
    check("until then the status has the component that runs", "needs-restart setting=gateway.xmpp.component" in said
          and component == "litware.test", (said, component))
    s.config.write_text(good.replace("socket: ctl", "socket: ctl2"))
    status, said = s.ctl("reload")
    check("which the control socket does", status == 0 and "needs-restart setting=gateway.control" in said, said)
    status, said = s.ctl("reload")
    check("also the second time", status == 0 and "needs-restart setting=gateway.control" in said, said)
    s.config.write_text(good.replace(f"group: {GROUP.gr_name}", "group: no-such-group"))
    status, said = s.ctl("reload")
    check("a group that does not exist is a fault", status == 1 and ":10:34: `group`: there is no group" in said, said)
    s.config.unlink()
    os.mkfifo(s.config)
    status, said = s.ctl("reload")
    check("nobody waits for a pipe", status == 1 and "only a regular file is read again" in said, said)
    s.config.unlink()
    s.config.write_text(good.replace("contoso.test", "conto so"))
    status, said = s.ctl("reload")
    check("a file with a fault is refused with its line", status == 1 and ":5:13: `domain` must be" in said, said)
    o = json.loads(s.ctl("status", "--format", "json")[1])
    check("which the status remembers", o["configuration"]["last_reload_refused"] and o["configuration"]["partners"] == 2
          and o["last_warning"].startswith("config not-reloaded ") and o["last_warning_age_seconds"] < 60, o)
    done = subprocess.run([STOX, "ctl", "reload", "--config", str(s.config)], capture_output=True, text=True, timeout=60)
    check("where the fault hides which socket the file names, it is shown", done.returncode == 2
          and ":5:13: `domain` must be" in done.stderr and "give --socket FILE" in done.stderr, done)
    s.config.write_text(good)


def strangers(s):
    (s.folder / "ctl").chmod(0o666)  # as an administrator's mistake would leave it
    s.folder.chmod(0o755)
    status, said = s.ctl("status", who=(NOBODY, []))
    check("a stranger is not answered", status == 3 and "who may ask" in said, said)
    status, said = s.ctl("status", who=(NOBODY, [GROUP.gr_gid]))
    check("a member of the group is", status == 0, said)


def hostile(s):
    silent = [socket.socket(socket.AF_UNIX) for _ in range(8)]
    for one in silent:
        one.connect(str(s.folder / "ctl"))
    status, _ = s.ctl("status")
    check("eight silent connections are given up after seconds", status == 0)
    for garbage in (b"x" * 5000, b"\n", b"status \0\n", b"log\n", b"\xff\xfe\n"):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(s.folder / "ctl"))
            one.settimeout(30)
            try:
                one.sendall(garbage)
                answer = one.recv(4096)
            except OSError:
                answer = b""
            check(f"{garbage[:8]!r} is refused", not answer or b"error" in answer, answer)
    s.proc.send_signal(signal.SIGSTOP)
    status, said = s.ctl("status")
    s.proc.send_signal(signal.SIGCONT)
    check("of one that hangs it is said so", status == 3 and "has not answered within 10 s" in said, said)
    check("and it still answers", s.ctl("status")[0] == 0)


def impostor(s):
    """Whoever answers in the gateway's place: no terminal obeys him, and no answer without an end is waited for."""
    evil = "\\u001b]0;x\\u0007\\u009b2J\\u202e\\u0001"
    answers = [
        ("status", '{"version": "%s", "configuration": {"file": "%s", "needs_restart": [1, "%s"]}, "worst_peers": [1]}' % (evil, evil, evil), 0),
        ("messages", '{"messages": [{"from": "%s", "to": 5, "stanza_id": "%s"}, 7]}' % (evil, evil), 0),
        ("partners", '{"pools": [{"domains": [1, "%s"]}], "partners": [null]}' % evil, 0),
        ("reload", '{"lines": [1, "%s"], "reloaded": true}' % evil, 0),
        ("status", '{"error": "%s"}' % evil, 1),
        ("status", "[" * 100000, 3),
        ("status", "x" * (20 << 20), 3),
    ]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(s.folder / "ctl"))
        server.listen()
        for request, answer, want in answers:
            asking = subprocess.Popen([STOX, "ctl", request, "--config", str(s.config)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            peer, _ = server.accept()
            try:
                peer.sendall(answer.encode())
            except OSError:
                pass  # it has heard enough
            peer.close()
            said = asking.communicate(timeout=60)[0]
            check(f"{request}: {answer[:20]}... of an impostor", asking.returncode == want and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said), (asking.returncode, ascii(said[:1000])))
    (s.folder / "ctl").unlink()


with tempfile.TemporaryDirectory() as name:
    service = Service(name)
    service.config.write_text(FILE.format(group=GROUP.gr_name))
    (service.folder / "secret").write_text("component-secret\n")
    (service.folder / "secret").chmod(0o600)
    status, said = service.ctl("status")
    check("without a gateway it says so", status == 3 and "no gateway listens" in said, said)
    impostor(service)
    service.start()
    mode = (service.folder / "ctl").stat()
    check("the socket is its owner's and the group's", (mode.st_mode & 0o777, mode.st_gid) == (0o660, GROUP.gr_gid), oct(mode.st_mode))
    messages(service)
    asks_and_tells(service)
    reloads(service)
    strangers(service)
    hostile(service)
    second = subprocess.run([STOX, "gateway", "--config", str(service.config)], capture_output=True, text=True, timeout=60)
    check("a second gateway does not take the socket", second.returncode == 3 and f"process {service.proc.pid} listens there" in second.stderr, second)
    service.end(signal.SIGKILL)
    check("a killed one leaves it", (service.folder / "ctl").exists())
    service.start()
    check("and the next one replaces it", service.ctl("status")[0] == 0)
    check("an orderly end takes it away", service.end() == 0 and not (service.folder / "ctl").exists())
    (service.folder / "ctl").write_text("a file\n")
    third = subprocess.run([STOX, "gateway", "--config", str(service.config)], capture_output=True, text=True, timeout=60)
    check("a file that is no socket is not taken away", third.returncode == 3 and "no socket left behind" in third.stderr, third)
    (service.folder / "ctl").unlink()
    forms(service)
sys.exit(failed > 0)
