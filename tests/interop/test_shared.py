"""Two gateways under one component name at ejabberd, by each rule that it deals out by: every answer is right."""

import re

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient, free_port, run

RULES = ("", "random", "bare_source", "bare_destination")
TIMES = 10


class Shared(Bench):
    rule = ""

    def fill(self, template, **more):
        text = super().fill(template, **more)
        if template == "ejabberd.yml" and self.rule:
            text += f"domain_balancing:\n  {POOL}: {{ type: {self.rule}, component_number: 2 }}\n"
        return text

    def second_gateway(self):
        port = free_port()
        text = re.sub(r"listen: .*", f'listen: ["udp:127.0.0.1:{port}"]', (self.dir / "stox.yaml").read_text())
        path = self.write("second.yaml", text)
        self.start("second", [self.stox, "gateway", "--config", path])
        self.await_log("second", "xmpp up")


def answers_to(bench, sip, name):
    answers = []
    for i in range(TIMES):
        sip.message(bench.port["gateway"], f"{name.format(i)}@{PARTNER}", f"pilar{i}@{POOL}", "hello")
        answers.append(sip.status()[0])
    return answers


def main(stox):
    for rule in RULES:
        with Shared(stox) as bench:
            bench.rule = rule
            bench.ejabberd()
            bench.config()
            bench.gateway()
            bench.second_gateway()
            receiver = XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)
            sip = SipPeer()
            good, bad = answers_to(bench, sip, "adelany"), answers_to(bench, sip, "nobody{}")
            if good != [202] * TIMES or 202 in bad or 503 in bad:
                raise Failure(f"{rule or 'no rule'}: {good} to adelany, {bad} to nobody")
            logs = [(bench.dir / f"{name}.log").read_text() for name in ("gateway", "second")]
            if "does not read" in "".join(logs) or not any(f"another gateway is connected as {POOL}" in log for log in logs):
                raise Failure(f"{rule or 'no rule'}: {logs}")
            print(f"ok: {rule or 'no rule'}: {bad}")
            receiver.sock.close()


run(main)
