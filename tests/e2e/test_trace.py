"""Traces of the built binary: what is in them and what is not, as tshark and a browser read them."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import jsonschema

from labs import Lab

STOX = os.path.abspath(sys.argv[1])
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "doc/stox.trace.schema.json").read_text())
FORMS = ("html", "txt", "json", "pcapng")
FAILED = []


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}", flush=True)
    if not ok:
        FAILED.append(name)
        print(evidence)
    return ok


def stox(*args, home="/nonexistent", timeout=60):
    env = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    return subprocess.run([STOX, *args], capture_output=True, text=True, timeout=timeout,
                          env={**env, "HOME": str(home)})


class Tap:
    """A relay in clear between the test and the pool: what digest proofs went over the wire?"""

    def __init__(self, port):
        self.to, self.bytes = port, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.to))
        back = threading.Thread(target=self.carry, args=(far, near), daemon=True)
        back.start()
        self.carry(near, far)

    def carry(self, one, other):
        while data := one.recv(65536):
            self.bytes += data
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)

    def proofs(self):
        found = re.findall(rb'(?:nonce|cnonce|response)="([^"]{8,})"', self.bytes)
        return {value.decode() for value in found}


def names(folder, stem="t"):
    return {form: folder / f"{stem}.{form}" for form in FORMS}


def trace_args(files):
    return [word for path in files.values() for word in ("--trace", str(path))]


def is_private(path):
    return stat.S_IMODE(path.lstat().st_mode) == 0o600 and stat.S_ISREG(path.lstat().st_mode)


# ---- secrets

# What SASL carries is base64 of these (RFC 5802 section 7): there must be none of it, whole or in part.
SCRAM = re.compile(rb"[rn]=[!-~]{8,}|[cpv]=[A-Za-z0-9+/]{8,}={0,2}")


def scram_in(data):
    for word in re.findall(rb"[A-Za-z0-9+/]{16,}", data):
        if SCRAM.search(base64.b64decode(word[:len(word) // 4 * 4])):
            return word
    return None


def no_secret(name, files, secrets):
    for path in files:
        data = path.read_bytes()
        found = [s for s in secrets if s.encode() in data]
        check(f"{name}: no password and no digest proof in {path.suffix}", not found, found)
        check(f"{name}: no SASL proof in {path.suffix}", not scram_in(data), scram_in(data))


# ---- what the forms say

def messages(trace):
    return [step for step in trace["steps"] if step["type"] == "message"]


def json_is_sound(path):
    trace = json.loads(path.read_text())
    errors = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(trace))
    check(f"{path.name}: JSON is as the schema says", not errors, errors)
    times = [step["at_seconds"] for step in trace["steps"] if "at_seconds" in step]
    check(f"{path.name}: steps are in order of time", times == sorted(times), times)
    return trace


def txt_is_sound(path, trace):
    text = path.read_text()
    arrows = re.findall(r"^ +\d+\.\d{3} +\+\d+\.\d{3} +\d+   \|.*(?:->|<-)", text, re.M)
    check(f"{path.name}: an arrow a message", len(arrows) == len(messages(trace)), text)
    check(f"{path.name}: the verdict", f"== {trace['test']['result']}" in text, text)


def tshark(path, *args):
    done = subprocess.run(["tshark", "-r", str(path), *args], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "HOME": str(path.parent)})
    if done.returncode:
        check(f"tshark reads {path.name}", False, done.stderr)
    return done.stdout.splitlines()


def pcapng_is_sound(path, trace):
    columns = ("_ws.col.Protocol", "_ws.col.Source", "_ws.col.Destination", "exported_pdu.src_port",
               "exported_pdu.dst_port", "_ws.col.Info", "frame.comment", "frame.time_epoch")
    rows = [line.split("\t") for line in
            tshark(path, "-T", "fields", *(w for c in columns for w in ("-e", c)))]
    said = messages(trace)
    check(f"{path.name}: a packet a message", len(rows) == len(said), rows)
    bad = []
    for row, message in zip(rows, said):
        protocol, source, target, source_port, target_port, _, comment, _ = row
        ends = [message["local"], message["peer"]][::1 if message["direction"] == "out" else -1]
        if (protocol.split("/")[0].lower() != message["side"] or
                [f"{source}:{source_port}", f"{target}:{target_port}"] != ends or
                not comment.startswith(message["phase"])):
            bad.append((row, message))
    check(f"{path.name}: tshark sees SIP and XMPP, who spoke to whom, and the phase", not bad, bad)
    # A stream's end tag is no XML without its start; tshark knows it all the same.
    malformed = [row for row in tshark(path, "-Y", "_ws.malformed || _ws.unreassembled") if "STREAM END" not in row]
    check(f"{path.name}: nothing is malformed to tshark", not malformed, malformed)
    started = trace["test"]["started_at"][:19]
    first = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(float(rows[0][7])))
    check(f"{path.name}: packets have the time of the test", first[:16] == started[:16], (first, started))
    return [row[5] for row in rows]


def success(folder):
    files = names(folder)
    with Lab(folder / "lab") as lab:
        tap = Tap(lab.port("pool, SIP over TCP"))
        done = stox("test", "--config", lab.config, "--registrar", f"sip:127.0.0.1:{tap.port};transport=tcp",
                    *trace_args(files), home=folder)
        bodies = names(folder, "bodies")
        loud = stox("test", "--config", lab.config, "-vv", "--trace", str(folder / "quiet.txt"), home=folder)
        stox("test", "--config", lab.config, "--trace-bodies", *trace_args(bodies), home=folder)
        secrets = lab.secrets + sorted(tap.proofs())
    check("a test that succeeds, and says where its trace is", done.returncode == 0 and
          f"Trace         : {files['html']}\n" in done.stdout, done.stdout + done.stderr)
    check("every trace is a private file", all(is_private(p) for p in files.values()))
    check("nothing of a success is kept unasked", not (folder / ".local").exists())
    check("the relay saw proofs", len(secrets) >= 4 + 5, secrets)
    no_secret("success", files.values(), secrets)
    no_secret("with bodies", bodies.values(), secrets)
    trace = json_is_sound(files["json"])
    txt_is_sound(files["txt"], trace)
    infos = pcapng_is_sound(files["pcapng"], trace)
    for want in ("Request: REGISTER", "Status: 401", "Status: 200 OK (REGISTER)", "Request: MESSAGE sip:adelany",
                 "Status: 202 Accepted", "Request: MESSAGE sip:pilar", "STREAM", "STARTTLS", "FEATURES",
                 "CHALLENGE", "RESPONSE", "SUCCESS", "MESSAGE", "PRESENCE"):
        check(f"tshark says {want}", any(info.startswith(want) for info in infos), infos)
    for form in ("html", "txt", "json", "pcapng"):
        text = re.sub(rb"<dt>Command.*", b"", files[form].read_bytes())
        check(f"bodies are lengths in .{form}", LENGTH.search(text.decode("latin-1")) and b"stox test " not in
              text.replace(b"<p class=\"kind\">stox test</p>", b""))
        check(f"bodies are there when wanted in .{form}",
              re.search(rb"stox test [a-z2-7]{26}", bodies[form].read_bytes()) is not None)
    check("-vv shows bodies, and its trace does not", "stox test " in loud.stdout and
          not LENGTH.search(loud.stdout) and LENGTH.search((folder / "quiet.txt").read_text()))
    json_is_sound(bodies["json"])
    page = files["html"].read_text()
    version = stox("--version").stdout.split()[1]
    for word in (f"<dt>Version</dt><dd>{version}</dd>", f"<dt>Machine</dt><dd>{socket.gethostname()}</dd>",
                 f"<dt>Command</dt><dd>{STOX} test --config {lab.config} "):
        check(f"the page has {word.split('</dt>')[0][4:]}", word in page)
    secret = folder / "secret.html"
    stox("test", "--target", "p.test", "--user", "u@p.test", "--receiver", "a@x.test", "--password-file",
         str(Path(lab.config).parent / "pilar"),
         "--registrar", "sip:u:hunter2@127.0.0.1:9;transport=tcp", "--trace", str(secret), home=folder)
    check("what is secret in an address is masked", "hunter2" not in secret.read_text() and ":***@" in secret.read_text())
    return files["html"], trace


LENGTH = re.compile(r"\[6\d bytes\]")
FAULTS = ("wrong-password", "expired-certificate", "gateway-drops", "partner-not-allowed", "partner-unknown-user")


def faults(folder):
    pages = {}
    for fault in FAULTS:
        files = names(folder, fault)
        done = stox("lab", "--test", "--fault", fault, "--format", "json", *trace_args(files), home=folder)
        result = json.loads(done.stdout)
        check(f"{fault}: JSON says where the trace is", done.returncode == 1 and
              result["trace"] == str(files["html"]), done.stdout)
        trace = json_is_sound(files["json"])
        result["trace"] = None
        check(f"{fault}: the trace holds the result", trace["test"] == result)
        txt_is_sound(files["txt"], trace)
        pcapng_is_sound(files["pcapng"], trace)
        no_secret(fault, files.values(), [])
        pages[fault] = (files["html"], trace)
    check("the lab keeps nothing unasked", not (folder / ".local").exists())
    return pages


def kept(folder):
    traces = folder / ".local/state/stox/traces"
    with Lab(folder / "lab", "--fault", "wrong-password") as lab:
        done = stox("test", "--config", lab.config, home=folder)
        path = re.search(r"^Trace         : (.+)$", done.stdout, re.M)
        check("a failed test says where its trace was kept", done.returncode == 1 and path and
              Path(path.group(1)).parent == traces, done.stdout + done.stderr)
        page = Path(path.group(1))
        check("it is a private page", is_private(page) and page.suffix == ".html" and
              stat.S_IMODE(traces.stat().st_mode) == 0o700)
        no_secret("kept", [page], lab.secrets)
        done = stox("test", "--config", lab.config, "--format", "json", home=folder)
        check("JSON says it too", Path(json.loads(done.stdout)["trace"]).exists(), done.stdout)
        done = stox("test", "--config", lab.config, "--no-trace", home=folder)
        check("--no-trace keeps none", done.returncode == 1 and "Trace" not in done.stdout and
              len(list(traces.iterdir())) == 2, done.stdout)
        for _ in range(22):
            stox("test", "--config", lab.config, home=folder)
        check("the newest 20 stay", len(list(traces.iterdir())) == 20 and not page.exists())
        done = stox("test", "--config", lab.config, "--format", "nagios", "-v", home=folder)
        check("a plugin keeps it, too", done.returncode == 2 and not done.stderr and
              re.search(rf"^Trace         : {traces}/.+\.html$", done.stdout, re.M), done.stdout + done.stderr)
        done = stox("test", "--config", lab.config, "--format", "nagios")
        check("and says nothing where it cannot", done.returncode == 2 and not done.stderr and
              len(done.stdout.splitlines()) == 1, done.stdout + done.stderr)
        done = stox("test", "--config", lab.config)
        check("without a home one warning, and the test is what it is", done.returncode == 1 and
              "Result        : Failure" in done.stdout and "Trace" not in done.stdout and
              len(done.stderr.splitlines()) == 1 and "the trace is not kept" in done.stderr and
              "/nonexistent" in done.stderr,
              done.stdout + done.stderr)


def bad_input(folder):
    (folder / "file.txt").write_text("x")
    (folder / "link.html").symlink_to("file.txt")
    (folder / "folder.json").mkdir()
    heard = socket.create_server(("127.0.0.1", 0))
    heard.settimeout(0.2)
    secret = folder / "secret"
    secret.write_text("x\n")
    secret.chmod(0o600)
    base = ["test", "--target", "p.test", "--receiver", "a@x.test", "--user", "u@p.test", "--password-file",
            str(secret), "--registrar", f"sip:127.0.0.1:{heard.getsockname()[1]};transport=tcp", "--timeout", "1"]
    cases = (("an unknown ending", "t.pcap", ".pcapng"), ("no ending", "trace", ".html"),
             ("a folder that is not there", "none/t.html", "no such file"),
             ("a link", "link.html", "link"), ("a folder", "folder.json", "is a directory"),
             ("a file where a folder should be", "file.txt/t.txt", "not a directory"))
    for name, path, word in cases:
        done = stox(*base, "--trace", str(folder / "good.html"), "--trace", str(folder / path), home=folder)
        lines = done.stderr.splitlines()
        check(f"{name}: one line that names it, exit 2", done.returncode == 2 and len(lines) == 1 and
              path in lines[0] and word in lines[0] and not done.stdout, done.stdout + done.stderr)
    try:
        heard.accept()
        check("nothing was sent before that", False)
    except socket.timeout:
        check("nothing was sent before that", True)
    check("and nothing was written", not (folder / "good.html").exists() and
          (folder / "file.txt").read_text() == "x")


# ---- the page in a browser

class Browser:
    """Headless Chromium by the WebDriver protocol; it has no network but the loopback."""

    FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage")

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.log = open(folder / "chromedriver.log", "w")
        self.proc = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=self.log, stderr=self.log,
                                     env={**os.environ, "HOME": str(folder)})
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        options = {"args": [*self.FLAGS, f"--user-data-dir={folder}/profile"],
                   "binary": shutil.which("chromium")}
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.session = f"/session/{made['sessionId']}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def open(self, path):
        self.call("POST", self.session + "/url", {"url": f"file://{path}"})

    def run(self, script, *args):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(args)})

    def find(self, css):
        return next(iter(self.call("POST", self.session + "/element", {"using": "css selector",
                                                                       "value": css}).values()))

    def click(self, css):
        self.call("POST", f"{self.session}/element/{self.find(css)}/click", {})

    def keys(self, css, text):
        self.call("POST", f"{self.session}/element/{self.find(css)}/value", {"text": text})

    def devtools(self, name, **params):
        self.call("POST", self.session + "/goog/cdp/execute", {"cmd": name, "params": params})

    def size(self, width, height=900):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=False)

    def media(self, media="", scheme="light"):
        self.devtools("Emulation.setEmulatedMedia", media=media,
                      features=[{"name": "prefers-color-scheme", "value": scheme}])

    def end(self):
        self.call("DELETE", self.session)
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(20)
        self.log.close()


# Colours of text on every ground that it can stand on; WCAG 2.2 wants 4.5.
CONTRAST = """
const style = getComputedStyle(document.documentElement), probe = document.createElement('i');
document.body.append(probe);
const light = name => {
  probe.style.color = style.getPropertyValue(name);
  const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const pairs = {'--fg': ['--bg', '--card', '--badbg', '--goodbg', '--sipband', '--sipband2', '--xmppband',
  '--xmppband2', '--midband'], '--dim': ['--bg', '--card', '--sipband', '--sipband2', '--xmppband', '--xmppband2',
  '--midband'], '--sip': ['--bg', '--card', '--sipband', '--sipband2'],
  '--xmpp': ['--bg', '--card', '--xmppband', '--xmppband2'],
  '--bad': ['--bg', '--badbg', '--sipband', '--sipband2', '--xmppband', '--xmppband2'], '--good': ['--bg', '--goodbg']};
const low = [];
for (const [text, grounds] of Object.entries(pairs))
  for (const ground of grounds) {
    const [a, b] = [light(text), light(ground)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    if (!(ratio >= 4.5)) low.push([text, ground, ratio]);
  }
probe.remove();
return low;
"""


def page_is_sound(browser, name, path, trace):
    browser.media()
    browser.size(1400)
    browser.open(path)
    said = messages(trace)
    count = browser.run("return [document.querySelectorAll('.ladder svg .arrow').length,"
                        "document.querySelectorAll('.ladder details pre').length]")
    check(f"{name}: an arrow and a text a message", count == [len(said)] * 2, (count, len(said)))
    texts = browser.run("return [...document.querySelectorAll('.ladder pre')].map(e => e.textContent)")
    want = [m["text"].replace("\r\n", "\n").strip() for m in said]
    check(f"{name}: the texts are the messages", texts == want, (texts, want))
    labels = browser.run("return [...document.querySelectorAll('.label')].map(e => e.lastChild.data)")
    check(f"{name}: arrows are labelled", labels == [m["label"] for m in said], labels)
    head = browser.run("return [document.title, document.querySelector('h1').textContent,"
                       "document.querySelector('header').textContent, document.documentElement.lang]")
    error = trace["test"]["error"]
    check(f"{name}: the verdict is on top", head[1] == trace["test"]["result"] and head[3] == "en" and
          (error is None or error["message"] in head[2] and error["reason"] in head[0]), head)
    fetched = browser.run("return performance.getEntriesByType('resource').length")
    check(f"{name}: it fetches nothing", fetched == 0, fetched)
    for width in (360, 1400):
        browser.size(width)
        wide = browser.run("return [document.scrollingElement.scrollWidth, innerWidth]")
        check(f"{name}: it fits {width} pixels", wide[0] <= wide[1] == width, wide)
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        low = browser.run(CONTRAST)
        check(f"{name}: its {scheme} colours can be read", low == [], low)


def page_is_used(browser, path):
    visible = "return document.querySelector(arguments[0]).checkVisibility({contentVisibilityAuto: true})"

    browser.media()
    browser.size(1400)
    browser.open(path)
    check("a message is closed at first", not browser.run(visible, "#m1 pre"))
    browser.click("#m1 summary")
    check("a click shows the message", browser.run(visible, "#m1 pre"))
    browser.click("#m1 summary")
    check("another one hides it", not browser.run(visible, "#m1 pre"))
    browser.keys("#m2 summary", "\ue007")
    check("Enter shows a message", browser.run(visible, "#m2 pre"))
    focus = browser.run("document.querySelector('#m1 summary').focus(); return document.activeElement.localName")
    check("the Tab key comes to it", focus == "summary", focus)
    grounds = []
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        grounds.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    check("it has a light and a dark scheme", grounds[0] == "rgb(255, 255, 255)" != grounds[1], grounds)
    browser.media("print")
    check("on paper every message is there", browser.run(
        "return [...document.querySelectorAll('.ladder pre')].every(e => e.getClientRects().length > 0 && "
        "e.checkVisibility({contentVisibilityAuto: true}))"))
    browser.media()
    policy = browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        "const i = document.createElement('p'); i.setAttribute('style', 'color: red'); document.body.append(i);"
        "return [window.ran || 0, i.style.color]")
    check("its policy runs no script and takes no other style", policy == [0, ""], policy)


def in_a_browser(folder, pages):
    browser = Browser(folder)
    try:
        for name, (path, trace) in pages.items():
            page_is_sound(browser, name, path, trace)
        page_is_used(browser, pages["success"][0])
    finally:
        browser.end()


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as top:
    folders = {}
    for scene in ("success", "faults", "kept", "bad_input", "browser"):
        folders[scene] = Path(top) / scene
        folders[scene].mkdir()
    pages = {"success": success(folders["success"]), **faults(folders["faults"])}
    kept(folders["kept"])
    bad_input(folders["bad_input"])
    in_a_browser(folders["browser"], pages)
sys.exit(1 if FAILED else 0)
