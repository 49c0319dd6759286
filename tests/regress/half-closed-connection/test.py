import socket
from stage import RECEIVER, USER, Stage, need

with Stage(listen="tcp") as stage:
    stage.up()
    with socket.create_connection(("127.0.0.1", stage.port)) as peer:
        peer.settimeout(5)
        peer.sendall((f"MESSAGE sip:{RECEIVER} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKh\r\nMax-Forwards: 70\r\n"
                      f"From: <sip:{USER}>;tag=1\r\nTo: <sip:{RECEIVER}>\r\nCall-ID: h\r\nCSeq: 1 MESSAGE\r\n"
                      "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello").encode())
        peer.shutdown(socket.SHUT_WR)
        ping = stage.until(rb"<iq [^>]*id=['\"]([^'\"]*)['\"]")[1].decode()
        stage.send(f"<iq type='result' id='{ping}' from='contoso.test' to='litware.test'/>")
        answer = b""
        while data := peer.recv(65536):
            answer += data
        need(answer.startswith(b"SIP/2.0 202 "), f"what was asked is answered, then it is closed: {answer}")
