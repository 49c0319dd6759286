import socket

from stage import RECEIVER, USER, Stage, need

FROM, TO = f"<sip:{USER}>;tag=1", f"<sip:{RECEIVER}>"


def text(stage, number, transport="UDP", sender=FROM, to=TO, call_id="c", cseq="1", more="Content-Length: 2\r\n"):
    at = f"127.0.0.1:{stage.pool.getsockname()[1]}"
    return (f"MESSAGE sip:{RECEIVER} SIP/2.0\r\nVia: SIP/2.0/{transport} {at};branch=z9hG4bK{number}\r\nFrom: {sender}\r\nTo: {to}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} MESSAGE\r\n{more}\r\nhi").encode()


CARRIED = [{"sender": f"Ackerman, Pilar (Sales) {FROM}"}, {"sender": "<sip:PBX#90@litware.test;a=b;>;tag=1"}, {"to": f"{TO};tag="},
           {"call_id": "1-20@192.0.2.5@h:5060"}, {"call_id": "aGVs#bG8=;$"}, {"cseq": "4294967295"}]
REFUSED = [({"sender": f'"Pilar {FROM}'}, "Bad From: "), ({"to": "adele"}, "Bad To: "), ({"cseq": "4294967296"}, "CSeq is not "),
           ({"more": "X-If: ens3\nContent-Length: 2\r\n"}, "Bad X-If: ")]

with Stage() as stage:
    stage.up()
    for number, fields in enumerate(CARRIED):
        stage.pool.sendto(text(stage, number, **fields), ("127.0.0.1", stage.port))
        stage.until(rb"<message [^>]*>")
        ping = stage.until(rb"<iq [^>]*id=['\"]([^'\"]*)")[1].decode()
        stage.send(f"<iq from='contoso.test' to='litware.test' id='{ping}' type='result'/>")
        answer, _ = stage.receive()
        need(answer.startswith("SIP/2.0 202 ") and f";branch=z9hG4bK{number}\r\n" in answer, f"{fields} is carried: {answer}")
    for number, (fields, phrase) in enumerate(REFUSED, 100):
        stage.pool.sendto(text(stage, number, **fields), ("127.0.0.1", stage.port))
        answer, _ = stage.receive()
        need(answer.startswith(f"SIP/2.0 400 {phrase}") and f";branch=z9hG4bK{number}\r\n" in answer, f"{fields} is 400: {answer}")

with Stage(listen="tcp") as stage, socket.socket() as peer:
    stage.up()
    peer.settimeout(10)
    peer.connect(("127.0.0.1", stage.port))
    peer.sendall(text(stage, 1, "TCP", more=""))
    answer = b""
    while data := peer.recv(4096):
        answer += data
    need(answer.startswith(b"SIP/2.0 400 a message without Content-Length"), f"400, then the end: {answer}")
