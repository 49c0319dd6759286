from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    request, peer = stage.receive()
    stage.answer(request, peer, "301 Moved Permanently", "Contact: <sip:new:hidden@elsewhere.test>\r\n")
    error = stage.until(rb"<message [^>]*type=.error.*?</message>")[0].decode()
    need("hidden" not in error, f"the password is not told: {error}")
