"""inside.py STOX ROOT DEBS NEWER: the life of the packages in DEBS in the minimal Debian at ROOT: installed, run, replaced by those
in NEWER, removed and purged.  Runs in namespaces of its own (test_debian.py makes them), whose network is loopback alone."""

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[0:0] = [str(TESTS.parent / "regress"), str(TESTS.parent / "interop")]
import peers  # noqa: E402
import stage  # noqa: E402
from prometheus import Prometheus  # noqa: E402
from unit import Unit  # noqa: E402

ROOT = Path(sys.argv[2])
WAIT_S = 20
STATE = re.compile(r"^(proc|sys|dev|run|tmp|var/cache|var/log|var/lib/apt|var/lib/dpkg|var/lib/systemd)(/|$)")
CONFIG, SECRET = ROOT / "etc/stox/stox.yaml", ROOT / "etc/stox/secrets/component"
FIGURES = ROOT / "var/lib/prometheus/node-exporter/stox.prom"
need = stage.need


def ok(what):
    print("ok:", what, flush=True)


def run(*command, status=0, **env):
    done = subprocess.run(["chroot", str(ROOT), *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                               "DEBIAN_FRONTEND": "noninteractive", **env})
    need(status is None or done.returncode == status, f"{' '.join(command)}: {done.returncode}\n{done.stdout}")
    return done.stdout


def files():
    """Of each file its kind, mode and owner."""
    found = {}
    for folder, folders, names in os.walk(ROOT):
        inside = os.path.relpath(folder, ROOT)
        folders[:] = [name for name in folders if not STATE.match(os.path.normpath(f"{inside}/{name}"))]
        for name in folders + names:
            status = os.lstat(f"{folder}/{name}")
            found[os.path.normpath(f"{inside}/{name}")] = (status.st_mode, status.st_uid, status.st_gid)
    return found


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14s", b"lo", 1, b""))  # SIOCSIFFLAGS, IFF_UP


