import socket

from stage import Stage, need

with Stage() as stage, socket.socket(type=socket.SOCK_DGRAM) as other:
    stage.up()
    other.bind(("127.0.0.9", 0))
    for _ in range(3):
        other.sendto(b"OPTIONS sip:x SIP/2.0\r\n\r\n", ("127.0.0.1", stage.port))
    stage.message()  # behind them
    stage.end()
    log = stage.process.stderr.read()
    lines = [line for line in log.split("\n") if "sip untrusted" in line]
    need(len(lines) == 2 and all("peer=127.0.0.9 cause=" in line for line in lines), f"two lines name the peer: {log}")
    need("trusted_peers" in lines[0] and lines[1].endswith(" more=2"), f"what to do, and how many more: {lines}")
