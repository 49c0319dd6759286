"""stox gateway --trace-engine: a message can be followed both ways, and nothing that is secret is there."""

import hashlib
import os
import re
import stat
import sys

sys.path.append("tests/regress")
from stage import PARTNER, POOL, RECEIVER, USER, Stage, need  # noqa: E402

TIME = r"(?m:^)\d+\.\d{6} gateway "
TO_XMPP = [
    rf'-> datagram listener=1 peer=\S+ local=\S+ bytes=\d+ sip="MESSAGE sip:{RECEIVER} SIP/2.0"\n',
    r"<- output flow=1 bytes=\d+ element=message\n",
    r"<- output flow=1 bytes=\d+ element=iq\n",
    r"-> flow-bytes flow=1 peer=\S+ local=\S+ bytes=\d+ element=iq\n",
    r'<- output listener=1 peer=\S+ local=\S+ bytes=\d+ sip="SIP/2.0 202 Accepted"\n',
]
TO_SIP = [
    r"-> flow-bytes flow=1 peer=\S+ local=\S+ bytes=\d+ element=message\n",
    rf'<- output listener=\d peer=\S+( local=\S+)? bytes=\d+ sip="MESSAGE sip:{USER} SIP/2.0"\n',
    r'-> datagram listener=\d peer=\S+ local=\S+ bytes=\d+ sip="SIP/2.0 200 OK"\n',
    r"<- output flow=1 bytes=\d+ element=/stream:stream\n",
]


def follow(trace, lines):
    """They are there in this order, others between them."""
    at = 0
    for line in lines:
        found = re.compile(TIME + line).search(trace, at)
        need(found, f"{line} behind byte {at} of\n{trace}")
        at = found.end()


with Stage() as stage:
    path = stage.dir / "trace"
    stage.up("--trace-engine", path)
    _, ping = stage.message("body-of-the-first", 'Proxy-Authorization: Digest username="pilar", response="the-response"\r\n')
    stage.send(f"<iq type='result' id='{ping}' from='{PARTNER}' to='{POOL}'/>")
    need(stage.receive()[0].startswith("SIP/2.0 202"), "the first message is accepted")
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>body-of-the-second</body></message>")
    stage.answer(*stage.receive(), "200 OK")
    stage.end()
    need(stage.process.wait(10) == 0, "the gateway ends well")
    trace = path.read_text()
    need(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "the trace is for its owner only")
    follow(trace, TO_XMPP + TO_SIP)
    proof = hashlib.sha1(f"abc{stage.secret}".encode()).hexdigest()
    for secret in (stage.secret, proof, "body-of", "the-response", "Digest", "pc"):
        need(secret not in trace, f"{secret!r} is in\n{trace}")
    print("ok")
