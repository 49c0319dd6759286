"""SIPp as a client of the gateway and as its next hop."""

import subprocess

from peers import HERE, POOL, Bench, Failure, XmppClient, run

MESSAGES = 200


def sipp(bench, name, *args):
    done = subprocess.run(["sipp", *[str(a) for a in args], "-timeout", "60", "-timeout_error", "-nostdin"],
                          cwd=bench.dir, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"sipp {name}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def as_client(stox, transport):
    with Bench(stox) as b:
        b.prosody()
        b.config()
        b.gateway()
        client = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)
        sipp(b, "client", f"127.0.0.1:{b.port['gateway']}", "-sf", HERE / "uac.xml", "-t", transport, "-i",
             "127.0.0.1", "-m", MESSAGES, "-r", 200, "-l", 50)
        got = set()
        while len(got) < MESSAGES:
            stanza = client.until(b"</message>")
            number = stanza.split("<body>message ")[1].split("<")[0]
            if number in got:
                raise Failure(f"message {number} arrived twice")
            got.add(number)
        print(f"ok: {MESSAGES} messages of SIPp over {transport}, each answered 202, each arrived once")


def as_next_hop(stox):
    with Bench(stox) as b:
        b.prosody()
        b.config()
        b.gateway()
        client = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)
        server = b.start("sipp-server", ["sipp", "-sf", HERE / "uas.xml", "-i", "127.0.0.1", "-p",
                                         b.port["pool"], "-m", MESSAGES, "-timeout", "60", "-timeout_error",
                                         "-nostdin"])
        b.await_udp(b.port["pool"], "SIPp")
        for i in range(MESSAGES):
            client.send(f"<message to='user{i % 20}@{POOL}' id='m{i}'><body>number {i}</body></message>")
        if server.wait(60) != 0:
            raise Failure("SIPp as the next hop did not get all messages")
        print(f"ok: {MESSAGES} messages reached SIPp as the next hop")


def main(stox):
    as_client(stox, "u1")
    as_client(stox, "t1")
    as_next_hop(stox)


run(main)
