import socket

from stage import Stage, need

with Stage() as stage, socket.socket(type=socket.SOCK_DGRAM) as other:
    stage.up()
    other.sendto((f"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{stage.pool.getsockname()[1]};branch=z9hG4bK1\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode(),
                 ("127.0.0.1", stage.port))
    answer, _ = stage.receive()
    need(answer.startswith("SIP/2.0 200 "), f"the answer is where Via says: {answer}")
