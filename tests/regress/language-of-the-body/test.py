from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    stage.send(f"<message xml:lang='en' from='{RECEIVER}/pc' to='{USER}' id='m1'><body xml:lang='fr'>bonjour</body></message>")
    request, peer = stage.receive()
    need("\r\nContent-Language: fr\r\n" in request, f"the language of the text: {request}")
    stage.answer(request, peer, "200 OK")
