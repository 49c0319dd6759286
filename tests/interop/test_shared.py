"""Two gateways under one component name at ejabberd, by each rule that it deals out by: every answer is right."""

import re

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient, free_port, run

RULES = ("", "bare_source", "bare_destination")  # without one: at random
TIMES = 10


class Shared(Bench):
    rule = ""

    def fill(self, template, **more):
        text = super().fill(template, **more)
        if template == "ejabberd.yml" and self.rule:
            text += f"domain_balancing:\n  {POOL}: {{ type: {self.rule}, component_number: 2 }}\n"
        return text

    def two_gateways(self):
        """They wait for a refusal as long as may be set: it may come to the one that goes on with it to the other."""
        self.config()
        text = (self.dir / "stox.yaml").read_text().replace("  xmpp:\n", "  xmpp:\n    settle: 150\n")
        self.write("stox.yaml", text)
        self.gateway()
        port = free_port()
        text = re.sub(r"listen: .*", f'listen: ["udp:127.0.0.1:{port}"]', text)
        path = self.write("second.yaml", text)
        self.start("second", [self.stox, "gateway", "--config", path])
        self.await_log("second", "xmpp up")


def answers_to(bench, sip, name):
    answers = []
    for i in range(TIMES):
        sip.message(bench.port["gateway"], f"{name.format(i)}@{PARTNER}", f"pilar{i}@{POOL}", "hello")
        answers.append(sip.status()[0])
    return answers


def expect_right(bench, sip):
    """On a machine that is busy a refusal may still come behind its answer: then a line tells of it."""
    rule = bench.rule or "no rule"
    good, bad = answers_to(bench, sip, "adelany"), answers_to(bench, sip, "nobody{}")
    late = bad.count(202)
    if good != [202] * TIMES or late > TIMES / 2 or 503 in bad:
        raise Failure(f"{rule}: {good} to adelany, {bad} to nobody")
    if late:
        bench.await_log("gateway", "acknowledged-then-refused")
    logs = [(bench.dir / f"{name}.log").read_text() for name in ("gateway", "second")]
    if "does not read" in "".join(logs) or not any(f"another gateway is connected as {POOL}" in log for log in logs):
        raise Failure(f"{rule}: {logs}")
    print(f"ok: {rule}: {bad}", flush=True)


def main(stox):
    for rule in RULES:
        with Shared(stox) as bench:
            bench.rule = rule
            bench.ejabberd()
            bench.two_gateways()
            receiver = XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)
            sip = SipPeer()
            answers_to(bench, sip, "absent{}")  # ejabberd loads what it needs for them
            expect_right(bench, sip)
            receiver.sock.close()


run(main)
