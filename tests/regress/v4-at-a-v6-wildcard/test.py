import socket

from stage import Stage, need

try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
except OSError as error:
    print(f"not tried: {error}")
    raise SystemExit from None


def options(transport):
    return (f"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/{transport} 192.0.2.1;branch=z9hG4bK1;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
            "To: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


with Stage(at="::") as stage:
    stage.up()
    stage.pool.sendto(options("UDP"), ("127.0.0.2", stage.port))
    answer, peer = stage.receive()
    need(answer.startswith("SIP/2.0 200 ") and ";received=127.0.0.1\r\n" in answer, f"it answers: {answer}")
    need(peer == ("127.0.0.2", stage.port), f"from where it was asked: {peer}")

with Stage(listen="tcp", at="::") as stage, socket.socket() as peer:
    stage.up()
    peer.settimeout(10)
    peer.connect(("127.0.0.1", stage.port))
    peer.sendall(options("TCP"))
    answer = peer.recv(4096).decode()
    need(answer.startswith("SIP/2.0 200 ") and ";received=127.0.0.1\r\n" in answer, f"over TCP too: {answer}")
