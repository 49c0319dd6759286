from stage import RECEIVER, USER, Stage, need

with Stage(listen="tcp", transport="udp") as stage:
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    request, peer = stage.receive()
    need(request.startswith(f"MESSAGE sip:{USER} SIP/2.0") and request.endswith("hello"), f"it reaches the pool: {request}")
    need(f"{peer[0]}:{peer[1]}" in request.split("\r\n")[1], f"Via has the port that it left from, {peer}: {request}")
    stage.answer(request, peer, "200 OK")
