"""stox lab with one of its faults."""

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import STOX, Target

# What names the cause in a tool's words, the same for every tool; None: there is none.
FAULTS = {
    "": None,
    "tcp-refused": r"refused",
    "tcp-filtered": r"tim(e|ed).?out|filtered|not? answer",
    "tcp-half-open": r"tim(e|ed).?out|deadline|not? answer",
    "expired-certificate": r"expired",
    "wrong-name-certificate": r"name|not valid for|certificate is valid for",
    "plain-on-tls-port": r"(not|n't).*tls|plain|wrong version number",
    "wrong-password": r"password|credential|401|unauthori[sz]ed",
    "sip-silence": r"sip.*no answer|no answer.*sip|register",
    "gateway-down": r"gateway",
    "partner-not-allowed": r"partner|1005",
    "gateway-drops": r"did not arrive|lost|not delivered",
    "gateway-alters": r"altered",
    "xmpp-host-unknown": r"host-unknown|does not serve",
    "tls-not-offered": r"starttls",
    "partner-unknown-user": r"receiver|service-unavailable|sent.*back",
}


class Lab:
    def __init__(self, fault):
        self.folder = Path(tempfile.mkdtemp(prefix="stox-side-"))
        args = [STOX, "lab", "--write-config", str(self.folder / "lab")]
        self.proc = subprocess.Popen(args + (["--fault", fault] if fault else []), stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
        self.table = ""
        while "Ctrl-C" not in self.table:
            line = self.proc.stdout.readline()
            if not line:
                sys.exit(f"the lab with {fault} ended: {self.table}")
            self.table += line

    def __enter__(self):
        return self

    def __exit__(self, *_why):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(10)
        subprocess.run(["rm", "-rf", self.folder])

    def port(self, what):
        return int(re.search(rf"127\.0\.0\.\d+:(\d+) .*{what}", self.table)[1])

    def target(self):
        config = (self.folder / "lab/stox.yaml").read_text()
        registrar = re.search(r"registrar: .*?sips?:([\d.]+):(\d+)", config)  # a dead end has an address of its own
        host, tls = (registrar[1], int(registrar[2])) if registrar else ("127.0.0.1", self.port("SIP over TLS"))
        command = re.search(r"^  stox (test .*)$", self.table, re.M)[1].split()
        return Target(self.folder, self.folder / "lab/ca.pem", tls, self.port("SIP over TCP"), self.port("XMPP clients"), command,
                      tls_host=host)
