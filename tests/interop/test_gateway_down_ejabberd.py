"""The gateway is stopped, unroutable or not connected, behind ejabberd's SIP."""

import sys
from pathlib import Path

from down import expect
from peers import PARTNER, Bench, run

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))
from zone import Zone  # noqa: E402


def loaded(bench):
    """ejabberd loads its modules at the first requests; meanwhile it answers late, and over UDP passes on what is repeated, too."""
    bench.test("--timeout", "30")


def ejabberd(stox, transport):
    host = f"gw.{PARTNER}"
    with Bench(stox) as b:
        service = f"_sip._{transport}.{PARTNER}"
        records = [(PARTNER, "NAPTR", (10, 1, "SIP+D2U" if transport == "udp" else "SIP+D2T", service)),
                   (service, "SRV", (0, 0, b.port["gateway"], host)), (host, "A", "127.0.0.1"), (PARTNER, "A", "127.0.0.1")]
        where = f"behind ejabberd's SIP over {transport}"
        with Zone(*records) as zone:
            b.prosody()
            b.ejabberd_sip(zone.address)
            b.config(transport, transport)
            b.gateway()
            loaded(b)
            b.expect_answered(f"all is well {where}")
            b.stop("gateway")
            # Over UDP it absorbs its own 408, as RFC 4320 section 4.2 wants it.
            silent = transport == "udp"
            expect(b, f"the gateway is stopped {where}", "sip_gateway_timeout" if silent else "sip_gateway_down",
                   "no final answer" if silent else "nothing listens there", 4)
            b.write("component", "another\n", 0o600)
            b.gateway(says="xmpp down")
            expect(b, f"the component's secret is wrong {where}", "sip_gateway_down", "")
    with Bench(stox) as b, Zone() as zone:
        b.prosody()
        b.ejabberd_sip(zone.address)
        b.config(transport)
        loaded(b)
        expect(b, f"the domain is not in the DNS {where}", "sip_no_route", "does not resolve")


def main(stox):
    for transport in ("udp", "tcp"):
        ejabberd(stox, transport)


run(main)
