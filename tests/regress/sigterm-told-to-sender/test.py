from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    stage.receive()  # and never answered
    stage.end()
    rest = stage.rest()
    need("id='m1'" in rest.replace('"', "'") and "type='error'" in rest.replace('"', "'"),
         f"the sender is told before the stream ends: {rest}")
    need(stage.process.wait(10) == 0, "the gateway ends well")
