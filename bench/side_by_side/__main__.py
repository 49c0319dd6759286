#!/usr/bin/env python3
"""The same faults given to five tools: which verdicts are wrong, which causes go unnamed.

Writes doc/side-by-side.md.  Each tool is set up as well as its options allow, on both sides where it
can look at both, with the lab's CA, a time-out of three seconds and the right passwords.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests/interop"))
sys.dont_write_bytecode = True
from peers import free_port  # noqa: E402

STOX = str(TOP / "build/bench/stox")
PLUGINS = Path("/usr/lib/nagios/plugins")
POOL, PARTNER = "pool.litware.test", "contoso.test"

# What names the cause in a tool's words; the same for every tool.
FAULTS = {
    "": None,
    "tcp-refused": r"refused",
    "tcp-filtered": r"tim(e|ed).?out|filtered|not? answer",
    "tcp-half-open": r"handshake.*(tim|answer)|not answer|no answer.*tls|tls.*tim",
    "expired-certificate": r"expired",
    "wrong-name-certificate": r"name|not valid for|certificate is valid for",
    "plain-on-tls-port": r"(not|n't).*tls|does not look like a tls|plain",
    "wrong-password": r"password|credential|401|unauthori[sz]ed",
    "sip-silence": r"sip.*no answer|no answer.*sip|register",
    "gateway-down": r"gateway",
    "partner-not-allowed": r"partner|1005",
    "gateway-drops": r"did not arrive|lost|not delivered",
    "gateway-alters": r"altered",
    "xmpp-host-unknown": r"host-unknown|does not serve",
    "tls-not-offered": r"starttls",
    "partner-unknown-user": r"receiver|service-unavailable|sent.*back",
}


class Lab:
    """A lab with a fault, and where its parts are."""

    def __init__(self, fault):
        self.folder = Path(tempfile.mkdtemp(prefix="stox-side-"))
        args = [STOX, "lab", "--write-config", str(self.folder / "lab")]
        self.proc = subprocess.Popen(args + (["--fault", fault] if fault else []), stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
        table = ""
        while "Ctrl-C" not in table:
            line = self.proc.stdout.readline()
            if not line:
                sys.exit(f"the lab with {fault} ended: {table}")
            table += line
        self.dir = self.folder / "lab"
        self.config, self.ca = str(self.dir / "stox.yaml"), str(self.dir / "ca.pem")
        find = lambda what: int(re.search(rf"127\.0\.0\.\d+:(\d+) .*{what}", table)[1])  # noqa: E731
        self.tls, self.tcp, self.clients = find("SIP over TLS"), find("SIP over TCP"), find("XMPP clients")
        text = Path(self.config).read_text()
        registrar = re.search(r"registrar: .*?sips?:([\d.]+):(\d+)", text)
        if registrar:  # a dead end has an address of its own
            self.tls_host, self.tls = registrar[1], int(registrar[2])
        else:
            self.tls_host = "127.0.0.1"
        self.command = re.search(r"^  stox (test .*)$", table, re.M)[1].split()

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(10)
        subprocess.run(["rm", "-rf", self.folder])


def run(args, timeout=20, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=timeout, errors="replace", **more)
    return done.returncode, done.stdout + done.stderr


# ---- the tools: (fails, what it says)


def check_jabber(lab):
    code, said = run([PLUGINS / "check_jabber", "-H", PARTNER, "-p", lab.clients, "-t", "3"])
    if "resolve" in said or "Invalid hostname" in said:  # it looks the domain up itself, and has no other way
        code, said = run([PLUGINS / "check_jabber", "-H", "127.0.0.1", "-p", lab.clients, "-t", "3"])
    return code != 0, said


def check_tcp(lab):
    sip = run([PLUGINS / "check_tcp", "-H", lab.tls_host, "-p", lab.tls, "-S", f"--sni={POOL}", "-D", "3,1", "-t", "3"])
    xmpp = run([PLUGINS / "check_tcp", "-H", "127.0.0.1", "-p", lab.clients, "-t", "3", "-E", "-s",
                f"<stream:stream to='{PARTNER}' version='1.0' xmlns='jabber:client' "
                "xmlns:stream='http://etherx.jabber.org/streams'>", "-e", "<stream:features"])
    return sip[0] != 0 or xmpp[0] != 0, sip[1] + xmpp[1]


# Its queries wait for the end of a line, which XMPP does not send: on that side it can only connect.
BLACKBOX = """
modules:
  sip:
    prober: tcp
    timeout: 3s
    tcp:
      tls: true
      tls_config: {{ ca_file: {ca}, server_name: pool.litware.test }}
      query_response:
        - send: "OPTIONS sip:pool.litware.test SIP/2.0\\r\\nVia: SIP/2.0/TLS 127.0.0.1:1;branch=z9hG4bKb;rport\\r\\nMax-Forwards: 70\\r\\nFrom: <sip:b@litware.test>;tag=b\\r\\nTo: <sip:pool.litware.test>\\r\\nCall-ID: b\\r\\nCSeq: 1 OPTIONS\\r\\nContent-Length: 0\\r\\n\\r"
        - expect: "^SIP/2.0 200"
  xmpp:
    prober: tcp
    timeout: 3s
