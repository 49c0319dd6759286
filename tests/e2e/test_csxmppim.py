"""Test-CsXmppIM: the command lines of its page in Lync Server run as they stand, but for the names of the lab."""

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from labs import STOX, Lab

POOL, RECEIVER, USER = "pool.litware.test", "adelany@contoso.test", "sip:pilar@litware.test"
FIVE = ["Target Fqdn", "Result", "Latency", "Error Message", "Diagnosis"]
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


class Shell(Lab):
    """A lab, and a shell whose PATH has the program by the ancestor's name."""

    def __init__(self, folder):
        super().__init__(folder / "lab")
        self.folder = folder
        (folder / "Test-CsXmppIM").symlink_to(STOX)
        self.env = {**os.environ, "STOX_CONFIG": self.config, "PATH": f"{folder}:{os.environ['PATH']}"}

    def run(self, line, **more):
        """As a shell has it: the line of the page, with quotes and backslashes."""
        done = subprocess.run(["sh", "-c", line], cwd=self.folder, env={**self.env, **more},
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def run_with_password(self, line, password):
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("sh", ["sh", "-c", line], self.env)
        said = b""
        try:
            while data := os.read(fd, 4096):
                said += data
                if b"Password: " in data:
                    os.write(fd, password.encode() + b"\n")
        except OSError:
            pass  # the terminal is gone with the program
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode().replace("\r", "")


def labels(text):
    return [line.split(":")[0].rstrip() for line in text.splitlines()][:5]


def lines_of_the_page(lab):
    status, out, err = lab.run(f'Test-CsXmppIM -TargetFqdn "{POOL}" -Receiver "{RECEIVER}"')
    check("the first line of the page: five lines", status == 0 and labels(out) == FIVE and "Success" in out, (status, out, err))
    secret = re.search(r"password_file: (\S+)", Path(lab.env["STOX_CONFIG"]).read_text())[1].rstrip(",}")
    password = (lab.folder / "lab" / secret).read_text().strip()
    line = f'Test-CsXmppIM -TargetFqdn {POOL} -Receiver "{RECEIVER}" -UserSipAddress "{USER}" -UserCredential "litware\\pilar"'
    status, said = lab.run_with_password(line, password)
    check("the second, with the name where the credential was", status == 0 and "Success" in said and password not in said, (status, said))
    status, said = lab.run_with_password(line, "wrong")
    check("with another password", status == 1 and "sip_bad_credentials" in said, (status, said))
    status, _, err = lab.run(f"Test-CsXmppIM -Receiver {RECEIVER} -UserCredential '$credential'")
    check("a variable is named as what it cannot be", status == 2 and "-UserCredential takes the name itself" in err, err)
    status, out, _ = lab.run(f"Test-CsXmppIM {POOL} -Receiver {RECEIVER}", LC_ALL="fr_FR.UTF-8")
    check("in French where the locale is", status == 0 and "Réussite" in out, out)


def as_powershell_finds_them(lab):
    for words in (f"-t {POOL} -rec {RECEIVER}", f"-TARGETFQDN:{POOL} -receiver:{RECEIVER} -ua {USER}", f"{POOL} -Receiver {RECEIVER} -rp {lab.port('pool, SIP over TLS')}",
                  f"–TargetFqdn {POOL} –Receiver {RECEIVER}", f"-Receiver {RECEIVER} -Verbose"):
        status, out, err = lab.run(f"Test-CsXmppIM {words}")
        check(words, status == 0 and labels(out) == FIVE, (status, out, err))
    for name in ("TestOutput", "./AnotherOutput"):
        status, _, err = lab.run(f"Test-CsXmppIM {POOL} -Receiver {RECEIVER} -OutLoggerVariable {name}")
        page = lab.folder / f"{name}.html"
        check(f"the log {name} is a page", status == 0 and page.exists() and "<html" in page.read_text(), err)
    for words, told in (("-Out x", "more than one parameter"), ("-Nothing x", "there is no parameter -Nothing"), ("-Receiver", "needs a value"),
                        (f"{POOL} -:x", "there is no parameter -"),
                        (f"{POOL} again -Receiver x", "`again` belongs to no parameter"), (POOL, "-Receiver is missing"),
                        (f"{POOL} -Receiver {RECEIVER} -rp x", "is a number up to 65535")):
        status, _, err = lab.run(f"Test-CsXmppIM {words}")
        check(f"{words}: refused", status == 2 and told in err and err.startswith("Test-CsXmppIM: "), (status, err))
    status, out, err = lab.run(f"Test-CsXmppIM {POOL} -Receiver {RECEIVER} -Authentication Negotiate -Force")
    check("what has no meaning is named, and the test is run", status == 0 and "Success" in out and "-Authentication has no meaning here: " in err
          and "-Force has no meaning here: " in err, (status, out, err))


with tempfile.TemporaryDirectory() as name, Shell(Path(name)) as lab:
    lines_of_the_page(lab)
    as_powershell_finds_them(lab)
sys.exit(failed > 0)
