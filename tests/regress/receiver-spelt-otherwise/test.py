import subprocess
import tempfile

from stage import STOX, need

with tempfile.TemporaryDirectory() as folder:
    lab = subprocess.Popen([STOX, "lab", "--write-config", folder], stdout=subprocess.PIPE, text=True)
    while "Ctrl-C" not in (line := lab.stdout.readline()):
        need(line, "the lab runs")
    done = subprocess.run([STOX, "test", "--config", f"{folder}/stox.yaml", "--user", "sip:Pilar@litware.test",
                           "--receiver", "xmpp:adelany@Contoso.test", "-w", "%{proof}"], capture_output=True, text=True)
    lab.terminate()
    lab.wait()
    need(done.stdout == "answered", f"both are known: {done}")
