"""Real peers on loopback, each on free ports, in a folder of its own, ended by its own process id."""

import base64
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
POOL, PARTNER = "litware.test", "contoso.test"
WAIT_S = 120   # for a server's start, on a machine that is busy
ANSWER_S = 40
PATIENCE = ("--timeout", "60")  # where a success is awaited, whatever the machine does meanwhile
# In memory: a server that logs to a busy disk can stand still for seconds.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
ALL_S = 275  # ctest kills at 300, and what a killed test has started stays


PORTS = itertools.count(os.getpid() * 500)  # two tests side by side, and two names in one, look at other ports


def free_port():
    """A port that is free for UDP and TCP, below those from which the kernel gives to connections: one of
    these could be taken between this look and the server's start."""
    while True:
        port = 10000 + next(PORTS) % 22000
        with socket.socket() as t, socket.socket(type=socket.SOCK_DGRAM) as u:
            try:
                t.bind(("127.0.0.1", port))
                u.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Failure(Exception):
    pass


def short(result):
    """Of a result in JSON what tells why it is none: the output of a failed test is cut where it is long."""
    bad = [p for p in result.get("phases", []) if p["outcome"] not in ("ok", "skipped")]
    return json.dumps({**{k: result.get(k) for k in ("result", "proof", "error", "diagnosis", "warnings")}, "phases": bad})