def prepare():
    loopback_up()
    subprocess.run(["mount", "--bind", str(ROOT), str(ROOT)], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", str(ROOT / "proc")], check=True)
    subprocess.run(["mount", "--rbind", "/dev", str(ROOT / "dev")], check=True)
    os.chdir(ROOT)  # of the mount


def install(folder):
    shutil.rmtree(ROOT / "tmp/debs", ignore_errors=True)
    shutil.copytree(folder, ROOT / "tmp/debs")
    return run("sh", "-c", "apt-get install -y -q --no-install-recommends /tmp/debs/stox*.deb")


# ---- what is installed

def check_installed():
    need(not list((ROOT / "etc/systemd/system").glob("**/stox*")), "installing enables nothing")
    need(run("sh", "-c", "cat /proc/[0-9]*/comm").split().count("stox") == 0, "installing starts nothing")
    need((ROOT / "etc/stox/secrets").stat().st_mode & 0o777 == 0o711, "nobody else can list the secrets")
    ok("installed, and nothing is started or enabled")
    version = run("dpkg-query", "-W", "-f", "${Version}", "stox")
    need(run("stox", "--version") == f"stox {version}\n", f"CMakeLists.txt has the version of debian/changelog, {version}")
    need("plugin" in run("/usr/lib/nagios/plugins/check_stox", "--help", status=3), "the plugin is there")
    need("utilisation" in run("stox", "help", LC_ALL="fr_FR.UTF-8"), "the catalogues are found")
    for page in ("man1/stox.1", "man8/stox-gateway.8", "fr/man1/stox.1", "fr/man8/stox-gateway.8",
                 "fr/man5/stox.yaml.5", "fr/man1/Test-CsXmppIM.1"):
        need((ROOT / f"usr/share/man/{page}.gz").exists(), f"the manual page {page}")
    ok("the program, its plugin, its catalogues and manual pages")


def check_units():
    for name in ("stox-gateway.service", "stox-watch.service", "stox-textfile.service"):
        out = run("systemd-analyze", "verify", "--man=no", f"/lib/systemd/system/{name}")
        need("stox" not in out, f"systemd-analyze verify {name}:\n{out}")
        out = run("systemd-analyze", "security", "--no-pager", "--offline=yes", f"/lib/systemd/system/{name}")
        level = float(re.search(r"exposure level for \S+: ([\d.]+)", out)[1])
        need(level <= 2.0, f"systemd-analyze security {name}:\n{out}")
        ok(f"systemd-analyze verify and security: {name}: {level}")
    out = run("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/stox-textfile.timer")
    need("stox" not in out, f"systemd-analyze verify stox-textfile.timer:\n{out}")


# ---- the gateway

def confined(unit, *command, env=None):
    return [sys.executable, "-B", str(TESTS / "confine.py"), str(ROOT), unit.name, *command], {**unit.prepare(), **(env or {})}


def start_gateway(unit):
    command, env = confined(unit, *unit.settings["ExecStart"][0].split(), env={"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "400000"})
    return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


class Service(stage.Stage):
    """The installed gateway under the restrictions of its unit; its server and its pool are where its configuration says."""

    def __init__(self):
        self.unit = Unit(ROOT, "stox-gateway.service")
        self.secret, self.port, self.process = "of the component", 5070, None
        self.server = socket.create_server(("127.0.0.1", 5347))
        self.pool = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.pool.bind(("127.0.0.1", 5060))
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (ROOT / "run/notify").unlink(missing_ok=True)
        self.notify.bind(str(ROOT / "run/notify"))
        (ROOT / "run/notify").chmod(0o666)
        for s in (self.server, self.pool, self.notify):
            s.settimeout(WAIT_S)

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
        for s in (self.server, self.pool, self.notify):
            s.close()
        self.unit.drop_runtime()

    def start(self, *_):
        self.process = start_gateway(self.unit)

    def until_told(self, word):
        while word not in (told := self.notify.recv(4096).decode().splitlines()):
            need(told, f"the service manager is told {word}")


def edit_three_lines():
    text = CONFIG.read_text()
    marked = [line for line in text.splitlines() if re.search(r"# [123]: ", line)]
    need(len(marked) == 3, "three lines of stox.yaml are marked")
    text = text.replace(marked[0], marked[0].replace("litware.test", stage.POOL) + " and ours")
    text = text.replace(marked[1], marked[1].replace("contoso.test", stage.PARTNER) + " and ours")
    text = text.replace(marked[2], marked[2].replace("litware.test", stage.POOL) + " and ours")
    CONFIG.write_text(text)


def check_fresh():
    """As it was installed: no secret, so that it starts nothing, and says what is missing."""
    unit = Unit(ROOT, "stox-gateway.service")
    command, env = confined(unit, *unit.settings["ExecStart"][0].split())
    done = subprocess.run(command, env=env, stderr=subprocess.PIPE, text=True, timeout=WAIT_S)
    need(done.returncode == 2 and "secrets/component: no such file" in done.stderr, f"without a secret: {done.returncode} {done.stderr}")
    ok(f"as installed the gateway does not start: {done.stderr.strip()}")


def check_restrictions():
    """Of the unit, by the shell: each of `tries` fails."""
    unit = Unit(ROOT, "stox-gateway.service")
    tries = ("touch /etc/stox/x", "touch /usr/x", "cat /etc/stox/secrets/component", "unshare -m true", "mknod /tmp/x c 1 1",
             "kill -0 1", "head -c1 /dev/sda")
    script = "".join(f"({each}) >/dev/null 2>&1 && echo 'could: {each}'; " for each in tries)
    command, env = confined(unit, "/bin/sh", "-c", f"{script} touch /tmp/x $STATE_DIRECTORY/x $RUNTIME_DIRECTORY/x && id -un; "
                            "rm $STATE_DIRECTORY/x; grep CapBnd /proc/self/status")
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT_S)
    need(done.stdout == "stox\nCapBnd:\t0000000000000000\n", f"the restrictions: {done.stdout}")
    ok("the restrictions of the unit hold")


def check_control():
    """Root, and a member of the group that stox.yaml names."""
    need("connected" in run("stox", "ctl", "status"), "root sees the state")
    for group, status in ("operator", 0), ("mail", 3):
        run("setpriv", "--reuid=nobody", f"--regid={group}", "--clear-groups", "stox", "ctl", "partners", status=status)


def check_metrics():
    """This machine's Prometheus, from Debian as well, on the loopback of this namespace."""
    carried = 'sum by (direction) (stox_gateway_messages_total{partner="%s",outcome="delivered"}) == 1'
    with tempfile.TemporaryDirectory() as folder, Prometheus(Path(folder), 9090, ["127.0.0.1:9719"]) as prometheus:
        prometheus.wait_for("sees both messages", lambda: len(prometheus.ask(carried % peers.PARTNER)) == 2)
        need(prometheus.ask("stox_gateway_ready == 1"), "and that it is ready")
    ok("Debian's Prometheus scrapes it, and sees the messages")


def check_gateway():
    run("stox", "gateway", "--check")
    run("usermod", "-aG", "operator", "stox")
    CONFIG.write_text(CONFIG.read_text() + "  control: { group: operator }\n")
    with Service() as gateway:
        gateway.up()
        gateway.until_told("READY=1")
        gateway.until_told("WATCHDOG=1")
        check_control()
        run(*shlex.split(gateway.unit.settings["ExecReload"].replace("$MAINPID", str(gateway.process.pid))))
        gateway.until_told("RELOADING=1")
        gateway.until_told("READY=1")
        _, ping = gateway.message()
        gateway.send(f"<iq type='result' id='{ping}' from='{stage.PARTNER}' to='{stage.POOL}'/>")
        need("SIP/2.0 202" in gateway.receive()[0], "a message to XMPP is answered")
        gateway.send(f"<message id='b' from='{stage.RECEIVER}' to='{stage.USER}'><body>and back</body></message>")
        request, peer = gateway.receive()
        need(request.endswith("and back"), f"a message to SIP: {request}")
        gateway.answer(request, peer, "200 OK")
        gateway.end()
        gateway.until_told("STOPPING=1")
        gateway.send("</stream:stream>")
        gateway.stream.close()
        _, told = gateway.process.communicate(timeout=WAIT_S)
        need(gateway.process.returncode == 0, f"the gateway ends: {gateway.process.returncode} {told}")
    ok("three lines edited, the gateway carries messages both ways and is reloaded under its unit's restrictions")


# ---- between real servers

def test_across(bench):
    """stox test of the package, by the accounts of the two servers."""
    secrets = {"pilar": bench.sip_password, "adelany": bench.xmpp_password}
    for name, text in secrets.items():
        (ROOT / "tmp" / name).touch(0o600)
        (ROOT / "tmp" / name).write_text(text + "\n")
    shutil.copyfile(bench.ca, ROOT / "tmp/ca.pem")
    out = run("stox", "test", "--user", f"sip:pilar@{peers.POOL}", "--password-file", "/tmp/pilar", "--registrar",
              "sip:127.0.0.1:5060;transport=udp", "--receiver", f"adelany@{peers.PARTNER}", "--receiver-password-file", "/tmp/adelany",
              "--receiver-server", "127.0.0.1:5222", "--ca-file", "/tmp/ca.pem")
    for name in (*secrets, "ca.pem"):
        (ROOT / "tmp" / name).unlink()
    return out


def check_across():
    """Kamailio and Prosody at the ports that the installed configuration names."""
    unit = Unit(ROOT, "stox-gateway.service")
    with peers.Bench(None) as bench:
        bench.port.update(pool=5060, gateway=5070, component=5347, c2s=5222)
        bench.component_secret = SECRET.read_text().strip()
        bench.kamailio()
        bench.prosody()
        gateway = start_gateway(unit)
        bench.procs.append(("gateway", gateway))
        for line in gateway.stderr:
            if "xmpp up" in line:
                break
        need("Result        : Success" in (out := test_across(bench)), f"stox test across the installed gateway: {out}")
        status = json.loads(run("stox", "ctl", "status", "--format", "json"))
        need((status["counters"]["sip_to_xmpp"], status["counters"]["xmpp_to_sip"]) == (1, 1), f"stox ctl status: {status}")
        check_metrics()
    unit.drop_runtime()
    ok("between Kamailio and Prosody stox test succeeds, and stox ctl status has both messages")


# ---- tests

def check_demo():
    out = run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "stox", "lab", "--test", HOME="/nonexistent")
    need("Result        : Success" in out, out)
    ok("the demo runs from the installed files")


WATCH = """
set -e
d=$(mktemp -d)
stox lab --write-config $d >$d/out & lab=$!
for i in $(seq 200); do ! grep -q Ctrl-C $d/out || break; sleep 0.1; done
echo 'watch: {}' >>$d/stox.yaml
status=0
HOME=$d stox watch --once -c $d/stox.yaml || status=$?
kill $lab
wait $lab || :
rm -r $d
exit $status
"""


def check_watch():
    out = run("sh", "-c", WATCH)
    need(all(re.search(rf"^pool\.litware\.test/contoso\.test/{way} +OK ", out, re.M) for way in ("to", "from")), out)
    linked = run("ldd", "/usr/bin/stox")
    need("sqlite" not in linked and "curl" not in linked, f"stox itself needs neither: {linked}")
    ok("the watcher, a program of its own, tests the lab")


class Watcher:
    """The installed service under the restrictions of its unit; without a systemd it is told where its notifications go."""

    def __init__(self):
        self.unit = Unit(ROOT, "stox-watch.service")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (ROOT / "run/notify").unlink(missing_ok=True)
        self.notify.bind(str(ROOT / "run/notify"))
        (ROOT / "run/notify").chmod(0o666)
        self.notify.settimeout(WAIT_S)
        command, env = confined(self.unit, *self.unit.settings["ExecStart"][0].split(),
                                env={"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "400000"})
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def until_told(self, word):
        while word not in (told := self.notify.recv(4096).decode().splitlines()):
            need(told, f"the service manager is told {word}")

    def until_metric(self, line):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with urllib.request.urlopen("http://127.0.0.1:8080/metrics", timeout=WAIT_S) as answer:
                if re.search(line, text := answer.read().decode(), re.M):
                    return
            time.sleep(0.1)
        need(False, f"{line}: {text}")

    def end(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.until_told("STOPPING=1")
        _, told = self.process.communicate(timeout=WAIT_S)
        need(self.process.returncode == 0 and time.monotonic() - began < 5, f"it ends: {self.process.returncode} {told}")
        self.notify.close()
        self.unit.drop_runtime()
        return told


def check_watch_service():
    """Against a lab: started, reloaded, ended, and started again with what it had kept."""
    kept = CONFIG.read_text()
    lab = subprocess.Popen(["chroot", str(ROOT), "stox", "lab", "--write-config", "/tmp/lab"], stdout=subprocess.PIPE, text=True)
    while "Ctrl-C" not in lab.stdout.readline():
        pass
    text = re.sub(r"(password_file: )", r"\1secrets/", (ROOT / "tmp/lab/stox.yaml").read_text())
    CONFIG.write_text(text + "watch: { defaults: { interval: 1 } }\n")
    for name in ("pilar", "kenmyer", "adelany"):
        shutil.copy(ROOT / "tmp/lab" / name, SECRET.parent)
    shutil.copyfile(ROOT / "tmp/lab/ca.pem", CONFIG.parent / "ca.pem")
    watcher = Watcher()
    watcher.until_told("READY=1")
    watcher.until_told("WATCHDOG=1")
    watcher.until_metric(r'^stox_watch_test_state{.*state="ok"} 1$')
    run(*shlex.split(watcher.unit.settings["ExecReload"].replace("$MAINPID", str(watcher.process.pid))))
    watcher.until_told("RELOADING=1")
    watcher.until_told("READY=1")
    watcher.end()
    history = ROOT / "var/lib/stox-watch/history.db"
    need(history.stat().st_uid == watcher.unit.uid and history.stat().st_mode & 0o777 == 0o600, "the history is its user's alone")
    watcher = Watcher()
    watcher.until_told("READY=1")
    watcher.until_metric(r'^stox_watch_test_state{.*state="ok"} 1$')
    told = watcher.end()
    need("history damaged" not in told, told)
    lab.send_signal(signal.SIGTERM)
    lab.communicate(timeout=WAIT_S)
    (CONFIG.parent / "ca.pem").unlink()
    CONFIG.write_text(kept)
    ok("the watcher's service tests a lab under its unit's restrictions, and is reloaded, ended and started again")


def once(unit):
    """The oneshot service: its command, and those behind it, which run as root without restrictions."""
    commands = [line.lstrip("+").replace("%t", "/run").split() for line in
                unit.settings["ExecStart"] + unit.settings["ExecStartPost"]]
    command, env = confined(unit, *commands[0])
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
    need(str(done.returncode) in ["0", *" ".join(unit.settings["SuccessExitStatus"]).split()], f"{unit.name}: {done}")
    for command in commands[1:]:
        run(*command)
    unit.drop_runtime()
    return FIGURES.read_text()


def check_textfile():
    """The timer's service, against a lab that goes away."""
    kept = CONFIG.read_text()
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    unit = Unit(ROOT, "stox-textfile.service")
    lab = subprocess.Popen(["chroot", str(ROOT), "stox", "lab", "--write-config", "/tmp/lab"], stdout=subprocess.PIPE, text=True)
    while "Ctrl-C" not in lab.stdout.readline():
        pass
    CONFIG.write_text(re.sub(r"(password_file: )", r"\1secrets/", (ROOT / "tmp/lab/stox.yaml").read_text()))
    for name in ("pilar", "kenmyer", "adelany"):
        shutil.copy(ROOT / "tmp/lab" / name, SECRET.parent)
    shutil.copyfile(ROOT / "tmp/lab/ca.pem", CONFIG.parent / "ca.pem")
    need(re.search(r"^probe_success\{.*\} 1$", figures := once(unit), re.M), f"the figures of a test: {figures}")
    lab.send_signal(signal.SIGTERM)
    lab.communicate(timeout=WAIT_S)
    need(re.search(r"^probe_success\{.*\} 0$", figures := once(unit), re.M), f"the figures of a failed test: {figures}")
    need(FIGURES.stat().st_mode & 0o777 == 0o644, "the collector can read the figures")
    need(list(ROOT.glob("var/lib/stox-textfile/stox/traces/*")), "the trace of the failed test is kept")
    (CONFIG.parent / "ca.pem").unlink()
    CONFIG.write_text(kept)
    ok("the service of the textfile collector, with a test that passes and one that fails")


# ---- a container

def page_blocks():
    text = (TESTS.parents[1] / "doc/howto/container.md").read_text()
    return dict(re.findall(r"^`([^`\n]+)`:\n\n```\n(.*?)^```$", text, re.M | re.S))


def as_user(ids, *command, status=0):
    return run("setpriv", f"--reuid={ids}", f"--regid={ids}", "--clear-groups", *command, status=status)


def make_secret(path, owner, group, mode):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text("a secret\n")
    os.chown(path, owner, group)
    path.chmod(mode)


def check_first_process(ids):
    """What is the first process of a container has no other handler of signals than its own."""
    process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "chroot", str(ROOT), "setpriv", f"--reuid={ids}",
                                f"--regid={ids}", "--clear-groups", "stox", "gateway", "--config", "/config/stox.yaml"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    told = ""
    while "sip listening" not in told:
        told += (line := process.stderr.readline())
        need(line, f"the first process listens: {told}")
    child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGTERM)
    _, told = process.communicate(timeout=WAIT_S)
    need(process.returncode == 0 and "gateway stopped" in told, f"it ends in order: {process.returncode} {told}")


def check_container(debs):
    """The page's Dockerfile but for FROM, which this Debian stands for; then its volumes, with their owners and modes."""
    blocks = page_blocks()
    lines = dict(line.split(" ", 1) for line in blocks["Dockerfile"].splitlines())
    need(set(lines) == {"FROM", "COPY", "RUN", "USER", "ENTRYPOINT", "CMD"}, f"the Dockerfile: {list(lines)}")
    for deb in Path(debs).glob("stox_*.deb"):
        shutil.copy(deb, ROOT / "tmp")
    run("sh", "-c", lines["RUN"].replace("ca-certificates ", ""))  # there is no network here
    ids = lines["USER"].split(":")[0]
    config, secret = ROOT / "config/stox.yaml", ROOT / "secrets/component"
    config.parent.mkdir()
    config.write_text(blocks["config/stox.yaml"])
    check = [*json.loads(lines["ENTRYPOINT"]), *json.loads(lines["CMD"]), "--check"]
    make_secret(secret, int(ids), int(ids), 0o400)
    as_user(ids, *check)
    ok("the image of the how-to, with a file of its user")
    group = int(re.search(r"fsGroup: (\d+)", blocks["deployment.yaml"])[1])
    mode = int(re.search(r"defaultMode: (\d+)", blocks["deployment.yaml"])[1], 8)
    # A volume holds links into a folder that is replaced as a whole.
    make_secret(secret.parent / "..2026/component", 0, group, mode)
    secret.unlink()
    secret.symlink_to("..2026/component")
    as_user(ids, *check)
    make_secret(secret.parent / "..2026/component", 0, group, 0o444)
    told = as_user(ids, *check, status=2)
    need("others can read this secret (mode 444)" in told, f"a mode that is too wide: {told}")
    ok("the volumes of Kubernetes, and one whose mode is too wide")
    make_secret(secret.parent / "..2026/component", 0, group, mode)
    check_first_process(ids)
    ok("as the first process it ends in order")


# ---- the end

def check_purged(before):
    run("apt-get", "remove", "-y", "-q", "stox", "stox-gateway", "stox-watch")
    need(CONFIG.exists() and SECRET.exists() and not (ROOT / "usr/bin/stox").exists(), "removed, the configuration stays")
    need(not FIGURES.exists(), "removed, no figures of a test that is not made any more")
    run("apt-get", "purge", "-y", "-q", "stox", "stox-gateway", "stox-watch")
    shutil.rmtree(FIGURES.parents[1])
    after = files()
    differ = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    need(not differ, f"purged, this differs: {differ}")
    need(not re.search("^stox", run("sh", "-c", "cd /var/lib/dpkg/info && ls")), "dpkg has forgotten it")
    ok("removed, the configuration stays; purged, nothing does")


def main(debs, newer):
    prepare()
    before = files()
    install(debs)
    check_installed()
    check_units()
    check_fresh()
    edit_three_lines()
    SECRET.write_text("of the component\n")
    SECRET.chmod(0o600)
    check_restrictions()
    check_gateway()
    check_across()
    check_demo()
    check_watch()
    check_watch_service()
    check_textfile()
    text = CONFIG.read_text()
    install(newer)
    need(CONFIG.read_text() == text, "an upgrade keeps what was edited")
    need(run("dpkg-query", "-W", "-f", "${Version}", "stox-gateway").endswith("+1"), "the newer version is installed")
    ok("upgraded, the edited configuration is kept")
    check_watch_service()  # with the history of before
    check_purged(before)
    check_container(debs)


main(*sys.argv[3:])
