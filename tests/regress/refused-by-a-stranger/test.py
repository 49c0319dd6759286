from stage import PARTNER, POOL, RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    message, ping = stage.message()
    stage.send(f"<message type='error' from='eve@{PARTNER}' to='{USER}' id='{message}'><error type='cancel'>"
               "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
               f"<iq type='result' from='{PARTNER}' to='{POOL}' id='{ping}'/>")
    answer, _ = stage.receive()
    need(answer.startswith("SIP/2.0 202 "), f"eve cannot refuse what is for {RECEIVER}: {answer}")