class Bench:
    """The folder, the processes and the secrets of one test."""

    days = 2  # that its certificates last: both sides give a warning

    def __init__(self, stox):
        self.stox = stox
        self.dir = Path(tempfile.mkdtemp(prefix="stox-interop-", dir=SCRATCH))
        self.dir.chmod(0o755)
        self.procs = []
        self.edits = {}  # of all templates: text -> what stands in its place
        self.sip_password, self.xmpp_password = secrets.token_hex(8), secrets.token_hex(8)
        self.component_secret = secrets.token_hex(8)
        self.port = {name: free_port() for name in
                     ("pool", "pool_tls", "gateway", "c2s", "component", "next_hop")}
        self.certificate()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print(f"FAILED: {value}")
            for name, status in [(name, proc.poll()) for name, proc in self.procs if proc.poll() is not None]:
                print(f"{name} has ended: {status}")
        for name, proc in reversed(self.procs):
            if proc.poll() is None:
                proc.send_signal(signal.SIGTERM)
        for name, proc in reversed(self.procs):
            try:
                proc.wait(10)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
        if kind:
            for log in sorted(self.dir.glob("*.log")):
                print(f"---- {log.name}\n{log.read_text(errors='replace')[-2000:]}")
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, text, mode=0o644):
        path = self.dir / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def start(self, name, args, env=None, cwd=None):
        log = open(self.dir / f"{name}.log", "wb")
        proc = subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL, stdout=log,
                                stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
                                cwd=cwd or self.dir)
        self.procs.append((name, proc))
        return proc

    def wait_for(self, name, is_true, failure):
        """For what the process `name` is about to do, as long as it lives."""
        proc = next((p for n, p in reversed(self.procs) if n == name), None)
        end = time.monotonic() + WAIT_S
        while True:
            status = proc.poll() if proc else None  # first this: its last words count
            if is_true():
                return
            if status is not None or time.monotonic() > end:
                raise Failure(f"{name} {failure}" + (f" in {WAIT_S} s" if status is None else f": it ended with {status}"))
            time.sleep(0.05)

    def await_tcp(self, port, name):
        def listens():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                return False

        self.wait_for(name, listens, f"does not listen on {port}")

    def await_udp(self, port, name):
        self.wait_for(name, lambda: f":{port:04X} " in Path("/proc/net/udp").read_text(), f"does not listen on {port}")

    def await_log(self, name, text):
        log = self.dir / f"{name}.log"
        self.wait_for(name, lambda: text in log.read_text(errors="replace"), f"never said {text!r}")

    def certificate(self):
        for name in (PARTNER, "pool." + POOL):
            self.issue(name, name, self.days)

    def issue(self, name, told, days):
        """The certificate of the server `name`, for the name `told`; with days below 0 it has ended."""
        key, crt = self.dir / f"{name}.key", self.dir / f"{name}.crt"
        request = subprocess.run(
            ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
             f"/CN={told}", "-addext", f"subjectAltName=DNS:{told}"], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-copy_extensions", "copy", "-signkey", key, "-days", str(days), "-out", crt],
                       input=request.stdout, check=True, capture_output=True)
        key.chmod(0o644)  # a test's own, read by servers of other users
        self.ca = self.write("ca.pem", "".join(path.read_text() for path in sorted(self.dir.glob("*.crt"))))

    # ---- servers

    def fill(self, template, **more):
        text = (HERE / template).read_text()
        for key, value in {**more, "DIR": self.dir, "SIP_PASSWORD": self.sip_password,
                           "XMPP_PASSWORD": self.xmpp_password,
                           "SECRET": self.component_secret,
                           **{k.upper(): v for k, v in self.port.items()}}.items():
            text = text.replace(f"@{key}@", str(value))
        for old, new in self.edits.items():
            text = text.replace(old, new)
        return text

    def stop(self, name):
        proc = next(p for n, p in reversed(self.procs) if n == name)
        self.procs.remove((name, proc))
        proc.send_signal(signal.SIGTERM)
        try:
            proc.wait(10)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait()

    def kamailio(self, config="pool.cfg", env=None, name="kamailio", port="pool", defines=()):
        path = self.write(f"{name}.cfg", self.fill(config))
        args = ["kamailio", "-DD", "-E", "-f", path, "-Y", self.dir, "-P", self.dir / f"{name}.pid",
                "-m", "256", "-M", "8"]
        self.start(name, args + [f"-A{d}" for d in defines], env)
        self.await_tcp(self.port[port], name)

    def own_gateway(self):
        """Kamailio's, with what keeps it from crashing."""
        shim = self.dir / "expat_nullfix.so"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", shim, HERE / "expat_nullfix.c", "-ldl"], check=True)
        self.kamailio("gateway.cfg", {"LD_PRELOAD": str(shim)}, "own-gateway", "gateway")

    def lose_key(self):
        """Prosody is to find none for its certificate."""
        self.edits[f"{self.dir}/{PARTNER}.key"] = f"{self.dir}/renewed.key"
        self.edits[f'certificates = "{self.dir}"'] = f'certificates = "{self.dir}/data"'

    def prosody(self, s2s=None):
        """With `s2s`, a port, it speaks to servers there, and takes direct TLS of clients at c2s_tls."""
        (self.dir / "data").mkdir()
        text = self.fill("prosody.cfg.lua")
        if s2s:
            text = text.replace('modules_disabled = { "s2s" }', f's2s_ports = {{ {s2s} }}\ns2s_require_encryption = true')
            text = text.replace("c2s_direct_tls_ports = { }", f"c2s_direct_tls_ports = {{ {self.port['c2s_tls']} }}")
            text = text.replace('modules_enabled = {', 'modules_enabled = { "s2s"; "dialback";')
        path = self.write("prosody.cfg.lua", text)
        subprocess.run(["prosodyctl", "--config", path, "register", "adelany", PARTNER,
                        self.xmpp_password], check=True, capture_output=True)
        self.start_prosody()

    def start_prosody(self):
        path = self.dir / "prosody.cfg.lua"
        self.start("prosody", ["prosody", "-F", "--config", path], {"PROSODY_CONFIG": str(path)})
        self.await_tcp(self.port["c2s"], "prosody")
        self.await_tcp(self.port["component"], "prosody")

    def erlang_libs(self):
        """Only those: in the folder where they are Erlang would look into every other one too."""
        libs = self.dir / "erlang"
        libs.mkdir(exist_ok=True)
        for ebin in next(Path("/usr/lib").glob("*/ejabberd-*/ebin")).parent.parent.glob("*/ebin"):
            if not (libs / ebin.parent.name).exists():
                (libs / ebin.parent.name).symlink_to(ebin.parent)
        return str(libs)

    def start_ejabberd(self, name, config, user, domain, password, then=""):
        """Without a node name there is no epmd to start or to end.  Its schedulers sleep when they have nothing to do: while they
        turn they take what the others here need."""
        spool = self.dir / f"{name}-spool"
        spool.mkdir()
        ready = (f"application:ensure_all_started(ejabberd), ejabberd_auth:try_register(<<\"{user}\">>, <<\"{domain}\">>, "
                 f"<<\"{password}\">>), {then}io:format(\"registered~n\").")
        self.start(name, ["erl", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "-noinput",
                          "-mnesia", "dir", f'"{spool}"', "-s", "ejabberd", "-eval", ready],
                   {"ERL_LIBS": self.erlang_libs(), "EJABBERD_CONFIG_PATH": str(config), "HOME": str(self.dir),
                    "EJABBERD_LOG_PATH": str(self.dir / f"{name}-own.log")}, spool)
        self.await_log(name, "registered")

    def ejabberd(self, s2s=None):
        text = self.fill("ejabberd.yml")
        if s2s:
            text = text.replace("modules:\n", f'  - {{ port: {s2s}, ip: "127.0.0.1", module: ejabberd_s2s_in }}\n'
                                "s2s_use_starttls: required\nmodules:\n  mod_s2s_dialback: {}\n")
        path = self.write("ejabberd.yml", text)
        self.start_ejabberd("ejabberd", path, "adelany", PARTNER, self.xmpp_password)
        self.await_tcp(self.port["c2s"], "ejabberd")
        self.await_tcp(self.port["component"], "ejabberd")

    def jabberd2(self):
        """Its router takes the component; session manager and client side are processes of their own."""
        modules = next(Path("/usr/lib").glob("*/jabberd2"))
        (self.dir / "spool").mkdir()
        users = sqlite3.connect(self.dir / "users.db")
        users.execute("CREATE TABLE authreg (username TEXT, realm TEXT, password TEXT)")
        users.execute("INSERT INTO authreg VALUES ('adelany', ?, ?)", (PARTNER, self.xmpp_password))
        users.commit()
        users.close()
        self.write(f"{PARTNER}.pem", (self.dir / f"{PARTNER}.crt").read_text() + (self.dir / f"{PARTNER}.key").read_text())
        more = {"MODULES": modules, "ROUTER_SECRET": secrets.token_hex(8)}
        self.write("router-users.xml", self.fill("jabberd2-users.xml", **more), 0o600)
        for part, ready in (("router", "listening"), ("sm", "ready"), ("c2s", "listening")):
            path = self.write(f"{part}.xml", self.fill(f"jabberd2-{part}.xml", **more), 0o600)
            self.start(part, [f"/usr/sbin/jabberd2-{part}", "-c", path])
            self.await_log(part, ready)

    def ejabberd_sip(self, nameserver):
        """ejabberd's mod_sip as the pool: registrar and proxy, which goes by the DNS at HOST:PORT alone."""
        path = self.write("ejabberd-sip.yml", self.fill("ejabberd-sip.yml"))
        host, port = nameserver.rsplit(":", 1)
        server = f"{{{host.replace('.', ',')}}},{port}"
        dns = ("inet_db:set_resolv_conf(\"\"), [inet_db:del_ns(I,P) || {I,P} <- inet_db:res_option(nameservers)], "
               f"inet_db:add_ns({server}), ")
        self.start_ejabberd("ejabberd-sip", path, "pilar", POOL, self.sip_password, dns)
        self.await_udp(self.port["pool"], "ejabberd-sip")
        self.await_tcp(self.port["pool"], "ejabberd-sip")

    # ---- stox

    def config(self, registrar="udp", hop="udp"):
        for name, secret in (("pilar", self.sip_password), ("adelany", self.xmpp_password),
                             ("component", self.component_secret)):
            self.write(name, secret + "\n", 0o600)
        port = self.port["pool_tls" if registrar == "tls" else "pool"]
        return self.write("stox.yaml", f"""\
pools:
  - fqdn: pool.{POOL}
    domains: [{POOL}]
    registrar: sip:127.0.0.1:{port};transport={registrar}
    ca_file: ca.pem
    test_users:
      - {{ address: "sip:pilar@{POOL}", password_file: pilar }}
partners:
  - domain: {PARTNER}
    type: federated
    ca_file: ca.pem
    receiver: {{ address: adelany@{PARTNER}, server: "127.0.0.1:{self.port['c2s']}", password_file: adelany }}
gateway:
  sip:
    listen: ["udp:127.0.0.1:{self.port['gateway']}", "tcp:127.0.0.1:{self.port['gateway']}"]
    next_hop: sip:127.0.0.1:{self.port['pool']};transport={hop}
    trusted_peers: [127.0.0.1]
  xmpp:
    component: {{ name: {POOL}, server: "127.0.0.1:{self.port['component']}", secret_file: component }}
""")

    def gateway(self, config=None, says="xmpp up"):
        proc = self.start("gateway", [self.stox, "gateway", "--config", config or self.dir / "stox.yaml"])
        self.await_log("gateway", says)
        return proc

    def test(self, *args):
        """`stox test` with JSON: the exit status and the object."""
        done = subprocess.run([self.stox, "test", "--config", self.dir / "stox.yaml", "--format", "json",
                               *args], capture_output=True, text=True, timeout=120)
        if not done.stdout:
            raise Failure(f"stox test printed nothing: {done.stderr}")
        return done.returncode, json.loads(done.stdout)

    def expect_answered(self, what):
        code, result = self.test(*PATIENCE)
        if (code, result["result"], result["proof"]) != (0, "Success", "answered"):
            raise Failure(f"{what}: {code} {short(result)}")
        print(f"ok: {what}: answered in {result['latency_seconds'] * 1000:.1f} ms")


