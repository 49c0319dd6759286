from stage import PARTNER, POOL, RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    message, ping = stage.message()
    stage.send(f"<iq type='result' from='mallory@{PARTNER}' to='{POOL}' id='{ping}'/>"
               f"<message type='error' from='{RECEIVER}' to='{USER}' id='{message}'><error type='cancel'>"
               "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
               f"<iq type='result' from='{PARTNER}' to='{POOL}' id='{ping}'/>")
    answer, _ = stage.receive()
    need(answer.startswith("SIP/2.0 604 "), f"the error decides, not the pong of a user: {answer}")
