"""Debian's Prometheus scrapes a gateway that carries messages: what it then knows, by its API.

Every query of the Grafana board and every alert rule runs there, over metrics that exist.
"""

import signal

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient, free_port, run
from prometheus import DATA, RULES, Prometheus, board_and_rules, expect, promtool

def sees(prometheus, what, query):
    prometheus.await_true(query)
    print(f"ok: {what}", flush=True)


def carry(bench, pool, client):
    pool.message(bench.port["gateway"], f"adelany@{PARTNER}", f"pilar@{POOL}", "to XMPP")
    client.until(b"</message>")
    expect("a message to XMPP is acknowledged", pool.status()[0] == 202)
    client.send(f"<message to='pilar@{POOL}' id='i1' type='chat'><body>to SIP</body></message>")
    head, _, peer = pool.receive()
    pool.answer_ok(head, peer)
    pool.message(bench.port["gateway"], f"nobody@{PARTNER}", f"pilar@{POOL}", "x")
    expect("one to nobody is refused by the far side", pool.status()[0] == 403)
    pool.message(bench.port["gateway"], "any@stranger.test", f"pilar@{POOL}", "x")
    expect("one to no partner by the gateway", pool.status()[0] == 403)


def counts(direction, outcome, reason="", partner=PARTNER, n=1):
    return (f'stox_gateway_messages_total{{partner="{partner}",direction="{direction}",outcome="{outcome}",'
            f'reason="{reason}"}} == {n}')


def watched(bench, pool, prometheus):
    sees(prometheus, "a partner is there from the start", counts("to_xmpp", "delivered", n=0))
    carry(bench, pool, XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca))
    sees(prometheus, "the message to XMPP", counts("to_xmpp", "delivered"))
    sees(prometheus, "the one to SIP", counts("to_sip", "delivered"))
    sees(prometheus, "what the far side refused", counts("to_xmpp", "rejected", "service-unavailable"))
    sees(prometheus, "what the gateway refused", counts("to_xmpp", "refused", "not-partner", "(other)"))
    sees(prometheus, "the times", 'stox_gateway_answer_seconds_bucket{direction="to_xmpp",le="+Inf"} == 2')
    kind = prometheus.api("metadata", metric="stox_build")
    expect("by OpenMetrics, which has a type `info`", kind and kind["stox_build"][0]["type"] == "info", kind)
    prometheus.wait_for("evaluates all rules", prometheus.has_evaluated)
    board_and_rules(prometheus, "grafana-stox-gateway.json", "StoxGateway")


def changed(bench, good, gateway, prometheus):
    config = bench.dir / "stox.yaml"
    config.write_text(good.replace("partners:\n", "partners:\n  - domain: fabrikam.test\n"))
    gateway.send_signal(signal.SIGHUP)
    sees(prometheus, "behind a reload a new partner is there", counts("to_sip", "delivered", partner="fabrikam.test", n=0))
    sees(prometheus, "and the counters of the others stay", counts("to_xmpp", "delivered"))
    config.write_text(good.replace("partners:", "partner:"))
    gateway.send_signal(signal.SIGHUP)
    sees(prometheus, "a file that was refused shows", "stox_gateway_config_last_reload_successful == 0")
    bench.stop("prosody")
    sees(prometheus, "a stream that is lost shows", f'stox_gateway_stream_up{{component="{POOL}"}} == 0')
    sees(prometheus, "its alert is on its way", 'ALERTS{alertname="StoxGatewayNotConnected"}')


def main(stox):
    promtool("check", "rules", *map(str, RULES))
    promtool("test", "rules", str(DATA / "gateway.test.yaml"))
    with Bench(stox) as bench:
        bench.prosody()
        pool = SipPeer(bench.port["pool"])
        metrics = free_port()
        config = bench.config()
        good = config.read_text().replace("gateway:\n", f"gateway:\n  metrics: {{ listen: 127.0.0.1:{metrics} }}\n")
        config.write_text(good)
        gateway = bench.gateway()
        try:
            with Prometheus(bench.dir, free_port(), [f"127.0.0.1:{metrics}"], RULES) as prometheus:
                watched(bench, pool, prometheus)
                changed(bench, good, gateway, prometheus)
        except AssertionError as error:
            raise Failure(str(error)) from error


run(main)
