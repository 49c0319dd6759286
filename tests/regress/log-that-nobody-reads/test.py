import fcntl
import os
import subprocess
from stage import RECEIVER, STOX, Stage, need

F_SETPIPE_SZ = 1031


class Unread(Stage):
    """Its standard error is a pipe that is full, or has no reader."""

    def start(self, *args):
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
        os.write(writer, b"x" * 4096)
        self.process = subprocess.Popen([STOX, "gateway", "--config", self.config, *args], stderr=writer)
        os.close(writer)


for leaves in (False, True):
    with Unread() as stage:
        stage.start()
        if leaves:
            os.close(stage.reader)
        for _ in range(2):  # the second time behind lines about a stream that broke
            need(stage.accept(), "the gateway proves its secret")
            stage.send(f"<handshake/><iq from='{RECEIVER}' to='litware.test' id='i1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
            stage.until(rb"<iq [^>]*i1")
            _, ping = stage.message()
            stage.send(f"<iq type='result' id='{ping}' from='contoso.test' to='litware.test'/>")
            answer, _ = stage.receive()
            need(answer.startswith("SIP/2.0 202 "), f"it is carried, reader left: {leaves}: {answer}")
            stage.stream.close()
        stage.end()
        need(stage.process.wait(10) == 0, "the gateway ends well")
