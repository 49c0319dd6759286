from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    request, peer = stage.receive()
    stage.answer(request, peer, "301 Moved Permanently", "Contact: <sip:a%3Fb@d.test>\r\n")
    error = stage.until(rb"<message [^>]*type=.error.*?</message>")[0].decode()
    need("xmpp:a%3Fb@d.test" in error, f"its question mark stays escaped: {error}")