"""


def blackbox(lab):
    path, port = lab.folder / "blackbox.yml", free_port()
    path.write_text(BLACKBOX.format(ca=lab.ca))
    proc = subprocess.Popen(["prometheus-blackbox-exporter", f"--config.file={path}",
                             f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.PIPE, text=True)
    while "Listening" not in (line := proc.stderr.readline()) and line:
        pass
    failed, said = False, ""
    for module, target in (("sip", f"{lab.tls_host}:{lab.tls}"), ("xmpp", f"127.0.0.1:{lab.clients}")):
        url = f"http://127.0.0.1:{port}/probe?module={module}&target={target}&debug=true"
        text = urllib.request.urlopen(url, timeout=20).read().decode()
        failed |= "probe_success 1" not in text
        said += "".join(line + "\n" for line in text.splitlines() if "level=error" in line or "level=info" in line)
    proc.send_signal(signal.SIGTERM)
    proc.wait(10)
    return failed, said


SIPP = """<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="options">
 <send retrans="500"><![CDATA[
OPTIONS sip:pool.litware.test SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:pilar@litware.test>;tag=[call_number]
To: <sip:pool.litware.test>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Content-Length: 0

]]></send>
 <recv response="200"></recv>
</scenario>
"""


def sipp(lab):
    """Debian's SIPp is built without TLS and knows no digest but MD5: it asks by OPTIONS, over TCP."""
    (lab.folder / "scenario.xml").write_text(SIPP)
    code, said = run(["sipp", f"127.0.0.1:{lab.tcp}", "-sf", lab.folder / "scenario.xml", "-t", "t1", "-m", "1",
                      "-i", "127.0.0.1", "-timeout", "5", "-timeout_error", "-nostdin", "-trace_err", "-recv_timeout",
                      "3000"], cwd=lab.folder)
    errors = "".join(p.read_text(errors="replace") for p in lab.folder.glob("scenario_*_errors.log"))
    # Its screen of counters names every message of the scenario, so only what it says of errors counts.
    lines = [line for line in said.splitlines() if re.search(r"error|unexpected|aborting|timeout|fail", line, re.I)
             and "0 |" not in line and not line.strip().startswith(("Failed call", "Timeout", "Unexpected"))]
    return code != 0, errors + "\n".join(lines)


def stox(lab):
    code, said = run([STOX, *lab.command, "--timeout", "3", "--format", "json"])
    result = json.loads(said[said.index("{"):])
    return code != 0, json.dumps(result["error"])


TOOLS = (("check_jabber", check_jabber), ("check_tcp", check_tcp), ("blackbox_exporter", blackbox), ("SIPp", sipp),
         ("stox test", stox))


def judge(fault, tool):
    lab = Lab(fault)
    try:
        failed, said = tool(lab)
    except subprocess.TimeoutExpired:
        failed, said = True, "(it never ended)"
    finally:
        lab.end()
    if "-v" in sys.argv:
        print(f"---- {fault or 'healthy'}: fails: {failed}\n{said}")
    if not fault:
        return "ok" if not failed else "wrong: fails"
    if not failed:
        return "wrong: says OK"
    return "named" if re.search(FAULTS[fault], said, re.I | re.S) else "fails, cause unnamed"


def version(*args):
    return next(line.strip() for line in run(args)[1].splitlines() if line.strip())


def main():
    rows = {}
    for fault in FAULTS:
        rows[fault] = [judge(fault, tool) for _, tool in TOOLS]
        print(f"{fault or 'a healthy system':<26}" + "".join(f"{cell:<24}" for cell in rows[fault]), flush=True)
    names = [name for name, _ in TOOLS]
    total = lambda i, what: sum(cells[i].startswith(what) for cells in rows.values())  # noqa: E731
    lines = ["# Side by side", "", "The question is the same for all: can people on the SIP system and on the XMPP network write to each",
             "other, and if not, why? Each tool got the same lab with the same fault, set up as well as its options",
             "allow: Debian 12's packages, with the lab's CA and names. SIPp there has neither TLS nor SHA-256, so it",
             "asks by OPTIONS over TCP; blackbox_exporter's queries wait for line ends, so XMPP is a connection to it.",
             "Made by `./run bench side-by-side`.", "",
             "| fault | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for fault, cells in rows.items():
        lines.append(f"| {fault or '(a healthy system)'} | " + " | ".join(cells) + " |")
    lines.append("| **wrong verdicts** | " + " | ".join(f"**{total(i, 'wrong')}**" for i in range(len(names))) + " |")
    lines.append("| **causes unnamed** | " + " | ".join(f"**{total(i, 'fails')}**" for i in range(len(names))) + " |")
    lines += ["", "A cause counts as named when the tool's own words hold it (for a refused connection: *refused*); the",
              "patterns are in the script. Versions: " + "; ".join((
                  version(PLUGINS / "check_tcp", "-V"), version("prometheus-blackbox-exporter", "--version"),
                  version("sipp", "-v"), version(STOX, "--version"))) + ".", ""]
    (TOP / "doc/side-by-side.md").write_text("\n".join(lines))
    worst = total(len(names) - 1, "wrong") + total(len(names) - 1, "fails")
    sys.exit(1 if worst else 0)


main()
