"""Who may do what with a watcher: each cell of the table of stox-watch(1), tried over the control socket and over HTTP; and what
scope, sign-in, a reload and the audit log make of it."""

import base64
import ctypes
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from labs import STOX, Lab

AWAIT_S = 60
ROLES = ["administrator", "server-administrator", "help-desk", "view-only", "machine"]
MANUAL = Path(__file__).parents[2] / "doc" / "stox-watch.1"
PUBLIC = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
POOL, PARTNER = "pool.litware.test", "contoso.test"
TEST = f"/t/{POOL}/{PARTNER}/to"
# What a command is over HTTP, and over the socket.  What has no way of its own yet is in the unit test alone.
HTTP = {
    "view": [("GET", "/"), ("GET", "/tests"), ("GET", TEST), ("GET", "/events"), ("GET", f"/pools/{POOL}"), ("GET", "/maintenance")],
    "history": [("GET", "/incidents"), ("GET", "/feed.atom"), ("GET", f"{TEST}/runs")],
    "metrics": [("GET", "/metrics")],
    "test": [("POST", f"{TEST}/run"), ("POST", f"/-/test?pool={POOL}&formats=json")],
    "audit": [("GET", "/audit")],
    "roles": [("GET", "/roles")],
}
SOCKET = {"status": "status", "reload": "reload", "roles": "roles all", "test": f"test pool={POOL}&formats=json"}
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def await_that(what, is_true, shown=lambda: ""):
    end = time.monotonic() + AWAIT_S
    while time.monotonic() < end:
        value = is_true()
        if value:
            check(what, True)
            return value
        time.sleep(0.05)
    check(what, False, shown())
    return None


def manual_table():
    """Command: the roles that may, from the table of the manual."""
    rows = re.findall(r"^\.It ([a-z-]+) Ta (yes|-) Ta (yes|-) Ta (yes|-) Ta (yes|-) Ta (yes|-)$", MANUAL.read_text(), re.M)
    return {row[0]: [role for role, may in zip(ROLES, row[1:]) if may == "yes"] for row in rows}


