"""stox check and stox test --sweep, the built binary against labs and zones of the test's own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import jsonschema

from labs import Lab
from zone import Zone

STOX = os.path.abspath(sys.argv[1])
TOP = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((TOP / "doc/stox.check.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FAILED = []
POOL, PARTNER = "pool.litware.test", "contoso.test"


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def stox(*args, timeout=60):
    return subprocess.run([STOX, *map(str, args)], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "HOME": "/nonexistent", "XDG_CONFIG_HOME": "", "STOX_CONFIG": ""})


def sweep(*args):
    """`stox check ... --format json`: the exit status and the object, which is sound."""
    done = stox("check", *args, "--format", "json")
    result = json.loads(done.stdout)
    flaws = [e.message for e in VALIDATOR.iter_errors(result)]
    check(f"the schema fits: check {' '.join(map(str, args))[:60]}", not flaws, flaws)
    check("the exit status is the object's", done.returncode == result["exit_status"], done)
    return done.returncode, result


def ids(result, severity):
    return [f["id"] for f in result["findings"] if f["severity"] == severity]


# ---- a lab, by its own DNS server


def healthy(lab):
    status, r = sweep("pool", POOL, "--ca-file", lab.ca, "--dns", lab.dns)
    rows = [(row["service"], row["source"], row["transport"], row["outcome"], row["used"]) for row in r["rows"]]
    check("the lab's pool: TLS, TCP and UDP by NAPTR, TLS is used", status == 0 and rows == [
        ("_sips._tcp", "naptr", "tls", "ok", True), ("_sip._tcp", "naptr", "tcp", "ok", False),
        ("_sip._udp", "naptr", "udp", "ok", False)], json.dumps(r, indent=1))
    check("every one answers its OPTIONS", all(row["sip"] == {"status": 200, "reason": "OK", "server": "stox-lab"}
                                               for row in r["rows"]), r["rows"])
    first = r["rows"][0]
    check("the chain and its days are there", first["tls"]["version"] == "TLSv1.3" and 88 <= first["days_left"] <= 90
          and len(first["tls"]["certificates"]) == 2 and POOL in first["tls"]["certificates"][0]["names"], first)
    check("nothing is found", r["findings"] == [] and r["left_out"] == dict.fromkeys(
        ("services", "hosts", "addresses", "not_tried"), 0), r["findings"])
    status, r = sweep("partner", PARTNER, "--ca-file", lab.ca, "--dns", lab.dns)
    client = r["rows"][0]
    check("the lab's partner: mechanisms and bindings over STARTTLS", status == 0 and client["used"]
          and client["xmpp"]["starttls"] and "SCRAM-SHA-256-PLUS" in client["xmpp"]["mechanisms"]
          and "tls-exporter" in client["xmpp"]["channel_bindings"], client)
    check("that nobody announces a server port is a warning", ids(r, "warning") == ["dns_no_records"], r["findings"])
    status, r = sweep("partner", PARTNER, "--ca-file", lab.ca, "--dns", lab.dns, "--strict")
    check("--strict makes a warning exit status 1", status == 1 and r["result"] == "Failure")


def by_configuration(lab):
    status, r = sweep("pool", "--config", lab.config, "--dns", lab.dns)
    check("the configuration names the pool and its registrar", status == 0 and r["name"] == POOL
          and r["rows"][0]["source"] == "given" and r["rows"][0]["used"] and len(r["rows"]) == 4, r["rows"])
    named = r
    status, r = sweep("partner", "--config", lab.config, "--dns", lab.dns)
    check("the configuration names the partner and its server", status == 0 and r["name"] == PARTNER
          and r["rows"][0]["source"] == "given", r["rows"])
    for port in (lab.port("pool, SIP over TLS"), "1"):
        _, bent = sweep("pool", "--config", lab.config, "--dns", lab.dns, "--registrar-port", port)
        row = bent["rows"][0]
        check("--registrar-port changes the port of the configured registrar and nothing else",
              (row["source"], row["transport"], row["address"]) ==
              ("given", named["rows"][0]["transport"], f"{named['rows'][0]['host']}:{port}"), row)
    text = stox("check", "pool", "--config", lab.config, "--dns", lab.dns).stdout
    lines = text.splitlines()
    check("the text has its head, its table and its mark", lines[:2] == [f"Pool          : {POOL}", "Result        : Success"]
          and "PRIO/WGT" in text and len([x for x in lines if x.startswith("> ")]) == 1
          and "would be used: it is named by hand" in text, text)


def behind_a_test(lab):
    done = stox("test", "--config", lab.config, "--dns", lab.dns, "--sweep")
    check("stox test --sweep: the test, then both sides", done.returncode == 0
          and re.match(r"Target Fqdn .*\nResult        : Success\n", done.stdout)
          and done.stdout.index("Latency") < done.stdout.index("\nPool          : ") <
          done.stdout.index("\nPartner       : "), done.stdout + done.stderr)
    done = stox("test", "--config", lab.config, "--dns", lab.dns, "--sweep", "--format", "json")
    r = json.loads(done.stdout)
    flaws = [e.message for side in r["sweep"] for e in VALIDATOR.iter_errors(side)]
    test = jsonschema.Draft202012Validator(json.loads((TOP / "doc/stox.test.schema.json").read_text()))
    flaws += [e.message for e in test.iter_errors(r)]
    check("one object, with both sides in it", not flaws and [s["side"] for s in r["sweep"]] == ["pool", "partner"], flaws)
    # The test takes the server that is named; the sweep finds that the other way is dead.
    text = Path(lab.config).read_text()
    bent = lab.dir / "bent.yaml"
    bent.write_text(text.replace(lab.at("partner contoso.test, XMPP clients"), "127.0.0.1:1"))
    done = stox("test", "--config", bent, "--dns", lab.dns, "--sweep")
    check("a test that fails keeps its status", done.returncode == 1 and "[tcp_refused in xmpp.connect]" in done.stdout
          and "\nPartner       : contoso.test\nResult        : Failure\n" in done.stdout, done.stdout)


def faults(folder):
    for fault, side, reason, step in (("expired-certificate", "pool", "tls_cert_expired", "tls"),
                                      ("wrong-name-certificate", "pool", "tls_name_mismatch", "tls")):
        with Lab(folder / fault / "lab", "--fault", fault) as lab:
            status, r = sweep(side, POOL, "--ca-file", lab.ca, "--dns", lab.dns)
            f = r["findings"][0]
            check(f"{fault}: a test would fail by {reason}", status == 1 and (f["severity"], f["id"], f["step"]) ==
                  ("failure", reason, step) and f["diagnosis"]["next"], r["findings"])
            check(f"{fault}: TCP and UDP are fine, and not used", [(x["outcome"], x["used"]) for x in r["rows"][1:]] ==
                  [("ok", False)] * 2, r["rows"])


# ---- zones of our own


def zones(lab):
    tls, udp = lab.port("pool, SIP over TLS"), lab.port("pool pool.litware.test, SIP over UDP")
    xmpp = lab.port("partner contoso.test, XMPP clients")
    sips = f"_sips._tcp.{POOL}"

    with Zone((sips, "SRV", (10, 0, tls, "one.litware.test")), (sips, "SRV", (20, 0, tls, "two.litware.test")),
              ("one.litware.test", "A", "127.0.0.1"), ("two.litware.test", "A", "127.0.0.2")) as zone:
        status, r = sweep("pool", POOL, "--ca-file", lab.ca, "--dns", zone.address)
        check("a dead second server: a warning, and success", status == 0 and ids(r, "warning") == ["tcp_refused"]
              and r["rows"][0]["used"] and not r["rows"][1]["used"], r["findings"])
        text = stox("check", "pool", POOL, "--ca-file", lab.ca, "--dns", zone.address).stdout
        check("the line that says so", "\nWarnings      : 1; the exit status is 0, with --strict it would be 1\n" in text, text)

    with Zone((sips, "SRV", (10, 3, tls, "two.litware.test")), (sips, "SRV", (10, 1, tls, "one.litware.test")),
              (sips, "SRV", (10, 2, tls, "one-too.litware.test")), ("one.litware.test", "A", "127.0.0.1"),
              ("one-too.litware.test", "A", "127.0.0.1"), ("two.litware.test", "A", "127.0.0.2")) as zone:
        status, r = sweep("pool", POOL, "--ca-file", lab.ca, "--dns", zone.address)
        shares = {row["host"]: row["share"] for row in r["rows"]}
        check("weights are shares of those that are there", shares == {
            "two.litware.test": 0, "one-too.litware.test": 0.666, "one.litware.test": 0.333}, shares)

    with Zone((sips, "SRV", (10, 0, tls, "six.litware.test")), ("six.litware.test", "AAAA", "::2"),
              (f"_sip._udp.{POOL}", "SRV", (10, 0, udp, "one.litware.test")), ("one.litware.test", "A", "127.0.0.1")) as zone:
        status, r = sweep("pool", POOL, "--ca-file", lab.ca, "--dns", zone.address)
        row = r["rows"][0]
        check("an IPv6 address that leads nowhere is passed over", row["address"] == f"[::2]:{tls}" and not row["used"]
              and row["outcome"] == "failed" and r["rows"][1]["used"], r["rows"])

    with Zone((f"_xmpp-client._tcp.{PARTNER}", "SRV", (0, 0, 0, ".")), (PARTNER, "A", "127.0.0.1"),
              (f"_xmpp-server._tcp.{PARTNER}", "SRV", (0, 0, xmpp, "xmpp.contoso.test")),
              ("xmpp.contoso.test", "A", "127.0.0.1")) as zone:
        status, r = sweep("partner", PARTNER, "--ca-file", lab.ca, "--dns", zone.address)
        check("a target of \".\" is no fallback", status == 1 and "dns_srv_not_offered" in ids(r, "failure")
              and [row["plan"] for row in r["rows"]] == ["server"], r)

    with Zone((sips, "SRV", 2), (POOL, "NAPTR", 5), (POOL, "A", "127.0.0.9")) as zone:
        status, r = sweep("pool", POOL, "--ca-file", lab.ca, "--dns", zone.address)
        check("what the DNS refuses is told beside what follows from it", status == 1
              and {"dns_server_failure", "dns_refused", "dns_fallback"} <= set(ids(r, "warning"))
              and "tcp_refused" in ids(r, "failure"), r["findings"])

    hosts = [f"h{i:02}.litware.test" for i in range(20)]
    with Zone(*((sips, "SRV", (i, 0, tls, h)) for i, h in enumerate(hosts)),
              *((h, "A", f"127.0.{i + 1}.{k + 1}") for i, h in enumerate(hosts) for k in range(12))) as zone:
        status, r = sweep("pool", POOL, "--ca-file", lab.ca, "--dns", zone.address)
        check("a big zone is cut, counted and said", len(r["rows"]) == 32 and r["left_out"]["hosts"] == 4
              and r["left_out"]["addresses"] == 16 * 12 - 32 and "zone_cut" in ids(r, "warning"), r["left_out"])


# ---- peers of our own


class Peer:
    """One TCP port: each connection gets `greeting`, and is then kept open."""

    def __init__(self, greeting):
        self.greeting, self.open = greeting, []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                s, _ = self.sock.accept()
                self.open.append(s)
                if self.greeting:
                    s.sendall(self.greeting)
            except OSError:
                return


def strange_peers(lab):
    silent, garbage = Peer(b""), Peer(b"220 mail.contoso.test ESMTP\r\n")
    client = f"_xmpp-client._tcp.{PARTNER}"
    with Zone((client, "SRV", (0, 0, silent.port, "x.contoso.test")), (client, "SRV", (1, 0, garbage.port, "x.contoso.test")),
              (f"_xmpps-client._tcp.{PARTNER}", "SRV", (2, 0, silent.port, "x.contoso.test")),
              (f"_xmpps-client._tcp.{PARTNER}", "SRV", (3, 0, garbage.port, "x.contoso.test")),
              (f"_xmpp-server._tcp.{PARTNER}", "SRV", (0, 0, 1, "x.contoso.test")),
              ("x.contoso.test", "A", "127.0.0.1")) as zone:
        start = time.monotonic()
        status, r = sweep("partner", PARTNER, "--dns", zone.address, "--address-timeout", "1")
        took = time.monotonic() - start
        got = [(row["service"], row["outcome"], [f["id"] for f in r["findings"] if f["row"] == i])
               for i, row in enumerate(r["rows"])]
        check("each strange peer has its own reason", status == 1 and got == [
            ("_xmpp-client._tcp", "failed", ["xmpp_no_answer"]), ("_xmpp-client._tcp", "failed", ["xmpp_unparsable"]),
            ("_xmpps-client._tcp", "failed", ["tls_no_answer"]), ("_xmpps-client._tcp", "failed", ["tls_plain_peer"]),
            ("_xmpp-server._tcp", "failed", ["tcp_refused"])], got)
        check("--address-timeout is each one's own, side by side", 0.9 < took < 20, took)


def silent_dns():
    with Zone((POOL, "NAPTR", None), (f"_sips._tcp.{POOL}", "SRV", None), (POOL, "A", None)) as zone:
        status, r = sweep("pool", POOL, "--dns", zone.address, "--timeout", "2")
        check("a DNS server that is silent is told in time", status == 1 and "dns_timeout" in ids(r, "failure")
              and r["duration_seconds"] < 2.5, r)


def interrupted():
    with Zone((POOL, "NAPTR", None)) as zone:
        proc = subprocess.Popen([STOX, "check", "pool", POOL, "--dns", zone.address, "--timeout", "60"],
                                stdout=subprocess.PIPE, text=True)
        while not zone.asked:
            time.sleep(0.01)
        proc.send_signal(signal.SIGINT)
        out = proc.communicate(timeout=20)[0]
        check("Ctrl-C: what is known, and exit status 3", proc.returncode == 3 and "(interrupted)" in out, out)


# ---- usage


def bad_input(folder):
    empty = folder / "none.pem"
    empty.write_text("nothing\n")
    cases = (
        ("no side", ["check"], "stox check pool"),
        ("an unknown side", ["check", "gateway"], "there is no `check gateway`"),
        ("an option before the side", ["check", "--json"], "there is no `check --json`"),
        ("no name", ["check", "partner"], "DOMAIN"),
        ("two names", ["check", "pool", "a.test", "b.test"], "one NAME"),
        ("a name that is none", ["check", "pool", "a b"], "no domain"),
        ("a registrar that is none", ["check", "pool", "a.test", "--registrar", "sip:"], "registrar"),
        ("a server that is none", ["check", "partner", "a.test", "--server", "x:y"], "HOST"),
        ("a server for clients that is none", ["check", "partner", "a.test", "--receiver-server", ":5222"], "HOST"),
        ("an option of the other side", ["check", "partner", "a.test", "--registrar", "sip:x"], "--registrar"),
        ("an unknown format", ["check", "pool", "a.test", "--format", "tap"], "json"),
        ("a time-out of 0", ["check", "pool", "a.test", "--timeout", "0"], "greater than 0"),
        ("a DNS server without an address", ["check", "pool", "a.test", "--dns", "dns.test"], "--dns"),
        ("a CA file that is not there", ["check", "pool", "a.test", "--ca-file", folder / "none"], "none"),
        ("a CA file without a certificate", ["check", "pool", "a.test", "--ca-file", empty], "no certificate"),
        ("a configuration that is not there", ["check", "pool", "--config", folder / "none.yaml"], "none.yaml"),
    )
    for name, args, word in cases:
        done = stox(*args)
        check(f"{name}: exit 2 and a word on it", done.returncode == 2 and word in done.stderr and not done.stdout,
              done.stdout + done.stderr)
    for args in (["check", "--help"], ["check", "pool", "--help"], ["check", "partner", "--help"]):
        done = stox(*args)
        check(f"{' '.join(args)}", done.returncode == 0 and "usage: stox check" in done.stdout, done.stdout)


def main():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bad_input(folder)
        with Lab(folder / "lab") as lab:
            healthy(lab)
            by_configuration(lab)
            behind_a_test(lab)
            zones(lab)
            strange_peers(lab)
        for fault in ("expired-certificate", "wrong-name-certificate"):
            (folder / fault).mkdir()
        faults(folder)
        silent_dns()
        interrupted()
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


sys.exit(main())
