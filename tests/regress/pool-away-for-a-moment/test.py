import socket
import time
from stage import RECEIVER, USER, Stage, need

with Stage() as stage:
    stage.up()
    where = stage.pool.getsockname()
    stage.pool.close()
    stage.send(f"<message from='{RECEIVER}/pc' to='{USER}' id='m1'><body>hello</body></message>")
    time.sleep(0.3)
    stage.pool = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stage.pool.bind(where)
    stage.pool.settimeout(5)
    request, peer = stage.receive()
    stage.answer(request, peer, "200 OK")
    stage.send(f"<iq from='{RECEIVER}' to='litware.test' id='i1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
    stage.until(rb"<iq [^>]*i1")
    need(b"error" not in stage.buf, f"nothing was refused: {stage.buf}")
