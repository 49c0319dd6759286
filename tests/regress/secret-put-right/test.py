from stage import Stage, need

with Stage() as stage:
    stage.write_secret("wrong")
    stage.start()
    need(not stage.accept(), "the wrong secret is tried")
    stage.write_secret(stage.secret)
    stage.send("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
    stage.stream.close()
    need(stage.accept(), "the right one is proved without a restart")
