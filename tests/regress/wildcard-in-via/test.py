import socket

from stage import RECEIVER, USER, Stage, host_port, need

OPTIONS = ("OPTIONS sip:gateway SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKo\r\nFrom: <sip:pilar@litware.test>;tag=1\r\n"
           "To: <sip:gateway>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def sends_from(stage, ip, number):
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m{number}'><body>hello</body></message>")
    request, peer = stage.receive()
    stage.answer(request, peer, "200 OK")
    via, want = request.split("\r\n")[1], host_port(ip, stage.port)
    need(host_port(*peer) == want, f"{want} reaches the pool, not {peer}")
    need(via.startswith(f"Via: SIP/2.0/UDP {want};"), f"Via has the address that it left from, {want}: {via}")


def try_at(wildcard, ip, other):
    """`other` is one more address of this machine, if there is one."""
    with Stage(ip=ip, at=wildcard) as stage:
        stage.up()
        sends_from(stage, ip, 1)
        # A proxy that comes by another address of ours gets its answer from there; our requests leave as before.
        stage.pool.sendto(OPTIONS.format(me=host_port(*stage.pool.getsockname())).encode(), (other, stage.port))
        answer, peer = stage.receive()
        need(answer.startswith("SIP/2.0 200 ") and peer[:2] == (other, stage.port), f"{other} answers: {peer} {answer}")
        sends_from(stage, ip, 2)


try_at("0.0.0.0", "127.0.0.1", "127.0.0.2")
try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
except OSError as error:
    print(f"not tried: [::]: {error}")
else:
    try_at("::", "::1", "::1")
