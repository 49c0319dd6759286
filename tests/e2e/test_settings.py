"""Every setting of stox.yaml does something: with it, what is seen differs from what is seen without it.

One row a setting.  scripts/check-settings wants a row for each key of the schema (`--list` prints those that are here), and each row
is run both ways, so a setting that is read and forgotten cannot have one.  A setting without an effect has a row as well: what
differs is the sentence that says why."""

import functools
import grp
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__" and sys.argv[1:] == ["--list"]:
    sys.argv[1:] = ["stox"]  # what is imported below wants a program
    LIST = True
else:
    LIST = False

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "regress"))
from labs import STOX, Lab  # noqa: E402
from stage import PARTNER, POOL, RECEIVER, USER, WAIT_S, Stage, attribute, free_port  # noqa: E402

ME = grp.getgrgid(os.getegid()).gr_name
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


# ---- what is seen of a test, in a lab

def tested(lab, text):
    """The result of a test by this configuration, as JSON, or the refusal."""
    (lab.dir / "variant.yaml").write_text(text)
    done = subprocess.run([STOX, "test", "-c", "variant.yaml", "-f", "json", "--no-lock", "--no-trace"], cwd=lab.dir, capture_output=True, text=True,
                          timeout=60)
    return done.stdout + done.stderr


def checked(lab, text):
    (lab.dir / "variant.yaml").write_text(text)
    done = subprocess.run([STOX, "gateway", "--check", "-c", "variant.yaml"], cwd=lab.dir, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def swept(lab, text):
    (lab.dir / "variant.yaml").write_text(text)
    done = subprocess.run([STOX, "check", "partner", "-c", "variant.yaml", "-f", "json", "--dns", lab.dns], cwd=lab.dir, capture_output=True, text=True,
                          timeout=60)
    return done.stdout + done.stderr


def other_group():
    """One that the running user can give a file to, and that is not his own."""
    if os.geteuid() == 0:
        return next(g for g in grp.getgrall() if g.gr_gid != os.getegid()).gr_gid
    return next((g for g in os.getgroups() if g != os.getegid()), None)


def tested_with_group(lab, text):
    secret, group = lab.dir / "pilar", other_group()
    if group is None:
        return None
    os.chown(secret, -1, group)
    secret.chmod(0o640)
    seen = tested(lab, text.replace("GROUP", str(group)))
    os.chown(secret, -1, os.getegid())
    secret.chmod(0o600)
    return seen


UDP, TLS = "registrar: sip:127.0.0.1:{udp};transport=udp", "registrar: sip:127.0.0.1:{tls};transport=tls"
SECOND_CA = "    ca_file: ca.pem\n    receiver:"
# Key; how it is seen; what stands in the lab's file without it and with it; what is seen without it and with it.
TESTS = [
    ("pools[].fqdn", tested, "fqdn: pool.litware.test", "fqdn: other.litware.test",
     '"target_fqdn": "pool.litware.test"', '"target_fqdn": "other.litware.test"'),
    ("pools[].registrar", tested, TLS, UDP, "numeric -> 127.0.0.1:{tls};transport=tls", "numeric -> 127.0.0.1:{udp};transport=udp"),
    ("pools[].registrar_port", tested, TLS.replace(":{tls}", ""), TLS.replace(":{tls}", "") + "\n    registrar_port: {tls}",
     '"result": "Failure"[^$]*127.0.0.1:5061', '"result": "Success"[^$]*127.0.0.1:{tls}'),
    ("pools[].ca_file", tested, "    test_users:", "    ca_file: ca.pem\n    test_users:", "tls_untrusted_issuer", '"result": "Success"'),
    ("pools[].test_users[].address", tested, "address: pilar@litware.test", "address: ghost@litware.test",
     '"user": "pilar@litware.test"', '"user": "ghost@litware.test"'),
    ("pools[].test_users[].auth_user", tested, "password_file: pilar", "password_file: pilar\n        auth_user: nobody",
     '"result": "Success"', "sip_bad_credentials"),
    ("pools[].test_users[].password_file", tested, "password_file: pilar", "password_file: kenmyer", '"result": "Success"', "sip_bad_credentials"),
    ("partners[].ca_file", tested, "    receiver:", SECOND_CA, "tls_untrusted_issuer", '"result": "Success"'),
    ("partners[].accept[]", tested, "receiver:", "accept: [arrival_unproved]\n    receiver:", '"id": "arrival_unproved"', '"warnings": \\[\\]'),
    ("partners[].receiver.address", tested, "address: adelany@contoso.test", "address: ghost@contoso.test",
     '"receiver": "adelany@contoso.test"', '"receiver": "ghost@contoso.test"'),
    ("partners[].receiver.server", tested, "server: 127.0.0.1:{xmpp}", "server: 127.0.0.1:1", '"result": "Success"', '"result": "Failure"[^$]*127.0.0.1:1"'),
    ("partners[].receiver.password_file", tested, "server: 127.0.0.1:{xmpp}", "server: 127.0.0.1:{xmpp}\n      password_file: adelany",
     '"id": "arrival_unproved"', '"proof": "answered"'),
    ("partners[].server", swept, "type: federated", "type: federated\n    server: 127.0.0.1:1",
     r'(?s)\A(?!.*_xmpp-server._tcp",\s+"source": "given")', r'_xmpp-server._tcp",\s+"source": "given"'),
    ("partners[].tls", checked, "type: federated", "type: federated\n    tls: optional", r"\A\S+ nothing wrong", r"\A\S+ Note: `tls`, .*are not enforced"),
    ("partners[].sasl", checked, "type: federated", "type: federated\n    sasl: optional", r"\A\S+ nothing wrong", r"\A\S+ Note: .*`sasl`.*are not enforced"),
    ("partners[].dialback", checked, "type: federated", "type: federated\n    dialback: true", r"\A\S+ nothing wrong", r"\A\S+ Note: .*`dialback`.* are not enforced"),
    ("secrets_group", tested_with_group, "pools:", "secrets_group: GROUP\npools:", "can read this secret", '"result": "Success"'),
]
# What the lab's file has and a row is to be without.
ABSENT = {
    "pools[].ca_file": ("    ca_file: ca.pem\n    test_users:", "    test_users:"),
    "partners[].ca_file": (SECOND_CA, "    receiver:"),
    "partners[].accept[]": ("      password_file: adelany\n", ""),
    "partners[].receiver.password_file": ("      password_file: adelany\n", ""),
    "pools[].registrar_port": (TLS, TLS.replace(":{tls}", "")),
}
# A lab with a fault, whose warning is accepted.
FAULTY = ("pools[].accept[]", tested, "    test_users:", "    accept: [sip_retransmitted]\n    test_users:",
          '"id": "sip_retransmitted"', '"warnings": \\[\\]')


def in_lab(lab, row):
    key, see, without, with_it, seen_without, seen_with = row
    ports = {"udp": lab.port("pool pool.litware.test"), "tls": lab.port("pool, SIP over TLS"), "xmpp": lab.port("partner contoso.test, XMPP clients")}
    put = lambda text: re.sub(r"\{(udp|tls|xmpp)\}", lambda m: str(ports[m[1]]), text)
    text = (lab.dir / "stox.yaml").read_text()
    if key in ABSENT:
        assert put(ABSENT[key][0]) in text, key
        text = text.replace(*map(put, ABSENT[key]), 1)
    assert put(without) in text, (key, text)
    shown = [see(lab, text), see(lab, text.replace(put(without), put(with_it), 1))]
    if None in shown:
        print(f"ok: {key}: this user has no second group (unit/app/files has it)")
        return
    wants = [put(seen_without), put(seen_with)]
    check(key, all(re.search(wants[i], shown[i]) and not re.search(wants[1 - i], shown[i]) for i in (0, 1)), "\n---- with it\n".join(shown))


# ---- what is seen of a gateway, between a SIP socket and a component server of a few lines

def first_line(stage):
    stage.pool.settimeout(WAIT_S)
    return stage.receive()[0].split("\r\n")[0]


def send(stage, method="MESSAGE", to=RECEIVER, from_=USER, i=0):
    port = stage.pool.getsockname()[1]
    stage.pool.sendto((f"{method} sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{i}{os.urandom(6).hex()}\r\n"
                       f"Max-Forwards: 70\r\nFrom: <sip:{from_}>;tag=1\r\nTo: <sip:{to}>\r\nCall-ID: {os.urandom(6).hex()}\r\n"
                       f"CSeq: 1 {method}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi").encode(), ("127.0.0.1", stage.port))


def pong(ping, more=""):
    return f"<iq type='result' from='{PARTNER}' to='{POOL}' id='{ping}'/>{more}"


def refused_or_carried(stage, to=RECEIVER, from_=USER):
    """The answer to a message at once, or the stanza that it became."""
    stage.up()
    send(stage, to=to, from_=from_)
    ready, _, _ = select.select([stage.pool, stage.stream], [], [], WAIT_S)
    return first_line(stage) if stage.pool in ready else stage.until(rb"<message [^>]*>")[0].decode()


def written_first(stage):
    """By the partner's user."""
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    ready, _, _ = select.select([stage.pool, stage.stream], [], [], WAIT_S)
    return first_line(stage) if stage.pool in ready else stage.until(rb"<message .*?</message>")[0].decode()


def at_second_listener(stage):
    stage.up()
    with socket.socket() as s:
        return "connected" if s.connect_ex(("127.0.0.1", stage.second)) == 0 else "refused"


def at_second_hop(stage):
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    ready, _, _ = select.select([stage.pool, stage.other], [], [], WAIT_S)
    return "the second" if stage.other in ready else "the first"


def trusted(stage):
    """Who is not gets no answer; the log has a line."""
    stage.up()
    send(stage)
    ready, _, _ = select.select([stage.process.stderr, stage.stream], [], [], WAIT_S)
    return stage.process.stderr.readline() if stage.process.stderr in ready else stage.until(rb"<message [^>]*>")[0].decode()


def options_while_down(stage):
    stage.start()
    stage.accept()
    send(stage, "OPTIONS", POOL)
    return first_line(stage)


def last_of_many(stage):
    """The answer behind 1,024 that were accepted, and are remembered."""
    stage.up()
    for i in range(1025):
        send(stage, i=i)
        if stage.pool in select.select([stage.pool, stage.stream], [], [], WAIT_S)[0]:
            return first_line(stage)
        stage.until(rb"<message [^>]*>")
        stage.send(pong(attribute(stage.until(rb"<iq [^>]*>")[0].decode(), "id")))
        line = first_line(stage)
    return line


def stream_to(stage):
    stage.start()
    stage.buf = b""
    stage.stream, _ = stage.server.accept()
    stage.stream.settimeout(WAIT_S)
    return stage.until(rb"<stream:stream[^>]*>")[0].decode()


def connected_to(stage):
    stage.start()
    ready, _, _ = select.select([stage.server, stage.other_server], [], [], WAIT_S)
    return "the second" if stage.other_server in ready else "the first"


def proved(stage):
    stage.start()
    return str(stage.accept())


def late_error(stage):
    """It follows the answer to the ping at once."""
    stage.up()
    message, ping = stage.message()
    stage.send(pong(ping, f"<message type='error' from='{RECEIVER}' to='{USER}' id='{message}'><error type='cancel'>"
                          "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"))
    return first_line(stage)


def no_pong(stage):
    """The server reads, as its answer to the gateway's ping to itself shows; the partner's domain is silent."""
    stage.up()
    send(stage)
    while stage.pool not in (ready := select.select([stage.pool, stage.stream], [], [], WAIT_S)[0]) and ready:
        ping = stage.until(rb"<iq [^>]*>")[0].decode()
        if re.search(rf"to=.{POOL}", ping):
            stage.send(f"<iq type='result' from='{POOL}' to='{POOL}' id='{attribute(ping, 'id')}'/>")
    return first_line(stage)


def controlled(stage):
    stage.up()
    done = subprocess.run([STOX, "ctl", "status", "--config", stage.config], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def mode_of_socket(stage):
    stage.up()
    return oct((stage.dir / "ctl").stat().st_mode)


def metered(stage):
    stage.up()
    try:
        with socket.create_connection(("127.0.0.1", stage.second), 60) as reader:
            reader.sendall(b"GET /-/healthy HTTP/1.0\r\nHost: other.test\r\n\r\n")
            return reader.recv(4096).decode()
    except ConnectionRefusedError:
        return "refused"


def logged(stage):
    stage.up("-v")
    _, ping = stage.message()
    stage.send(pong(ping))
    while PARTNER not in (line := stage.process.stderr.readline()):
        assert line, "a message has a line"
    return line


LISTEN, POOLS = 'listen: ["udp:127.0.0.1:{port}"', f"domains: [{POOL}]"
GATEWAYS = [
    ("pools[].domains[]", lambda s: refused_or_carried(s, from_="pilar@b.test"), POOLS, f"domains: [{POOL}, b.test]",
     "403 From Domain Is Not Ours", "403 From Domain Has No Component Here"),
    ("partners[].domain", refused_or_carried, "domain: fabrikam.test", f"domain: {PARTNER}", "403 Not An Allowed Partner", "<message "),
    ("partners[].additional_domains[]", lambda s: refused_or_carried(s, to="a@im.contoso.test"), "type: federated",
     "additional_domains: [im.contoso.test]", "403 Not An Allowed Partner", "<message .*a@im.contoso.test"),
    ("partners[].type", written_first, "type: federated", "type: public-unverified", f"MESSAGE sip:{USER}", "policy-violation"),
    ("gateway.sip.listen[]", at_second_listener, LISTEN, LISTEN + ', "tcp:127.0.0.1:{second}"', "refused", "connected"),
    ("gateway.sip.next_hop", at_second_hop, "{hop}", "next_hop: sip:127.0.0.1:{other}", "the first", "the second"),
    ("gateway.sip.trusted_peers[]", trusted, 'trusted_peers: ["127.0.0.2"]', "trusted_peers: [127.0.0.0/8]", "sip untrusted", "<message "),
    ("gateway.sip.transactions_max", last_of_many, "    next_hop:", "    transactions_max: 1024\n    next_hop:", "202 Accepted", "503 "),
    ("gateway.sip.options", options_while_down, "    next_hop:", "    options: alive\n    next_hop:", "503 XMPP Server Not Connected", "200 "),
    ("gateway.xmpp.component.name", stream_to, f"name: {POOL}", "name: b.test", f"to=.{POOL}", "to=.b.test"),
    ("gateway.xmpp.component.server", connected_to, 'server: "127.0.0.1:{server}"', 'server: "127.0.0.1:{other_server}"', "the first", "the second"),
    ("gateway.xmpp.component.secret_file", proved, "secret_file: secret", "secret_file: wrong", "True", "False"),
    ("gateway.xmpp.settle", late_error, "  xmpp:\n", "  xmpp:\n    settle: 0\n", "(404|604) ", "202 Accepted"),
    ("gateway.xmpp.unproven", no_pong, "  xmpp:\n", "  xmpp:\n    unproven: refuse\n", "202 Accepted", "504 XMPP Domain Answers No Ping"),
    ("gateway.control.socket", controlled, "  sip:\n", "  control: { socket: ctl }\n  sip:\n", "no gateway listens at", "Running since"),
    ("gateway.control.group", mode_of_socket, "control: { socket: ctl }", f"control: {{ socket: ctl, group: {ME} }}", "600$", "660$"),
    ("gateway.metrics.listen", metered, "  sip:\n", "  metrics: { listen: 127.0.0.1:{second} }\n  sip:\n", "refused", "HTTP/1.1 200 OK"),
    ("gateway.metrics.names[]", metered, "  metrics: { listen: 127.0.0.1:{second} }", "  metrics: { listen: 127.0.0.1:{second}, names: [gw.test] }",
     "HTTP/1.1 200 OK", "HTTP/1.1 421 "),
    ("gateway.log_users", logged, "gateway:\n", "gateway:\n  log_users: true\n", f"(?<!@){PARTNER}", RECEIVER),
]
# What differs from the file of the stage in both runs.
CHANGED = {
    "partners[].domain": (f"domain: {PARTNER}", "domain: fabrikam.test"),
    "gateway.sip.trusted_peers[]": ('trusted_peers: ["127.0.0.1"]', 'trusted_peers: ["127.0.0.2"]'),
    "gateway.xmpp.component.name": (POOLS, f"domains: [{POOL}, b.test]"),
    "gateway.sip.transactions_max": ("  xmpp:\n", "  xmpp:\n    settle: 0\n"),
    "gateway.metrics.names[]": ("  sip:\n", "  metrics: { listen: 127.0.0.1:{second} }\n  sip:\n"),
    "gateway.control.group": ("  sip:\n", "  control: { socket: ctl }\n  sip:\n"),
}


def see_gateway(row, with_it):
    key, see, without, setting, _, _ = row
    with Stage() as stage, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, socket.create_server(("127.0.0.1", 0)) as other_server:
        other.bind(("127.0.0.1", 0))
        stage.other, stage.other_server, stage.second = other, other_server, free_port("127.0.0.1")
        text = stage.config.read_text()
        names = {"port": stage.port, "second": stage.second, "other": other.getsockname()[1], "server": stage.server.getsockname()[1],
                 "other_server": other_server.getsockname()[1], "hop": re.search(r"next_hop: \S+", text)[0]}
        put = lambda part: re.sub(r"\{(port|second|other|server|other_server|hop)\}", lambda m: str(names[m[1]]), part)
        wrong = stage.dir / "wrong"
        wrong.touch(0o600)
        wrong.write_text("wrong\n")
        if key in CHANGED:
            assert CHANGED[key][0] in text, (key, text)
            text = text.replace(*map(put, CHANGED[key]), 1)
        assert put(without) in text, (key, text)
        stage.config.write_text(text.replace(put(without), put(setting), 1) if with_it else text)
        return see(stage)


def at_gateway(row):
    key, wants = row[0], row[4:]
    shown = [see_gateway(row, False), see_gateway(row, True)]
    check(key, all(re.search(wants[i], shown[i]) and not re.search(wants[1 - i], shown[i]) for i in (0, 1)), "\n---- with it\n".join(shown))


# ---- what is seen of a watcher: its plan

WATCHED = """pools:
  - { fqdn: a.test, domains: [a.test], test_users: [{ address: pilar@a.test, password_file: good }, { address: kenmyer@a.test, password_file: good }] }
  - { fqdn: b.test, domains: [b.test], test_users: [{ address: pilar@b.test, password_file: good }] }
partners:
  - { domain: x.test, receiver: { address: rita@x.test } }
  - { domain: y.test, receiver: { address: yves@y.test } }
"""


@functools.cache  # many rows have the same without their setting
def planned(folder, section):
    (folder / "stox.yaml").write_text(WATCHED + section + "\n")
    done = subprocess.run([f"{STOX}-watch", "--check", "-c", "stox.yaml"], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def absent(text):
    return rf"(?s)\A(?!.*{text})"


# Of the defaults and of each test.
RULES = [
    ("interval", "interval: 30", "Every 60 s", "Every 30 s"),
    ("timeout", "timeout: 5", "at most 10 s;", "at most 5 s;"),
    ("retries", "retries: 0", "retries: 1,", "retries: 0,"),
    ("retry_pause", "retry_pause: 3", ", 2 s later", ", 3 s later"),
    ("fail", "fail: 3 of 5", "failed with 2 of 3", "failed with 3 of 5"),
    ("recover", "recover: 4", "well again with 2", "well again with 4"),
    ("calm", "calm: 5", absent("incident"), "An incident is over when the test was well for 5 min."),
    ("severity", "severity: warning", r"critical\.", r"warning\."),
    ("labels[]", "labels: [team=m]", absent("Labels:"), "Labels: team=m"),
    ("maintenance[]", "maintenance: [Sun 02:00-04:00]", absent("Maintenance:"), "Maintenance: Sun 02:00-04:00"),
]
HOOK, MAIL = "name: ops, kind: webhook, url: 'http://h.test'", "name: ops, kind: mail, from: s@a.test, to: [p@a.test], server: 'smtp://m.test'"
TLS = "{ listen: ['https://127.0.0.1:1'], roles: [{ name: machine }], tls: { %s } }"
ROLES = "{ roles: [ %s } ] }"
SIGN_IN = "{ roles: [{ name: machine }], sign_in: { tokens_file: good%s } }"
PUBLIC = "{ site: s, public: [{ %s, token_hash: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae }] }"
OF_ONE = "{ tests: [{ pool: a.test, partner: x.test }] }"
RECEIVER_OF_ONE = "{ tests: [{ pool: a.test, partner: x.test, receiver: { address: zoe@x.test%s } }] }"
WATCHERS = [
    ("watch.time_zone", "{}", "{ time_zone: Europe/Paris }", "time zone UTC", "time zone Europe/Paris"),
    ("watch.listen[]", "{}", "{ listen: ['[::1]:0'] }", "http://127.0.0.1:8080/", r"http://\[::1\]:0/"),
    ("watch.tls.certificate_file", TLS % "certificate_file: one, key_file: good", TLS % "certificate_file: other, key_file: good", "one: no such", "other: no such"),
    ("watch.tls.key_file", TLS % "certificate_file: good, key_file: one", TLS % "certificate_file: good, key_file: other", "one: no such", "other: no such"),
    ("watch.sign_in.users_file", SIGN_IN % "", SIGN_IN % ", users_file: other", absent("other"), "passwords are in other"),
    ("watch.sign_in.tokens_file", SIGN_IN.replace("tokens_file: good%s", "users_file: u"), SIGN_IN.replace("good%s", "other, users_file: u"),
     absent("other"), "Tokens are in other"),
    ("watch.sign_in.ca_file", TLS % "certificate_file: good, key_file: good }, sign_in: { users_file: u", TLS % "certificate_file: good, key_file: good }, sign_in: { users_file: u, ca_file: other",
     absent("other"), "signed by other"),
    ("watch.roles[].name", ROLES % "{ name: own, commands: [view], members: [loopback]", ROLES % "{ name: other, commands: [view], members: [loopback]", "\nown: view", "\nother: view"),
    ("watch.roles[].template", ROLES % "{ name: own, template: machine, members: [loopback]", ROLES % "{ name: own, template: view-only, members: [loopback]", "own: .*probe", "own: .*report"),
    ("watch.roles[].commands[]", ROLES % "{ name: own, commands: [view], members: [loopback]", ROLES % "{ name: own, commands: [test], members: [loopback]", "own: view", "own: test"),
    ("watch.roles[].members[]", ROLES % "{ name: machine, members: [loopback]", ROLES % "{ name: machine, members: ['local:alice']", "Members: loopback", "Members: local:alice"),
    ("watch.roles[].pools[]", ROLES % "{ name: machine, members: [loopback]", ROLES % "{ name: machine, members: [loopback], pools: [a.test]", absent("Pools:"), "Pools: a.test"),
    ("watch.roles[].partners[]", ROLES % "{ name: machine, members: [loopback]", ROLES % "{ name: machine, members: [loopback], partners: [x.test]", absent("Partners:"), "Partners: x.test"),
    ("watch.control.socket", "{}", "{ control: { socket: other } }", absent("control socket"), "control socket is other"),
    ("watch.control.group", "{}", "{ control: { group: no-such-group } }", absent("no-such-group"), "there is no group `no-such-group`"),
    ("watch.url", "{}", "{ url: 'https://w.test/' }", absent("Links"), "Links in alerts begin with https://w.test/"),
    ("watch.site", "{}", "{ site: Litware }", absent("headed"), "headed Litware"),
    ("watch.public[].partner", PUBLIC % "partner: x.test", PUBLIC % "partner: y.test", "x.test has a page", "y.test has a page"),
    ("watch.public[].name", PUBLIC % "partner: x.test", PUBLIC % "partner: x.test, name: Fabrikam", absent("Fabrikam"), "calls it Fabrikam"),
    ("watch.public[].token_hash", PUBLIC % "partner: x.test", (PUBLIC % "partner: x.test").replace("2c26b46b", "11111111"), "begins with 2c26b46b",
     "begins with 11111111"),
    ("watch.at_once", "{}", "{ at_once: 3 }", "at once: 200;", "at once: 3;"),
    ("watch.location", "{}", "{ location: paris }", absent("It stands"), "It stands at paris"),
    ("watch.lease", "{ history: { postgresql: host=h } }", "{ lease: 30, history: { postgresql: host=h } }", "leaves for 45 s", "leaves for 30 s"),
    ("watch.history.file", "{}", "{ history: { file: other.db } }", "/history.db: ", "other.db: "),
    ("watch.history.postgresql", "{}", "{ history: { postgresql: 'host=db.test' } }", absent("PostgreSQL"), "PostgreSQL, host=db.test"),
    *((f"watch.history.{key}", "{}", "{ history: { postgresql: 'host=db.test', %s: none } }" % key, "can be read", "none: no such file")
      for key in ("password_file", "ca_file")),
    ("watch.history.raw_days", "{}", "{ history: { raw_days: 7 } }", "kept for 35 days", "kept for 7 days"),
    ("watch.history.hour_days", "{}", "{ history: { hour_days: 30 } }", "hours for 400", "hours for 30"),
    ("watch.history.size_max", "{}", "{ history: { size_max: 512 } }", absent("MiB"), "at most 512 MiB"),
    *((f"watch.defaults.{key}", "{}", "{ defaults: { %s } }" % with_it, *seen) for key, with_it, *seen in RULES),
    *((f"watch.tests[].{key}", "{ tests: [{}] }", "{ tests: [{ %s }] }" % with_it, *seen) for key, with_it, *seen in RULES),
    ("watch.tests[].kind", "{ tests: [{}] }", "{ tests: [{ kind: register }] }", "a.test/x.test/to ", "a.test/register "),
    ("watch.tests[].pool", "{ tests: [{}] }", "{ tests: [{ pool: a.test }] }", "b.test/x.test/to", absent("b.test/")),
    ("watch.tests[].partner", "{ tests: [{}] }", "{ tests: [{ partner: x.test }] }", "a.test/y.test/to", absent("/y.test/")),
    ("watch.tests[].direction", RECEIVER_OF_ONE % ", password_file: good", RECEIVER_OF_ONE.replace("pool:", "direction: from, pool:") % ", password_file: good",
     "a.test/x.test/to ", absent("/to ")),
    ("watch.tests[].user", OF_ONE, "{ tests: [{ pool: a.test, partner: x.test, user: kenmyer@a.test }] }", "From pilar@", "From kenmyer@"),
    ("watch.tests[].receiver.address", OF_ONE, RECEIVER_OF_ONE % "", "to rita@x.test", "to zoe@x.test"),
    ("watch.tests[].receiver.server", RECEIVER_OF_ONE % "", RECEIVER_OF_ONE % ", server: xmpp.x.test", absent("xmpp.x.test"), "zoe@x.test at xmpp.x.test"),
    ("watch.tests[].receiver.password_file", RECEIVER_OF_ONE % "", RECEIVER_OF_ONE % ", password_file: none", "can be read", "none: no such file"),
    ("watch.tests[].enabled", OF_ONE, OF_ONE.replace(" }]", ", enabled: false }]"), absent("Switched off"), "Switched off. From"),
    ("watch.tests[].spread", "{ location: l, tests: [{}] }", "{ location: l, tests: [{ spread: every }] }", absent("every location"),
     "Run at every location"),
    ("watch.tests[].expect", OF_ONE, OF_ONE.replace(" }]", ", expect: sip_forbidden }]"), absent("is to fail"), "It is to fail: sip_forbidden"),
    *((f"watch.alerts[].{key}", "{ alerts: [{ %s }] }" % without, "{ alerts: [{ %s }] }" % with_it, *seen) for key, without, with_it, *seen in (
        ("name", HOOK, HOOK.replace("ops", "night"), "^ops: |\nops: ", "\nnight: "),
        ("kind", HOOK, HOOK.replace("webhook", "alertmanager"), "ops: webhook", "ops: alertmanager.* Told again every 1 min"),
        ("url", HOOK, HOOK.replace("h.test", "g.test"), "http://h.test", "http://g.test"),
        ("url_file", HOOK, "name: ops, kind: webhook, url_file: good", "http://h.test", "webhook, good"),
        ("command[]", "name: ops, kind: exec, command: [/bin/true]", "name: ops, kind: exec, command: [/bin/true, now]", r"/bin/true\.", r"/bin/true now\."),
        ("server", MAIL, MAIL.replace("m.test", "n.test"), "smtp://m.test", "smtp://n.test"),
        ("from", MAIL, MAIL.replace("s@a.test", "t@a.test"), "s@a.test -> p@", "t@a.test -> p@"),
        ("to[]", MAIL, MAIL.replace("p@a.test", "p@a.test, q@a.test"), r"-> p@a.test\.", r"-> p@a.test, q@a.test\."),
        ("user", HOOK, HOOK + ", password_file: good, user: u", absent("signed in"), "signed in as u"),
        ("password_file", HOOK + ", user: u, password_file: good", HOOK + ", user: u, password_file: none", "can be read", "none: no such file"),
        ("token_file", HOOK, HOOK + ", token_file: none", "can be read", "none: no such file"),
        ("ca_file", HOOK, HOOK + ", ca_file: none", "can be read", "none: no such file"),
        ("severity", HOOK, HOOK + ", severity: critical", "of severity info", "of severity critical"),
        ("labels[]", HOOK, HOOK + ", labels: [pool=a.test]", absent("Labels:"), "Labels: pool=a.test"),
        ("plain", MAIL, MAIL + ", plain: true", absent("without TLS"), "without TLS"),
        ("resolved", HOOK, HOOK + ", resolved: false", absent("Not told of the end"), "Not told of the end"),
        ("remind", HOOK, HOOK + ", remind: 5", absent("Told again"), "Told again every 5 min"),
        ("timeout", HOOK, HOOK + ", timeout: 3", "at most 10 s each", "at most 3 s each"))),
    ("watch.probe.allow[]", "{ probe: {} }", "{ probe: { allow: [c.test] } }", absent("It may ask"), "It may ask c.test,"),
    ("watch.probe.timeout", "{ probe: {} }", "{ probe: { timeout: 5 } }", "at most 10 s\\.", "at most 5 s\\."),
    *((f"watch.ping.{key}", "{ ping: { %s } }" % without, "{ ping: { %s } }" % with_it, *seen) for key, without, with_it, *seen in (
        ("url", "url: 'http://h.test'", "url: 'http://g.test'", "ping: http://h.test", "ping: http://g.test"),
        ("url_file", "url: 'http://h.test'", "url_file: good", "ping: http://h.test", "ping: good"),
        ("token_file", "url: 'http://h.test'", "url: 'http://h.test', token_file: none", "can be read", "none: no such file"),
        ("ca_file", "url: 'http://h.test'", "url: 'http://h.test', ca_file: none", "can be read", "none: no such file"),
        ("interval", "url: 'http://h.test'", "url: 'http://h.test', interval: 300", "h.test. Every 60 s", "h.test. Every 300 s"),
        ("timeout", "url: 'http://h.test'", "url: 'http://h.test', timeout: 3", r"at most 10 s\.\n\n", r"at most 3 s\.\n\n"))),
]


def at_watcher(folder, row):
    key, without, with_it, *wants = row
    shown = [planned(folder, "watch: " + without), planned(folder, "watch: " + with_it)]
    check(key, all(re.search(wants[i], shown[i]) and not re.search(wants[1 - i], shown[i]) for i in (0, 1)), "\n---- with it\n".join(shown))


ALL = [*TESTS, FAULTY, *GATEWAYS, *((key, planned, *rest) for key, *rest in WATCHERS)]
for row in ALL:  # a row of one key cannot change another's value
    setting = re.compile(rf"\b{row[0].rsplit('.', 1)[-1].removesuffix('[]')}: ")
    assert setting.search(row[3]) and setting.split(row[3])[-1] != setting.split(row[2])[-1], row[0]
if LIST:
    print(*sorted(row[0] for row in ALL), sep="\n")
    sys.exit(0)
only = sys.argv[2:]
with tempfile.TemporaryDirectory() as name, Lab(Path(name) / "lab") as lab:
    for row in TESTS:
        if not only or row[0] in only:
            in_lab(lab, row)
with tempfile.TemporaryDirectory() as name, Lab(Path(name) / "lab", "--fault", "sip-loses-datagrams") as lab:
    in_lab(lab, FAULTY)
with tempfile.TemporaryDirectory() as name:
    (Path(name) / "good").touch(0o600)
    (Path(name) / "good").write_text("good\n")
    for row in WATCHERS:
        if not only or row[0] in only:
            at_watcher(Path(name), row)
for row in GATEWAYS:
    if not only or row[0] in only:
        at_gateway(row)
sys.exit(failed > 0)
