from stage import PARTNER, POOL, RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.config.write_text(stage.config.read_text().replace("type: federated", "type: public-unverified"))
    stage.up()
    message = f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>"
    stage.send(message)
    error = stage.until(rb"<message .*?</message>")[0].decode()
    need("type='error'" in error and "<policy-violation " in error, f"a stranger is refused: {error}")
    _, ping = stage.message()
    stage.send(f"<iq type='result' from='{PARTNER}' to='{POOL}' id='{ping}'/>")
    stage.receive()
    stage.send(message)
    request, peer = stage.receive()
    need(request.startswith("MESSAGE "), f"whom our user wrote to may answer: {request}")
    stage.answer(request, peer, "200 OK")
