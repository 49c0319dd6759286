from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    for i in range(70):
        stage.send(f"<message from='eve@contoso.test/x' to='{USER}' id='e{i}'><body>hello</body></message>")
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='a1'><body>hello</body></message>")
    stage.send(f"<iq from='{RECEIVER}' to='litware.test' id='i1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
    told = stage.until(rb"(.*)<iq [^>]*i1")[1].decode().replace('"', "'")
    need(told.count("type='error'") == 70 - 16, f"so many of one sender wait: {told}")
    need("id='a1'" not in told, f"another one waits too: {told}")