class XmppClient:
    """A client of a few lines: STARTTLS, PLAIN, bind, presence, messages."""

    def __init__(self, port, user, password, ca):
        self.buf = b""
        self.sock = socket.create_connection(("127.0.0.1", port), ANSWER_S)
        self.open()
        self.until(b"</stream:features>")
        self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        self.until(b"<proceed")
        context = ssl.create_default_context(cafile=ca)
        self.sock = context.wrap_socket(self.sock, server_hostname=PARTNER)
        self.buf = b""
        self.open()
        self.until(b"</stream:features>")
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
        self.until(b"<success")
        self.open()
        self.until(b"</stream:features>")
        self.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        self.until(b"</iq>")
        self.send("<presence/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")
        self.until(b"id='p'")  # jabberd2 shows no client its own presence

    def open(self):
        self.send(f"<?xml version='1.0'?><stream:stream to='{PARTNER}' version='1.0' xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams'>")

    def send(self, text):
        self.sock.sendall(text.encode())

    def until(self, what):
        self.sock.settimeout(ANSWER_S)
        while what not in self.buf:
            data = self.sock.recv(65536)
            if not data:
                raise Failure(f"the XMPP server closed; wanted {what!r}, got {self.buf!r}")
            self.buf += data
        end = self.buf.index(what) + len(what)
        head, self.buf = self.buf[:end], self.buf[end:]
        return head.decode()