def certificates(folder):
    """A CA with a server and a client in it."""
    def run(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "own-ca.key", "-out", "own-ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name, usage in (("watch.litware.test", "serverAuth"), ("desk.litware.test", "clientAuth")):
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", "csr.pem", "-subj", f"/CN={name}")
        (folder / "ext").write_text(f"subjectAltName=DNS:{name},IP:127.0.0.1\nextendedKeyUsage={usage}\n")
        run("x509", "-req", "-in", "csr.pem", "-CA", "own-ca.pem", "-CAkey", "own-ca.key", "-CAcreateserial", "-days", "1", "-extfile", "ext", "-out", f"{name}.pem")
        os.chmod(folder / f"{name}.key", 0o600)


def bcrypt(password):
    """As `htpasswd -B` has it, by the library that the watcher asks, too."""
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = ctypes.c_char_p
    return lib.crypt(password.encode(), b"$2b$05$abcdefghijklmnopqrstuu").decode()


def secret(path, text):
    path.write_text(text)
    os.chmod(path, 0o600)


def configure(lab, roles=None, more=""):
    folder = lab.dir
    hashed = bcrypt("right")
    secret(folder / "users", "".join(f"{name}:{hashed}\n" for name in [*ROLES, "nobody", "scoped"]))
    secret(folder / "tokens", "".join(f"{name}:{hashlib.sha256(f'token-of-{name}'.encode()).hexdigest()}\n" for name in ROLES))
    if roles is None:
        roles = "".join(f'    - {{ name: {name}, members: ["user:{name}", "token:{name}"{extra(name)}] }}\n' for name in ROLES)
    (folder / "watch.yaml").write_text(Path(lab.config).read_text() + f"""watch:
  listen: ["127.0.0.1:0", "https://127.0.0.1:0"]
  url: https://watch.litware.test/
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0, fail: 1 of 1, recover: 1 }}
  tests:
    - {{ kind: im, direction: to }}
    - {{ kind: register }}
  tls: {{ certificate_file: watch.litware.test.pem, key_file: watch.litware.test.key }}
  sign_in: {{ users_file: users, tokens_file: tokens, ca_file: own-ca.pem }}
  control: {{ socket: control }}
  site: Litware
  public: [{{ partner: {PARTNER}, name: Contoso, token_hash: {hashlib.sha256(PUBLIC.encode()).hexdigest()} }}]
  roles:
{roles}{more}""")


def extra(name):
    return ', "certificate:desk.litware.test"' if name == "help-desk" else ""


class Watcher:
    def __init__(self, folder):
        self.folder = folder
        self.log_path = folder / "watch.log"
        self.log_file = open(self.log_path, "ab")
        self.proc = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml")], stderr=self.log_file,
                                     stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        await_that("it is ready", lambda: "watch ready" in self.log(), self.log)
        self.port, self.tls_port = (int(n) for n in re.findall(r"http listening address=127\.0\.0\.1:(\d+)", self.log())[-2:])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def answer(self, path):
        connection = self.connect()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, dict(response.getheaders()), body

    def connect(self, tls=None):
        if not tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        context = ssl.create_default_context(cafile=self.folder / "own-ca.pem")
        context.check_hostname = False
        if tls != "plain":
            context.load_cert_chain(self.folder / f"{tls}.pem", self.folder / f"{tls}.key")
        return http.client.HTTPSConnection("127.0.0.1", self.tls_port, timeout=30, context=context)

    def ask(self, method, path, headers=None, tls=None):
        connection = self.connect(tls)
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        body = b"" if path == "/events" and response.status == 200 else response.read()
        connection.close()
        return response.status, {name: ", ".join(response.msg.get_all(name)) for name in response.msg}, body.decode(errors="replace")

    def say(self, request):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(str(self.folder / "control"))
            s.sendall(request.encode() + b"\n")
            answer = b""
            while part := s.recv(65536):
                answer += part
        return json.loads(answer)

    def reload(self):
        before = self.log().count("config reloaded")
        self.proc.send_signal(signal.SIGHUP)
        await_that("it is reloaded", lambda: self.log().count("config reloaded") > before, self.log)

    def audit(self):
        with sqlite3.connect(f"file:{self.folder / 'history.db'}?mode=ro", uri=True) as db:
            return db.execute("select who, what, source, result from audit order by number").fetchall()

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(30)
        self.log_file.close()
        return status


def basic(name, password="right"):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def every_cell_over_http(watcher, table):
    for command, routes in HTTP.items():
        for role in ROLES:
            may = role in table[command]
            for method, path in routes:
                for way, headers in (("a password", basic(role)), ("a token", bearer(f"token-of-{role}"))):
                    status, _, body = watcher.ask(method, path, headers)
                    ok = status in (200, 303) if may else status == 403
                    check(f"{role} {'may' if may else 'may not'} {command}: {method} {path} with {way}", ok, (status, body[:500]))
                    if not may:
                        check("and is told who may", table[command][0] in body, body[:500])
            status, _, _ = watcher.ask(*routes[0], basic("nobody"))
            check(f"who has no role may not {command}", status == 403, status)
    for routes in HTTP.values():
        status, headers, _ = watcher.ask(*routes[0])
        check(f"who says nothing is asked: {routes[0][1]}", status == 401 and "Basic" in headers["WWW-Authenticate"], (status, headers))


def every_cell_over_the_socket(watcher, lab, table):
    """Who we are is always an administrator there, being the watcher's own user: others are tried as a user of no rights."""
    for command, request in SOCKET.items():
        answer = watcher.say(request)
        check(f"its own user may {command}", "error" not in answer, answer)
    if os.geteuid() != 0:
        print("SKIPPED: another user of this machine, for only root can become one")
        return
    code = ("import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\ns = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
            "s.sendall(sys.argv[2].encode() + b'\\n'); a = b''\nwhile p := s.recv(65536): a += p\nprint(a.decode())\n")

    def as_nobody(request):
        done = subprocess.run(["python3", "-c", code, str(watcher.folder / "control"), request], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.stdout else {"error": done.stderr}
    os.chmod(watcher.folder, 0o711)
    check("who is not in its group is not heard", "Permission denied" in as_nobody("status")["error"])
    status = watcher.end()
    check("it ends in order", status == 0, status)
    group = subprocess.run(["id", "-gn", "nobody"], capture_output=True, text=True, check=True).stdout.strip()
    for role in [None, *ROLES]:
        members = f'    - {{ name: {role}, members: ["local:nobody"] }}\n' if role else "    - { name: view-only }\n"
        configure(lab, members)
        text = (lab.dir / "watch.yaml").read_text().replace("control: { socket: control }", f"control: {{ socket: control, group: {group} }}")
        (lab.dir / "watch.yaml").write_text(text)
        (lab.dir / "watch.log").unlink()
        other = Watcher(lab.dir)
        for command, request in SOCKET.items():
            may = role is not None and role in table[command]
            answer = as_nobody(request)
            check(f"{role} {'may' if may else 'may not'} {command} over the socket", ("error" in answer) != may, answer)
            if not may:
                check("and is told who may", "administrator" in answer["error"] and "local:nobody" in answer["error"], answer)
        own = as_nobody("roles")
        check("what one may oneself is told", [r["name"] for r in own["roles"]] == ([role] if role else []), own)
        check("without the members", not any("members" in r for r in own["roles"]), own)
        other.end()


def the_commands(watcher, lab):
    config = ["--config", str(lab.dir / "watch.yaml")]

    def run(*args):
        return subprocess.run([STOX, *args, *config], capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"})
    done = run("ctl", "status", "--watch")
    check("stox ctl status --watch", done.returncode == 0 and "Running since" in done.stdout and "Tests" in done.stdout, done)
    done = run("ctl", "reload", "--watch")
    check("stox ctl reload --watch", done.returncode == 0, done)
    done = run("roles")
    check("stox roles", done.returncode == 0 and "administrator" in done.stdout, done)
    done = run("roles", "--can", "test")
    check("stox roles --can test", done.returncode == 0 and "help-desk" in done.stdout and "user:help-desk" in done.stdout and "view-only" not in done.stdout, done)
    done = run("roles", "--user", "help-desk")
    check("stox roles --user NAME", done.returncode == 0 and done.stdout.count("may:") == 1 and "help-desk" in done.stdout, done)
    done = run("roles", "--can", "tset")
    check("a command that there is not", done.returncode == 2 and "did you mean `test`" in done.stderr, done)
    via = str(lab.dir / "control")
    done = run("test", "--via", via, "--target", POOL, "--partner", PARTNER)
    check("stox test --via: as people read it", done.returncode == 0 and "Success" in done.stdout and POOL in done.stdout, done)
    done = run("test", "--via", via, "--format", "json", "--output", f"junit={lab.dir / 'out.xml'}")
    result = json.loads(done.stdout)
    check("as JSON", done.returncode == 0 and result["schema"] == "stox.test/1" and result["result"] == "Success", done)
    check("and a file beside it", "<testsuite" in (lab.dir / "out.xml").read_text())
    done = run("test", "--via", via, "--format", "nagios")
    check("as a plugin", done.returncode == 0 and done.stdout.startswith("STOX OK"), done)
    done = run("test", "--via", via, "--target", "nowhere.test")
    check("a pool that there is not", done.returncode == 3 and "no test that runs is like that" in done.stderr, done)
    done = run("test", "--via", via, "--user", "x@y.test")
    check("a user makes no sense there", done.returncode == 2 and "--user" in done.stderr, done)


def a_liar(lab):
    """Whoever listens at a socket can say what he likes, and the terminal obeys nothing of it."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(lab.dir / "liar"))
        server.listen()
        with subprocess.Popen([STOX, "test", "--via", str(lab.dir / "liar")], stdout=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}) as proc:
            server.settimeout(AWAIT_S)
            peer, _ = server.accept()
            name = re.search("formats=([a-z]+)", peer.recv(4096).decode())[1]
            peer.sendall(json.dumps({"schema": "stox.via/1", "outputs": [{"format": name, "text": "\033]0;evil\007\033[32mfine\033[0m\n", "status": 0}]}).encode() + b"\n")
            peer.close()
            out = proc.stdout.read()
    check("what a watcher prints is cleaned", out == "?]0;evil?\033[32mfine\033[0m\n", out)


def via_url(watcher, lab):
    url = f"https://127.0.0.1:{watcher.tls_port}/"
    secret(lab.dir / "password", "right\n")
    secret(lab.dir / "token", "token-of-help-desk\n")
    secret(lab.dir / "other-token", "token-of-view-only\n")
    own = ["--ca-file", str(lab.dir / "own-ca.pem")]

    def run(where, *args, **more):
        return subprocess.run([STOX, "test", "--via", where, "--format", "json", *args], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LC_ALL": "C.UTF-8", **more})
    plain = f"http://127.0.0.1:{watcher.port}"
    for what, args in (("a password", ["--user", "help-desk", "--password-file", str(lab.dir / "password")]), ("a token", ["--token-file", str(lab.dir / "token")])):
        done = run(plain, *args)
        check(f"stox test --via URL with {what}", done.returncode == 0 and json.loads(done.stdout)["result"] == "Success", done)
    done = run(url, *own, "--certificate-file", str(lab.dir / "desk.litware.test.pem"), "--key-file", str(lab.dir / "desk.litware.test.key"))
    check("with a certificate", done.returncode == 0 and json.loads(done.stdout)["result"] == "Success", done)
    done = run(url, "--token-file", str(lab.dir / "token"))
    check("not where the watcher's certificate is nobody's we know", done.returncode == 3 and "certificate" in done.stderr, done)
    done = run(plain, "--token-file", str(lab.dir / "other-token"))
    check("not without the role", done.returncode == 3 and "help-desk" in done.stderr and not done.stdout, done)
    done = run(plain)
    check("not without saying who", done.returncode == 3 and "--token-file" in done.stderr, done)
    for where, words in (("http://192.0.2.1/", "https://"), ("HTTP://192.0.2.1/", "https://"), ("http://localhost.evil.test/", "https://"),
                         ("http://localhost:secret@192.0.2.1/", "--password-file"), ("http://u:secret@127.0.0.1/", "--password-file"), ("ftp://127.0.0.1/", "https://"),
                         ("http://127.0.0.1 192.0.2.1/", "https://")):
        done = run(where, "--token-file", str(lab.dir / "token"))
        check(f"no token goes in the clear: {where}", done.returncode == 2 and words in done.stderr and "secret" not in done.stderr, done)
    done = run(f"HTTP://localhost:{watcher.port}/", "--token-file", str(lab.dir / "token"), http_proxy="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    check("nor to a proxy", done.returncode == 0 and json.loads(done.stdout)["result"] == "Success", done)


def certificate(watcher):
    check("a client's certificate is a help-desk", watcher.ask("GET", "/", tls="desk.litware.test")[0] == 200)
    check("and no administrator", watcher.ask("GET", "/audit", tls="desk.litware.test")[0] == 403)
    check("that of the server itself is nobody's", watcher.ask("GET", "/", tls="watch.litware.test")[0] == 401)
    check("without one a password will do", watcher.ask("GET", "/", basic("view-only"), tls="plain")[0] == 200)
    check("and without both nothing", watcher.ask("GET", "/", tls="plain")[0] == 401)


def outside(watcher):
    """A partner's page: for whoever has its address, and nothing of the inside in it."""
    status, fields, body = watcher.answer(f"/p/{PUBLIC}")
    inside = ["127.0.0.1", POOL, PARTNER, "pilar", "adelany", "REGISTER", "/t/", "/incidents", "/runs/", "stox"]
    check("a partner's page wants no sign-in", status == 200 and "Messages arrive" in body and "Litware" in body and "Contoso" in body, (status, body[:2000]))
    check("nothing of the inside is in it", not [word for word in inside if word in re.sub(r'href="/assets/[^"]*"', "", body)], body)
    check("it is neither kept nor found nor told on", fields["Cache-Control"] == "no-store" and "noindex" in body and fields["Referrer-Policy"] == "no-referrer"
          and "default-src" in fields["Content-Security-Policy"], fields)
    check("in French", "Les messages arrivent" in watcher.answer(f"/p/{PUBLIC}?lang=fr")[2])
    wrong = [watcher.answer(path) for path in (f"/p/{PUBLIC}x", "/p/", f"/p/{PUBLIC}/feed.atom", f"/p/{hashlib.sha256(PUBLIC.encode()).hexdigest()}", "/p/%00", "/p/" + "a" * 500)]
    check("any other address is none, and says nothing", all(w[0] == 404 and w[2] == "not found\n" for w in wrong), wrong)
    check("it opens nothing else", watcher.ask("GET", "/")[0] == 401 and watcher.ask("POST", f"/p/{PUBLIC}")[0] in (401, 403, 404, 405))


def hosts(watcher):
    check("the name of watch.url is ours", watcher.ask("GET", "/", {"Host": "watch.litware.test", **basic("view-only")})[0] == 200)
    check("another one is not", watcher.ask("GET", "/", {"Host": "evil.test", **basic("view-only")})[0] == 421)
    check("a page of another site sends nothing", watcher.ask("POST", f"{TEST}/run", {"Origin": "https://evil.test", **basic("administrator")})[0] == 403)


def tricks(watcher):
    """Who may not finds no way around: paths, methods, headers, cookies."""
    for path in ("//audit", "/audit/", "/%61udit", "/audit?x=1", "/./audit", "/x/../audit", "/audit%00", "/AUDIT", "/tests/../audit"):
        status, _, body = watcher.ask("GET", path, basic("view-only"))
        check(f"{path} is not let through", status in (400, 403, 404) and "administrator" not in re.sub("role.*", "", body), (status, body[:300]))
    for headers in ({"X-Forwarded-User": "administrator"}, {"X-Remote-User": "administrator"}, {"Cookie": "lang=fr; user=administrator"},
                    {"Forwarded": "for=127.0.0.1;by=administrator"}):
        check(f"{headers} makes nobody", watcher.ask("GET", "/audit", {**headers, **basic("view-only")})[0] == 403)
    check("HEAD is as GET", watcher.ask("HEAD", "/audit", basic("view-only"))[0] == 403)
    check("a token is no password", watcher.ask("GET", "/", basic("administrator", "token-of-administrator"))[0] == 401)
    check("a password is no token", watcher.ask("GET", "/", bearer("right"))[0] == 401)
    check("nor is its hash", watcher.ask("GET", "/", bearer(hashlib.sha256(b"token-of-administrator").hexdigest()))[0] == 401)
    check("two of them are none", watcher.ask("GET", "/", {"Authorization": "Basic , Bearer token-of-administrator"})[0] == 401)
    check("a line end in a language does not get out", watcher.ask("GET", "/?lang=fr%0d%0aSet-Cookie:%20x=1", basic("view-only"))[0] == 200)


def scope(watcher, lab):
    configure(lab, '    - { name: narrow, template: help-desk, members: ["user:scoped"], partners: [contoso.test] }\n'
                   '    - { name: elsewhere, commands: [view, history, metrics, test], members: ["user:nobody"], pools: [%s], partners: [fabrikam.test] }\n'
                   '    - { name: bots, commands: [metrics], members: ["user:machine"], partners: [contoso.test] }\n'
                   '    - { name: administrator, members: ["user:administrator"] }\n' % POOL,
              "")
    text = (lab.dir / "watch.yaml").read_text()
    if "fabrikam.test" not in Path(lab.config).read_text():
        text = text.replace("    - { kind: register }", "    - { kind: register }\n    - { partner: fabrikam.test, receiver: { address: x@fabrikam.test }, enabled: false }")
    (lab.dir / "watch.yaml").write_text(text)
    watcher.reload()
    status, _, body = watcher.ask("GET", "/", basic("scoped"))
    check("in scope is what one sees", status == 200 and "contoso.test" in body and "fabrikam.test" not in body and "register" not in body, body[:3000])
    status, _, body = watcher.ask("GET", "/tests", basic("nobody"))
    check("and out of it what one does not", status == 200 and "contoso.test" not in body, body[:3000])
    check("a test out of scope is as one that is not there", watcher.ask("GET", TEST, basic("nobody"))[0] == 404)
    check("it cannot be run", watcher.ask("POST", f"{TEST}/run", basic("nobody"))[0] == 404)
    check("nor with its result", watcher.ask("POST", f"/-/test?partner={PARTNER}", basic("nobody"))[0] == 409)
    check("its partner has no page", watcher.ask("GET", f"/partners/{PARTNER}", basic("nobody"))[0] == 404)
    for form in ("txt", "json", "csv"):
        hidden, absent = (watcher.ask("GET", f"/history.{form}?test={name}", basic("nobody")) for name in (f"{POOL}/{PARTNER}/to", f"{POOL}/nowhere.test/to"))
        check(f"history.{form} of a test out of scope is as of one that is not there", hidden[0] == absent[0] == 400 and hidden[2] == absent[2], (hidden, absent))
        status, _, body = watcher.ask("GET", f"/history.{form}?test={POOL}/{PARTNER}/to&limit=1", basic("scoped"))
        check(f"history.{form} of one in scope is", status == 200 and PARTNER in body, (status, body))
        status, _, body = watcher.ask("GET", f"/history.{form}?limit=1", basic("scoped"))
        check(f"history.{form} without a name tells nothing of others", status == 400 and "name one of yours" in body, (status, body))
        check(f"history.{form} is whole for who sees all", watcher.ask("GET", f"/history.{form}?limit=1", basic("administrator"))[0] == 200)
    _, _, body = watcher.ask("GET", TEST, basic("scoped"))
    runs = re.findall(r'href="(/runs/[^"]+)"', body)
    check("its runs are there", bool(runs), body[:2000])
    for path in (runs[0], f"{runs[0]}.json", f"{runs[0]}/trace.json", f"{runs[0]}/trace.pcapng") if runs else ():
        check(f"{path} is not for others", watcher.ask("GET", path, basic("nobody"))[0] == 404)
    _, _, body = watcher.ask("GET", "/metrics", basic("machine"))
    check("metrics of what is in scope", 'partner="contoso.test"' in body and 'kind="register"' not in body and "build_info" not in body, body[:2000])
    check("a scope has nothing that concerns all", watcher.ask("GET", "/audit", basic("scoped"))[0] == 403)


def is_over(response):
    """A stream that goes on has an event each second: there is no silence to be read."""
    end = time.monotonic() + 30
    try:
        while response.read1(65536):
            if time.monotonic() > end:
                return False
    except TimeoutError:
        return False
    except (ConnectionError, http.client.IncompleteRead):
        pass
    return True


def taken_away(watcher, lab):
    """Whoever loses his role at a reload hears no more: neither on a stream nor on a connection that is open."""
    configure(lab)
    watcher.reload()
    stream = watcher.connect()
    stream.request("GET", "/events", headers=basic("view-only"))
    response = stream.getresponse()
    kept = watcher.connect()
    kept.request("GET", "/", headers=basic("view-only"))
    check("he may, before", response.status == 200 and kept.getresponse().read() is not None)
    configure(lab, '    - { name: administrator, members: ["user:administrator"] }\n')
    watcher.reload()
    check("the stream ends", is_over(response))
    kept.request("GET", "/", headers=basic("view-only"))
    check("and the open connection has nothing for him", kept.getresponse().status == 403)
    kept.close()
    stream.close()
    secret(lab.dir / "users", (lab.dir / "users").read_text().replace("administrator:$2b$05$", "administrator:$2b$04$"))
    watcher.reload()
    check("a password that was changed is wrong at once", watcher.ask("GET", "/", basic("administrator"))[0] == 401)


def a_bad_file_changes_nothing(watcher, lab):
    configure(lab)
    watcher.reload()
    secret(lab.dir / "users", "administrator:plain\n")
    before = watcher.log().count("config not-reloaded")
    answer = watcher.say("reload")
    check("a file of users with a fault is refused, with its line", answer.get("reloaded") is False and "users:1" in " ".join(answer["lines"]), answer)
    await_that("and logged", lambda: watcher.log().count("config not-reloaded") == before + 1, watcher.log)
    check("those before stay in force", watcher.ask("GET", "/audit", basic("administrator"))[0] == 200)
    configure(lab)
    watcher.reload()


def a_bad_file_behind_one_that_waits(watcher, lab):
    """A reload that waits for the history comes with its own users, whatever is read in the meantime."""
    stream = watcher.connect()
    stream.request("GET", "/events", headers=basic("view-only"))
    response = stream.getresponse()
    check("he may, before", response.status == 200)
    held = watcher.log().count("history held")
    history = sqlite3.connect(lab.dir / "history.db", isolation_level=None)
    history.execute("begin immediate")
    await_that("the history is held", lambda: watcher.log().count("history held") > held, watcher.log)
    n, held = watcher.log().count("config reloaded"), watcher.log().count("history held")
    configure(lab, '    - { name: administrator, members: ["user:newcomer"] }\n')
    secret(lab.dir / "users", f"newcomer:{bcrypt('right')}\n")
    watcher.proc.send_signal(signal.SIGHUP)
    await_that("a reload waits for it", lambda: watcher.log().count("history held") > held, watcher.log)
    secret(lab.dir / "users", "administrator:plain\n")
    check("another one is refused", "users:1" in " ".join(watcher.say("reload")["lines"]), watcher.log())
    check("those before are in force", watcher.ask("GET", "/tests", basic("administrator"))[0] == 200)
    history.execute("rollback")
    history.close()
    await_that("the first one is taken over", lambda: watcher.log().count("config reloaded") == n + 1, watcher.log)
    check("with its users", watcher.ask("GET", "/tests", basic("newcomer"))[0] == 200)
    check("and without those before", watcher.ask("GET", "/tests", basic("administrator"))[0] == 401)
    check("whose streams end", is_over(response))
    stream.close()
    configure(lab)
    watcher.reload()


def guessing(watcher, lab):
    """Passwords are guessed slowly, and others are not held up."""
    answers = [watcher.ask("GET", "/", basic("administrator", f"guess {i}"), tls="plain")[0] for i in range(14)]
    check("guesses are answered 401, and then 429", answers[0] == 401 and answers[-1] == 429, answers)
    began = time.monotonic()
    status, _, _ = watcher.ask("GET", "/", bearer("token-of-machine"))
    check("a token still is heard at once", status == 200 and time.monotonic() - began < 5, status)


def the_audit(watcher):
    """Each act is there once; a flood of refusals is one row and a number."""
    for _ in range(300):
        watcher.ask("POST", f"{TEST}/run", bearer("token-of-view-only"))
    await_that("acts are kept", lambda: any(r[0] == "token:view-only" and "no role" in r[3] for r in watcher.audit()), watcher.audit)
    rows = watcher.audit()
    check("a flood of refusals does not fill it", sum(r[0] == "token:view-only" for r in rows) < 20, len(rows))
    check("who, what, from where, result", any(r[0] == "user:help-desk" and r[1] == f"test {POOL}/{PARTNER}/to" and r[2].startswith("127.0.0.1:") and r[3] == "accepted"
                                               for r in rows), rows[:20])
    check("reloads over the socket, too", any(r[1] == "reload" and r[2].startswith("socket, process") and r[3] == "accepted" for r in rows))
    check("and in the log", "audit act who=user:help-desk" in watcher.log(), watcher.log()[-2000:])
    status, _, body = watcher.ask("GET", "/audit", bearer("token-of-administrator"))
    check("the page has them", status == 200 and "user:help-desk" in body and "accepted" in body, body[:2000])
    status, _, body = watcher.ask("GET", "/roles", bearer("token-of-administrator"))
    check("and the page of roles who may", status == 200 and "token:machine" in body and "test-alert" in body, body[:2000])
    log = watcher.log()
    check("no secret is in log and audit", not any(s in log or s in str(rows) for s in ("token-of", "right", "guess ")))


def checks(lab):
    def say(*changes):
        text = (lab.dir / "watch.yaml").read_text()
        for a, b in changes:
            text = text.replace(a, b)
        (lab.dir / "other.yaml").write_text(text)
        return subprocess.run([STOX, "watch", "--check", "--config", str(lab.dir / "other.yaml")], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
    done = say()
    check("--check takes it", done.returncode == 0 and "https://127.0.0.1:0/" in done.stdout, done)
    done = say(('"127.0.0.1:0", ', '"0.0.0.0:8080", '))
    check("another address without TLS is refused with a sentence", done.returncode == 2 and "passwords would be read on the way" in done.stderr, done)
    os.chmod(lab.dir / "tokens", 0o644)
    done = say()
    check("a file of tokens that others can read is refused", done.returncode == 2 and "tokens" in done.stderr and "chmod 600" in done.stderr, done)
    os.chmod(lab.dir / "tokens", 0o600)


def main():
    table = manual_table()
    check("the manual has the table", len(table) == 12 and set(HTTP) <= set(table) and set(SOCKET) <= set(table), table)
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(Path(name))
        certificates(lab.dir)
        configure(lab)
        checks(lab)
        watcher = Watcher(lab.dir)
        await_that("runs are kept", lambda: "/runs/" in watcher.ask("GET", TEST, basic("help-desk"))[2], watcher.log)
        every_cell_over_http(watcher, table)
        certificate(watcher)
        outside(watcher)
        hosts(watcher)
        tricks(watcher)
        the_commands(watcher, lab)
        a_liar(lab)
        via_url(watcher, lab)
        scope(watcher, lab)
        taken_away(watcher, lab)
        a_bad_file_changes_nothing(watcher, lab)
        a_bad_file_behind_one_that_waits(watcher, lab)
        the_audit(watcher)
        guessing(watcher, lab)
        every_cell_over_the_socket(watcher, lab, table)
        if watcher.proc.poll() is None:
            check("it ends in order", watcher.end() == 0, watcher.log()[-1000:])
        lab.end()
    raise SystemExit(1 if failed else 0)


main()
