import time

from stage import PARTNER, POOL, RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    for status in (202, 603):
        message, ping = stage.message()
        stage.send(f"<iq type='result' from='{PARTNER}' to='{POOL}' id='{ping}'/>")
        if status == 603:
            time.sleep(0.003)
            stage.send(f"<message type='error' from='{RECEIVER}/desk' to='{USER}' id='{message}'><error type='cancel'>"
                       "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        answer, _ = stage.receive()
        need(answer.startswith(f"SIP/2.0 {status} "), f"{status}: {answer}")
