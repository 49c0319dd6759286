from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.config.write_text(stage.config.read_text().replace("trusted_peers: [127.0.0.1]", "trusted_peers: [127.0.0.2]"))
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    request, peer = stage.receive()
    stage.answer(request, peer, "404 Not Found")
    error = stage.until(rb"<message .*?</message>")[0].decode()
    need("<item-not-found " in error, f"the answer counts: {error}")
