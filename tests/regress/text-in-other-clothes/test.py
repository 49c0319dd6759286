import secrets

from stage import RECEIVER, USER, Stage, need

PARTS = b"--b\r\nContent-Type: text/html\r\n\r\n<p>caf&eacute;\r\n--b\r\nContent-Type: %s\r\n\r\n%s\r\n--b--\r\n"
CPIM = "From: <im:x@y.test>\r\n\r\nContent-Type: text/plain;charset=utf-8\r\n\r\ncafé".encode()
CARRIED = [
    ("text/plain;charset=utf8", "café".encode()),
    ("text/plain;charset=ISO-8859-1", b"caf\xe9"),
    ("text/plain;charset=utf-16", "café".encode("utf-16")),
    ("text/html;charset=windows-1252", b"<html><style>x</style><p>caf\xe9</p></html>"),
    ("multipart/alternative;boundary=b", PARTS % (b"text/plain", "café".encode())),
    ("multipart/mixed;boundary=b", PARTS % (b"image/png", b"\x89PNG")),
    ("message/cpim", CPIM),
]
REFUSED = [
    ("text/plain", b"", "", "400 Message Has No Text", ""),
    ("text/plain", b"x", "Subject: \xff\r\n", "400 Bad Subject", ""),
    ("text", b"x", "", "400 Bad Content-Type", ""),
    ("image/png", b"x", "", "415 Only Text Is Carried", "Accept: text/plain;charset=UTF-8"),
    ("text/plain;charset=iso-8859-2", b"x", "", "415 Charset Not Supported", "Accept: text/plain;charset=UTF-8"),
    ("text/plain", b"x", "Content-Encoding: gzip\r\n", "415 Content-Encoding Not Supported", "Accept-Encoding: identity"),
]


def send(stage, content_type, body, headers=""):
    head = (f"MESSAGE sip:{RECEIVER} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{stage.pool.getsockname()[1]};branch=z9hG4bK"
            f"{secrets.token_hex(8)}\r\nMax-Forwards: 70\r\nFrom: <sip:{USER}>;tag=1\r\nTo: <sip:{RECEIVER}>\r\n"
            f"Call-ID: {secrets.token_hex(8)}\r\nCSeq: 1 MESSAGE\r\n{headers}Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    stage.pool.sendto(head.encode("latin-1") + body, ("127.0.0.1", stage.port))


with Stage() as stage:
    stage.up()
    for content_type, body in CARRIED:
        send(stage, content_type, body)
        got = stage.until(rb"<body>(.*?)</body>")[1].decode()
        need(got == "café", f"{content_type} becomes its text: {got!r}")
    for content_type, body, headers, status, help_ in REFUSED:
        send(stage, content_type, body, headers)
        answer, _ = stage.receive()
        need(answer.startswith(f"SIP/2.0 {status}\r\n"), f"{content_type} {headers}: {status}, not {answer}")
        need(f"\r\n{help_}" in answer, f"{content_type} {headers}: {help_} helps: {answer}")
