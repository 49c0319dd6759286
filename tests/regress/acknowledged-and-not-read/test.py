from stage import POOL, Stage, attribute, need

with Stage() as stage:
    stage.up()
    stage.message()
    asked = stage.until(rb"<iq [^>]*>")[0].decode()
    need(attribute(asked, "to") == POOL, f"whether the server reads is asked: {asked}")
    answer, _ = stage.receive()  # it does not
    need(answer.startswith("SIP/2.0 504 ") and "Reason: SIP;cause=503;" in answer, f"the sender keeps the message: {answer}")
    need(stage.accept(), "the connection is made anew")
    stage.send("<handshake/>")
    while "xmpp up" not in (line := stage.process.stderr.readline()):
        need(line, "the stream is up again")
    stage.message()
    asked = stage.until(rb"<iq [^>]*>")[0].decode()
    stage.send(asked + "<ping xmlns='urn:xmpp:ping'/></iq>")  # as a server does with what is for the component
    answer, _ = stage.receive()
    need(answer.startswith("SIP/2.0 202 "), f"what was read is acknowledged: {answer}")
