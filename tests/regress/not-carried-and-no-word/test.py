from stage import RECEIVER, USER, Stage, need

REFUSED = {
    "OMEMO": "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>AA</payload></encrypted>",
    "a call": "<propose xmlns='urn:xmpp:jingle-message:0' id='x'/>",
    "an invitation": "<x xmlns='jabber:x:conference' jid='room@muc.contoso.test'/>",
    "a file": "<file-sharing xmlns='urn:xmpp:sfs:0'/>",
    "a reaction": "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions>",
    "what nobody knows": "<x xmlns='urn:x'/>",
}

with Stage() as stage:
    stage.up()
    for number, (name, inner) in enumerate(REFUSED.items()):
        stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m{number}' type='chat'>{inner}</message>")
        stanza = stage.until(rb"<message .*?</message>")[0].decode()
        need(f"id='m{number}'" in stanza and "<feature-not-implemented " in stanza, f"{name} is refused: {stanza}")
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' type='chat'><composing "
               "xmlns='http://jabber.org/protocol/chatstates'/></message>")
    stage.send(f"<presence from='{RECEIVER}' to='{USER}' type='subscribe' id='p1'/>")
    stanza = stage.until(rb"<(presence|message)[^>]*>")[0].decode()
    need("type='unsubscribed'" in stanza and f"from='{USER}'" in stanza, f"the ask is declined, and nothing before it: {stanza}")
    url = "<url>https://up.contoso.test/a.jpg</url>"
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' type='chat'><x xmlns='jabber:x:oob'>{url}</x></message>")
    request, peer = stage.receive()
    need(request.endswith("\r\n\r\nhttps://up.contoso.test/a.jpg"), f"a link is its address: {request}")
    stage.answer(request, peer, "200 OK")
