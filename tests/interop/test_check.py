"""stox check against Kamailio, Prosody and ejabberd: every port, for clients and for servers."""

import json
import subprocess
import sys
from pathlib import Path

import peers
from peers import PARTNER, POOL, Bench, Failure, free_port

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))
from zone import Zone  # noqa: E402

FQDN = f"pool.{POOL}"


def sweep(bench, *args):
    done = subprocess.run([bench.stox, "check", *map(str, args), "--address-timeout", "30", "--format", "json"], capture_output=True, text=True,
                          timeout=120)
    if not done.stdout:
        raise Failure(f"stox check printed nothing: {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def expect(what, ok, evidence):
    if not ok:
        raise Failure(f"{what}: {json.dumps(evidence)}")
    print(f"ok: {what}")


def kamailio(bench):
    udp, tls = bench.port["pool"], bench.port["pool_tls"]
    records = [(FQDN, "NAPTR", (10, 1, "SIPS+D2T", f"_sips._tcp.{FQDN}")), (FQDN, "NAPTR", (20, 1, "SIP+D2T", f"_sip._tcp.{FQDN}")),
               (FQDN, "NAPTR", (30, 1, "SIP+D2U", f"_sip._udp.{FQDN}")), (f"_sips._tcp.{FQDN}", "SRV", (0, 0, tls, FQDN)),
               (f"_sip._tcp.{FQDN}", "SRV", (0, 0, udp, FQDN)), (f"_sip._udp.{FQDN}", "SRV", (0, 0, udp, FQDN)),
               (FQDN, "A", "127.0.0.1")]
    with Zone(*records) as zone:
        status, r = sweep(bench, "pool", FQDN, "--ca-file", bench.ca, "--dns", zone.address)
        got = [(row["transport"], row["outcome"], row["used"], (row["sip"] or {}).get("status")) for row in r["rows"]]
        expect("Kamailio answers an OPTIONS over TLS, TCP and UDP, and TLS is used", status == 0 and got == [
            ("tls", "ok", True, 200), ("tcp", "ok", False, 200), ("udp", "ok", False, 200)], r)
        expect("its Server header is told", "kamailio" in r["rows"][0]["sip"]["server"].lower(), r["rows"][0])
        expect("its certificate lasts the two days that it has", r["rows"][0]["days_left"] in (1, 2)
               and "certificate_ends_soon" in [f["id"] for f in r["findings"]], r["findings"])
        status, r = sweep(bench, "pool", FQDN, "--dns", zone.address)
        expect("without its issuer a test would fail", status == 1 and r["findings"][0]["id"] == "tls_untrusted_issuer"
               and r["rows"][0]["sip"]["status"] == 200, r)


def prosody(bench):
    c2s, direct, s2s = bench.port["c2s"], bench.port["c2s_tls"], bench.port["s2s"]
    host = f"xmpp.{PARTNER}"
    records = [(f"_xmpp-client._tcp.{PARTNER}", "SRV", (10, 0, c2s, host)), (f"_xmpps-client._tcp.{PARTNER}", "SRV", (20, 0, direct, host)),
               (f"_xmpp-server._tcp.{PARTNER}", "SRV", (10, 0, s2s, host)), (host, "A", "127.0.0.1")]
    with Zone(*records) as zone:
        status, r = sweep(bench, "partner", PARTNER, "--ca-file", bench.ca, "--dns", zone.address)
        client, tls, server = r["rows"]
        expect("Prosody's client port: STARTTLS required, SCRAM, bindings", status == 0 and client["used"]
               and client["outcome"] == "ok" and client["xmpp"]["starttls_required"]
               and "SCRAM-SHA-1" in client["xmpp"]["mechanisms"], r)
        expect("its port for direct TLS offers the same", tls["outcome"] == "ok" and not tls["used"]
               and tls["xmpp"]["mechanisms"] == client["xmpp"]["mechanisms"] and not tls["xmpp"]["starttls"], tls)
        expect("its server port: STARTTLS required, dialback", server["outcome"] == "ok" and server["used"]
               and server["plan"] == "server" and server["xmpp"]["starttls_required"] and server["xmpp"]["dialback"], server)
        status, r = sweep(bench, "partner", PARTNER, "--ca-file", bench.ca, "--dns", zone.address, "--from", POOL)
        expect("it refuses to be spoken to in the name of its own component", status == 1
               and r["findings"][0]["evidence"]["xmpp"]["text"] == "Attempt to connect from a host we serve", r["findings"])
        status, r = sweep(bench, "partner", PARTNER, "--dns", zone.address)
        by_row = {f["row"]: (f["severity"], f["id"]) for f in r["findings"] if f["id"] != "certificate_ends_soon"}
        expect("an unknown issuer: a test fails by it, servers still have dialback", status == 1 and by_row[0] == (
            "failure", "tls_untrusted_issuer") and by_row[2] == ("warning", "tls_untrusted_issuer"), r["findings"])
    with Zone((f"_xmpp-client._tcp.other.test", "SRV", (10, 0, c2s, host)), (f"_xmpp-server._tcp.other.test", "SRV", (10, 0, s2s, host)),
              (host, "A", "127.0.0.1")) as zone:
        status, r = sweep(bench, "partner", "other.test", "--ca-file", bench.ca, "--dns", zone.address)
        got = [f["id"] for f in r["findings"] if f["severity"] == "failure"]
        expect("a domain that it does not serve", status == 1 and got == ["xmpp_host_unknown"] * 2, r["findings"])


def without_key(bench):
    with Zone((f"_xmpp-client._tcp.{PARTNER}", "SRV", (10, 0, bench.port["c2s"], f"xmpp.{PARTNER}")), (f"xmpp.{PARTNER}", "A", "127.0.0.1")) as zone:
        status, r = sweep(bench, "partner", PARTNER, "--ca-file", bench.ca, "--dns", zone.address)
        expect("Prosody without a key offers no STARTTLS", status == 1 and "tls_not_offered" in [
            f["id"] for f in r["findings"] if f["severity"] == "failure"], r["findings"])


def ejabberd(bench):
    host = f"xmpp.{PARTNER}"
    with Zone((f"_xmpp-client._tcp.{PARTNER}", "SRV", (10, 0, bench.port["c2s"], host)),
              (f"_xmpp-server._tcp.{PARTNER}", "SRV", (10, 0, bench.port["s2s"], host)), (host, "A", "127.0.0.1")) as zone:
        status, r = sweep(bench, "partner", PARTNER, "--ca-file", bench.ca, "--dns", zone.address)
        client, server = r["rows"]
        expect("ejabberd's client port: STARTTLS, SCRAM with channel binding", status == 0 and client["outcome"] == "ok"
               and client["xmpp"]["starttls_required"] and "SCRAM-SHA-1-PLUS" in client["xmpp"]["mechanisms"], r)
        expect("its server port: STARTTLS required, dialback", server["outcome"] == "ok" and server["used"]
               and server["xmpp"]["starttls_required"] and server["xmpp"]["dialback"], server)


def main(stox):
    with Bench(stox) as bench:
        bench.port["s2s"] = free_port()
        bench.ejabberd(s2s=bench.port["s2s"])
        bench.await_tcp(bench.port["s2s"], "ejabberd")
        ejabberd(bench)
    with Bench(stox) as bench:
        bench.port["s2s"], bench.port["c2s_tls"] = free_port(), free_port()
        bench.kamailio(defines=["WITH_TLS"])
        bench.await_tcp(bench.port["pool_tls"], "kamailio")
        bench.prosody(s2s=bench.port["s2s"])
        bench.await_tcp(bench.port["s2s"], "prosody")
        kamailio(bench)
        prosody(bench)
    with Bench(stox) as bench:
        bench.lose_key()
        bench.prosody()
        without_key(bench)


peers.run(main)