class SipPeer:
    """One UDP socket that speaks enough SIP for MESSAGE."""

    def __init__(self, port=0):
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", port))
        self.port = self.sock.getsockname()[1]
        self.sock.settimeout(ANSWER_S)

    def message(self, to, target, sender, body, headers=""):
        data = body.encode()
        branch = "z9hG4bK" + secrets.token_hex(8)
        self.sock.sendto((
            f"MESSAGE sip:{target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{sender}>;tag={secrets.token_hex(4)}\r\nTo: <sip:{target}>\r\n"
            f"Call-ID: {secrets.token_hex(8)}\r\nCSeq: 1 MESSAGE\r\n{headers}"
            f"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {len(data)}\r\n\r\n"
        ).encode() + data, ("127.0.0.1", to))

    def receive(self):
        data, peer = self.sock.recvfrom(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        return head.decode(), body.decode(), peer

    def status(self):
        head, _, _ = self.receive()
        return int(head.split()[1]), head

    def answer_ok(self, head, peer):
        keep = [line for line in head.split("\r\n")[1:]
                if line.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")]
        keep = [line + ";tag=x" if line.lower().startswith("to:") else line for line in keep]
        self.sock.sendto("\r\n".join(["SIP/2.0 200 OK", *keep, "Content-Length: 0", "", ""]).encode(), peer)


def end(why):
    raise Failure(why)


def run(main):
    """Runs main(stox); exit status for ctest."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} STOX")
    for number, why in ((signal.SIGALRM, f"it takes more than {ALL_S} s"), (signal.SIGTERM, "it was told to end")):
        signal.signal(number, lambda _n, _f, why=why: end(why))
    signal.alarm(ALL_S)
    try:
        main(os.path.abspath(sys.argv[1]))
    except Failure as e:
        print(f"FAILED: {e}")
        sys.exit(1)
