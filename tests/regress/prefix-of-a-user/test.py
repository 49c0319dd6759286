from stage import RECEIVER, USER, Stage, need

XML = "http://www.w3.org/XML/1998/namespace"
PAYLOADS = (
    f"<x xmlns:ns1='{XML}' ns1:foo='a' xmlns='u'/>",
    "<xml:x/>",
    f"<x xmlns='{XML}'><y/></x>",
    "<x xmlns='u' q:a='1'/>",
    "<q:x>lost<body>never</body></q:x>",
    "<x xmlns='u' xmlns:p='v' xmlns:q='v' p:a='1' q:a='2'/>",
    "<x xmlns='u' xmlns:p='' p:a='1'/>",
    "<x xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<x xmlns:xml='u' xmlns:xmlns='v'><xmlns:y/></x>",
    "<a:b:c/><x :a='' b:=''/>",
)

with Stage() as stage:
    stage.up()
    for i, payload in enumerate(PAYLOADS):
        stage.send(f"<q:message from='{RECEIVER}/pc' to='{USER}' q:id='0'>{payload}</q:message>")
        stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' q:a='1' type='chat'>{payload}<body>hello {i}</body></message>")
        request, peer = stage.receive()
        need(request.endswith(f"\r\n\r\nhello {i}"), f"{payload}: {request}")
        stage.answer(request, peer, "200 OK")
