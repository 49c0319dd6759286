"""The gateway is stopped, unroutable or not connected, behind Kamailio."""

from down import expect
from peers import Bench, run

# A proxy says 408 when it has waited that long.
FR_TIMER = {'loadmodule "sl.so"': 'loadmodule "sl.so"\nmodparam("tm", "fr_timer", 2000)'}


def expect_away(bench, what):
    """The receiver's own server is away, too: a test without its password sees what senders see."""
    text = (bench.dir / "stox.yaml").read_text()
    bench.write("stox.yaml", text.replace(", password_file: adelany }", " }"))
    expect(bench, what, "sip_gateway_down", "said by ")
    bench.write("stox.yaml", text)


def kamailio(stox, registrar, hop):
    silent = hop == "udp"
    with Bench(stox) as b:
        ours = f'$du = "sip:127.0.0.1:{b.port["gateway"]};transport=udp";'

        def pool(route):
            if any(name == "kamailio" for name, _ in b.procs):
                b.stop("kamailio")
            b.edits = {**FR_TIMER, ours: route}
            b.kamailio(defines=["WITH_TLS"])

        where = f"behind Kamailio, {registrar} to it and {hop} from it"
        pool(ours.replace("udp", hop))
        b.prosody()
        b.config(registrar)
        expect(b, f"the gateway is stopped {where}", "sip_gateway_timeout" if silent else "sip_gateway_down",
               "is not running, or drops" if silent else "nothing listens there")
        b.gateway()
        b.expect_answered(f"all is well {where}")
        b.stop("prosody")
        b.await_log("gateway", "xmpp down")
        expect_away(b, f"the gateway's XMPP server is stopped {where}")
        b.start_prosody()
        b.stop("gateway")
        b.write("component", "another\n", 0o600)
        b.gateway(says="xmpp down")
        expect(b, f"the component's secret is wrong {where}", "sip_gateway_down", "Refuses The Secret")
        b.stop("gateway")
        b.write("component", b.component_secret + "\n", 0o600)
        nowhere = (b.dir / "stox.yaml").read_text().replace(f'server: "127.0.0.1:{b.port["component"]}"', 'server: "xmpp.nowhere.test:5347"')
        b.gateway(b.write("nowhere.yaml", nowhere), says="xmpp down")
        expect(b, f"the XMPP server's name does not resolve {where}", "sip_gateway_down", "said by ")
        for what, route in (("the pool has no route", ""), ("the route's name does not resolve", f'$du = "sip:gw.nowhere.test;transport={hop}";')):
            pool(route)
            expect(b, f"{what} {where}", "sip_no_route", "does not resolve")


def main(stox):
    for registrar, hop in (("udp", "udp"), ("tcp", "tcp"), ("tls", "tcp")):
        kamailio(stox, registrar, hop)


run(main)
