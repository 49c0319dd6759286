from stage import RECEIVER, USER, Stage, need

BRANCH = "z9hG4bKmoved"


def ask(stage, number):
    text = (f"MESSAGE sip:{RECEIVER} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{stage.pool.getsockname()[1]};branch={BRANCH}{number}\r\n"
            f"From: <sip:{USER}>;tag=1\r\nTo: <sip:{RECEIVER}>\r\nCall-ID: c{number}\r\nCSeq: 1 MESSAGE\r\n"
            "Content-Length: 5\r\n\r\nhello")
    stage.pool.sendto(text.encode(), ("127.0.0.1", stage.port))


with Stage() as stage:
    stage.up()
    for number, (condition, address, status, contact) in enumerate((
            ("gone", "xmpp:new@contoso.test", "301", "Contact: <sip:new@contoso.test>"),
            ("redirect", "xmpp:new@contoso.test/desk", "302", "Contact: <sip:new@contoso.test;gr=desk>"),
            ("gone", "", "410", None),
            ("redirect", "", "480", None),
            ("gone", "nobody knows", "410", None))):
        ask(stage, number)
        stanza = stage.until(rb"<message [^>]*\bid=['\"]([^'\"]*)")[1].decode()
        stage.send(f"<message from='{RECEIVER}' to='{USER}' id='{stanza}' type='error'><error type='cancel'><{condition} "
                   f"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{address}</{condition}></error></message>")
        first, _ = stage.receive()
        need(first.startswith(f"SIP/2.0 {status} "), f"{condition} {address!r} is {status}: {first}")
        need(contact in first.split("\r\n") if contact else "Contact:" not in first, f"{contact} is told: {first}")
        ask(stage, number)
        need(stage.receive()[0] == first, f"a repeated request gets the same: {first}")
