from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>round</body></message>")
    left, rounds = 70, 0
    while True:  # the pool hands it back to XMPP, as another gateway would
        request, peer = stage.receive()
        stage.answer(request, peer, "202 Accepted")
        fields = dict(line.split(": ", 1) for line in request.split("\r\n\r\n")[0].split("\r\n")[1:])
        need(int(fields["Max-Forwards"]) <= left, f"passes are counted down: {request}")
        left = int(fields["Max-Forwards"]) - 1
        rounds += 1
        stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='r{rounds}'><body>round</body><thread>{fields['Call-ID']}</thread>"
                   f"<headers xmlns='http://jabber.org/protocol/shim'><header name='Max-Forwards'>{left}</header></headers></message>")
        if rounds == 2:
            break
    stage.until(rb"<message [^>]*id=.r2.[^>]*type=.error.|<message [^>]*type=.error.[^>]*id=.r2.")
    stage.until(rb"not-acceptable")
