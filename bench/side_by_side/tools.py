"""The tools, each set up as well as its options allow: (it fails, what it says).

What a tool asks is named as a monitoring system names it: a line of its words begins with the part that was asked.
"""

import json
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from peers import PARTNER, POOL, free_port

TOP = Path(__file__).resolve().parents[2]
STOX = str(TOP / "build/bench/stox")
PLUGINS = Path("/usr/lib/nagios/plugins")
FQDN, USER = f"pool.{POOL}", f"pilar@{POOL}"
STREAM = (f"<stream:stream to='{PARTNER}' version='1.0' xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams'>")
OPTIONS = "\\r\\n".join((
    f"OPTIONS sip:{FQDN} SIP/2.0", "Via: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKb;rport", "Max-Forwards: 70",
    f"From: <sip:b@{POOL}>;tag=b", f"To: <sip:{FQDN}>", "Call-ID: b", "CSeq: 1 OPTIONS", "Content-Length: 0", "", ""))


@dataclass
class Target:
    """Where the parts are; those that a set-up lacks are not asked."""
    folder: Path
    ca: Path
    tls: int       # the pool, SIP over TLS
    tcp: int       # the pool, SIP over TCP
    clients: int   # the XMPP server's port for clients
    command: list  # what stox is called with
    tls_host: str = "127.0.0.1"
    clients_tls: int = 0  # the same in TLS from the first byte
    gateway: int = 0      # the gateway, SIP over TCP
    dns: int = 0
    sip_password: str = ""  # where SIPp can sign in with it
    receiver: str = f"adelany@{PARTNER}"


def run(args, timeout=20, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=timeout, errors="replace", **more)
    return done.returncode, done.stdout + done.stderr


def ask_each(questions):
    """(what is asked, the command)"""
    failed, said = False, ""
    for name, args in questions:
        code, words = run(args)
        if code:
            failed, said = True, said + "".join(f"{name}: {line}\n" for line in words.splitlines())
    return failed, said


def check_jabber(t):
    """Its own stream header and what it expects in return; it looks the domain up itself, and has no other way."""
    plain = [PLUGINS / "check_jabber", "-t", "3", "-p", t.clients, "-H"]
    found = "Invalid hostname" not in run([*plain, PARTNER])[1]
    questions = [("XMPP server", [*plain, PARTNER if found else "127.0.0.1"])]
    if t.clients_tls:
        questions.append(("XMPP server over TLS", [PLUGINS / "check_jabber", "-H", "127.0.0.1", "-p", t.clients_tls, "-S",
                                                   f"--sni={PARTNER}", "-D", "3,1", "-t", "3"]))
    return ask_each(questions)


def check_tcp(t):
    tcp = [PLUGINS / "check_tcp", "-t", "3", "-E"]
    tls = ["-S", "-D", "3,1"]
    options = ["-s", OPTIONS, "-e", "SIP/2.0 200"]
    stream = ["-s", STREAM, "-e", "<starttls"]
    questions = [("pool", [*tcp, "-H", t.tls_host, "-p", t.tls, *tls, f"--sni={FQDN}", *options]),
                 ("XMPP server", [*tcp, "-H", "127.0.0.1", "-p", t.clients, *stream])]
    if t.clients_tls:
        questions.append(("XMPP server over TLS", [*tcp, "-H", "127.0.0.1", "-p", t.clients_tls, *tls, f"--sni={PARTNER}"]))
    if t.gateway:
        questions.append(("gateway", [*tcp, "-H", "127.0.0.1", "-p", t.gateway, *options]))
    if t.dns:
        questions.append(("name server", [*tcp, "-H", "127.0.0.1", "-p", t.dns]))
    return ask_each(questions)


# Its queries wait for the end of a line, which XMPP does not send: on that side it can only connect.
BLACKBOX = f"""
modules:
  pool:
    prober: tcp
    timeout: 3s
    tcp:
      tls: true
      tls_config: {{ ca_file: @CA@, server_name: {FQDN} }}
      query_response: &options
        - send: "{OPTIONS.removesuffix(chr(92) + "n")}"
        - expect: "^SIP/2.0 200"
  XMPP server:
    prober: tcp
    timeout: 3s
  XMPP server over TLS:
    prober: tcp
    timeout: 3s
    tcp:
      tls: true
      tls_config: {{ ca_file: @CA@, server_name: {PARTNER} }}
  gateway:
    prober: tcp
    timeout: 3s
    tcp:
      query_response: *options
  name server:
    prober: dns
    timeout: 3s
    dns:
      query_name: _xmpp-client._tcp.{PARTNER}
      query_type: SRV
"""


