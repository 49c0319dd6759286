from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'>{'<a>' * 100}{'</a>' * 100}</message>")
    error = stage.until(rb"<message .*?</message>")[0].decode()
    need("type='error'" in error and "<policy-violation " in error, f"the sender is told: {error}")
    for i in range(400):  # 20 MB of names, were they kept
        names = "".join(f"<n{i}-{k}-{'x' * 400}/>" for k in range(100))
        stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' type='chat'>{names}</message>")
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m2'><body>hello</body></message>")
    request, peer = stage.receive()
    need(request.endswith("hello"), f"the stream goes on: {request}")
    stage.answer(request, peer, "200 OK")