def blackbox(t):
    path, port = t.folder / "blackbox.yml", free_port()
    path.write_text(BLACKBOX.replace("@CA@", str(t.ca)))
    proc = subprocess.Popen(["prometheus-blackbox-exporter", f"--config.file={path}",
                             f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.PIPE, text=True)
    while "Listening" not in (line := proc.stderr.readline()) and line:
        pass
    failed, said = False, ""
    for module, host, at in (("pool", t.tls_host, t.tls), ("XMPP server", "127.0.0.1", t.clients),
                             ("XMPP server over TLS", "127.0.0.1", t.clients_tls), ("gateway", "127.0.0.1", t.gateway),
                             ("name server", "127.0.0.1", t.dns)):
        if not at:
            continue
        url = f"http://127.0.0.1:{port}/probe?module={module.replace(' ', '%20')}&target={host}:{at}&debug=true"
        text = urlopen(url, timeout=20).read().decode()
        if "probe_success 1" not in text:
            failed = True
            said += "".join(f"{module}: {line}\n" for line in re.findall(r"level=error (.*)", text))
    proc.send_signal(signal.SIGTERM)
    proc.wait(10)
    return failed, said


def sipp_request(method, uri, to, number, headers="", body=""):
    return f"""
 <send retrans="500"><![CDATA[
{method} sip:{uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{USER}>;tag=[call_number]
To: <sip:{to}>
Call-ID: [call_id]
CSeq: {number} {method}
{headers}Content-Length: [len]

{body}]]></send>
"""


def sipp_scenario(t, only_sign_in=False):
    """Debian's SIPp is built without TLS and knows no digest but MD5: with that it signs in and sends a message, else it can
    only ask by OPTIONS."""
    def recv(status):
        return f'<recv response="{status}"{" auth=" + chr(34) + "true" + chr(34) if status in (401, 407) else ""}></recv>'

    steps = [sipp_request("OPTIONS", FQDN, FQDN, 1), recv(200)]
    if t.sip_password:
        auth = f"[authentication username=pilar password={t.sip_password}]\n"
        contact = "Contact: <sip:pilar@[local_ip]:[local_port];transport=[transport]>;expires=60\n"
        text = "Content-Type: text/plain\n"
        steps = [sipp_request("REGISTER", POOL, USER, 1, contact), recv(401),
                 sipp_request("REGISTER", POOL, USER, 2, auth + contact), recv(200)]
        if not only_sign_in:
            steps += [sipp_request("MESSAGE", t.receiver, t.receiver, 3, text, "hello"), recv(407),
                      sipp_request("MESSAGE", t.receiver, t.receiver, 4, auth + text, "hello"), recv(202)]
    return '<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="message">' + "".join(steps) + "</scenario>\n"


def sipp_args(t, scenario):
    return ["sipp", f"127.0.0.1:{t.tcp}", "-sf", scenario, "-t", "t1", "-m", "1", "-i", "127.0.0.1", "-p", str(free_port()),
            "-timeout", "8", "-timeout_error", "-nostdin", "-trace_err", "-recv_timeout", "5000"]


def sipp(t):
    (t.folder / "scenario.xml").write_text(sipp_scenario(t))
    code, said = run(sipp_args(t, "scenario.xml"), cwd=t.folder)
    errors = "".join(p.read_text(errors="replace") for p in t.folder.glob("scenario_*_errors.log"))
    # Its screen of counters names every message of the scenario, so only what it says of errors counts.
    lines = [line for line in said.splitlines() if re.search(r"error|unexpected|aborting|timeout|fail", line, re.I)
             and "0 |" not in line and not line.strip().startswith(("Failed call", "Timeout", "Unexpected"))]
    return code != 0, errors + "\n".join(lines)


def stox(t):
    code, said = run([STOX, *t.command, "--timeout", "3", "--format", "json"])
    result = json.loads(said[said.index("{"):])
    return code != 0, json.dumps(result["error"])


TOOLS = {"check_jabber": check_jabber, "check_tcp": check_tcp, "blackbox_exporter": blackbox, "SIPp": sipp, "stox test": stox}
