"""stox check config: each file, group and address that stox.yaml names is looked at, all findings at once."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

from labs import STOX, Lab

TOP = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((TOP / "doc/stox.check-config.schema.json").read_text())
FILE = """pools:
  - fqdn: pool.litware.test
    domains: [litware.test]
    ca_file: {ca}
    accept: [{accept}]
    test_users: [{{ address: pilar@litware.test, password_file: {user} }}]
partners:
  - domain: contoso.test
    ca_file: {ca}
    receiver: {{ address: a@contoso.test, password_file: {receiver} }}
gateway:
  metrics: {{ listen: "{metrics}:9719" }}
  sip:
    listen: ["udp:{listen}:5070"]
    next_hop: sip:127.0.0.1:5060
    trusted_peers: [127.0.0.1]
  xmpp:
    component: {{ name: litware.test, server: "127.0.0.1:9", secret_file: {component} }}
"""
SOUND = {"ca": "ca.pem", "accept": "", "user": "user", "receiver": "receiver", "component": "component", "listen": "127.0.0.1", "metrics": "[::1]"}
# What is changed, the first words of its finding, and whether a gateway starts all the same.
WRONG = [
    ({"user": "nobody"}, "6:64: Failure: nobody: no such file or directory", True),
    ({"receiver": "loose"}, "10:57: Failure: loose: others can read this secret (mode 644)", True),
    ({"component": "empty"}, "18:74: Failure: empty: the secret is empty", False),
    ({"ca": "user"}, "4:14: Failure: user: it has no certificate in PEM, or a damaged one", True),
    ({"ca": "pipe"}, "4:14: Failure: pipe: this is not a regular file", True),
    ({"component": "two-lines"}, "18:74: Failure: two-lines: a secret is one line", False),
    ({"ca": "nothing.pem"}, "9:14: Failure: nothing.pem: no such file or directory", True),
    ({"ca": "over.pem"}, "4:14: Failure: over.pem: every certificate in it has ended (CN=over: ", True),
    ({"ca": "soon.pem"}, "4:14: Warning: soon.pem: the certificate of CN=soon ends soon (", True),
    ({"ca": "both.pem"}, "4:14: Warning: both.pem: a certificate in it has ended (CN=over: ", True),
    ({"accept": "no_such_warning"}, "5:14: Failure: `no_such_warning` is not the name of a warning", True),
    ({"metrics": "192.0.2.77"}, "12:22: Warning: `192.0.2.77:9719`: no interface of this machine has this address now", True),
    ({"listen": "192.0.2.77"}, "14:14: Warning: `udp:192.0.2.77:5070`: no interface of this machine has this address now", True),
]
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}")
    failed += not ok


def stox(folder, *args, **env):
    done = subprocess.run([STOX, *args], cwd=folder, capture_output=True, text=True, timeout=60, env={**os.environ, **env})
    return done.returncode, done.stdout.replace("stox.yaml:", ""), done.stderr.replace("stox.yaml:", "")


def write(folder, values, more=""):
    (folder / "stox.yaml").write_text(FILE.format(**{**SOUND, **values}) + more)


def issue(folder, name, days):
    """A certificate that is its own issuer."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
                    "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", str(days)], cwd=folder, check=True, capture_output=True)


def prepare(folder):
    for name, mode, text in (("user", 0o600, "a"), ("receiver", 0o600, "b"), ("component", 0o600, "c"), ("loose", 0o644, "d"), ("empty", 0o600, ""), ("two-lines", 0o600, "c\nd\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    os.mkfifo(folder / "pipe")
    issue(folder, "soon", 3)
    issue(folder, "long", 300)
    # Over at once: `openssl req` takes no end, `openssl ca` does.
    (folder / "index").touch()
    (folder / "ca.cnf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
    run = lambda *args: subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out", "csr", "-subj", "/CN=over")
    run("ca", "-batch", "-selfsign", "-config", "ca.cnf", "-keyfile", "key", "-in", "csr", "-out", "over.pem", "-notext",
        "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
    (folder / "ca.pem").write_text((folder / "long.pem").read_text())
    (folder / "both.pem").write_text((folder / "over.pem").read_text() + (folder / "long.pem").read_text())


def each_alone(folder):
    for values, line, starts in WRONG:
        write(folder, values)
        status, out, _ = stox(folder, "check", "config", "-c", "stox.yaml")
        is_failure = ": Failure: " in line
        check(f"{values}: told, with its place", status == is_failure and f"\n{line}" in "\n" + out, (status, out))
        check(f"{values}: --strict", stox(folder, "check", "config", "-c", "stox.yaml", "--strict")[0] == 1)
        status, out, err = stox(folder, "gateway", "--check", "-c", "stox.yaml")
        check(f"{values}: a gateway {'starts' if starts else 'does not start'} with it", status == (0 if starts else 2)
              and (line.replace("Failure: ", "Warning: " if starts else "") in (out if starts else err)), (status, out, err))


def all_at_once(folder):
    write(folder, {"user": "nobody", "receiver": "loose", "component": "empty", "ca": "over.pem", "accept": "no_such_warning"},
          "  control: { group: no-such-group }\nsecrets_group: no-such-group\n")
    status, out, _ = stox(folder, "check", "config", "-c", "stox.yaml")
    check("all findings at once", status == 1 and out.count("Failure: ") == 7 and "Warning: `secrets_group`: there is no group" in out, out)
    done = subprocess.run([STOX, "check", "config", "-c", "stox.yaml", "-f", "json"], cwd=folder, capture_output=True, text=True)
    result = json.loads(done.stdout)
    flaws = [e.message for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(result)]
    check("the same as JSON", not flaws and done.returncode == result["exit_status"] == 1 and result["failures"] == 7
          and {"severity": "failure", "line": 6, "column": 64, "text": "nobody: no such file or directory"} in result["findings"], (flaws, result))


# Of a watcher: what its section has, and what is found.
WATCH = [
    ("time_zone: Europe/Pari", "20:14: Failure: there is no time zone `Europe/Pari` on this machine"),
    ("defaults: { maintenance: [Sun 02:00-04:00 Europe/Pari] }", "20:29: Failure: there is no time zone `Europe/Pari`"),
    ("defaults: { maintenance: [Sun 2:00-04:00] }", "20:29: Failure: `Sun 2:00-04:00` is no maintenance window: at character 5 there should be when it begins"),
    ("tests: [{ expect: sip_forbiden }]", "20:21: Failure: `sip_forbiden` is not the name of a reason; did you mean `sip_forbidden`?"),
    ("tests: [{ partner: b.test, receiver: { address: a@b.test, password_file: loose } }]", "20:76: Failure: loose: others can read this secret (mode 644)"),
    ("defaults: { interval: 10 }", "20:25: Warning: a run that fails takes up to 22 s with its retries"),
    ("alerts: [{ name: a, kind: webhook, url_file: nobody }]", "20:48: Failure: nobody: no such file or directory"),
    ("alerts: [{ name: a, kind: webhook, url: 'http://a.test', token_file: empty }]", "20:72: Failure: empty: the secret is empty"),
    ("alerts: [{ name: a, kind: webhook, url: 'http://a.test', ca_file: user }]", "20:69: Failure: user: it has no certificate in PEM, or a damaged one"),
    ("alerts: [{ name: a, kind: exec, command: [/nobody] }]", "20:45: Failure: /nobody cannot be run: no such file or directory"),
    ("ping: { url_file: loose }", "20:21: Failure: loose: others can read this secret (mode 644)"),
]


def of_a_watcher(folder):
    for section, line in WATCH:
        write(folder, {}, f"watch:\n  {section}\n")
        status, out, _ = stox(folder, "check", "config", "-c", "stox.yaml")
        check(f"watch, {section}: told, with its place", status == (": Failure: " in line) and f"\n{line}" in "\n" + out, (status, out))
        status, out, err = stox(folder, "gateway", "--check", "-c", "stox.yaml")
        check("and a gateway starts with it", status == 0 and line.replace("Failure: ", "Warning: ") in out, (status, out, err))


def what_was_understood(folder):
    write(folder, {})
    (folder / "user").chmod(0o640)
    status, out, _ = stox(folder, "check", "config", "-c", "stox.yaml")
    me = subprocess.run(["id", "-gn"], capture_output=True, text=True).stdout.strip()
    check("a sound file: one line", status == 0 and re.fullmatch(
        r" nothing wrong. Pools: 1 \(domains: 1, test users: 1\); partners: 1 \(domains: 1, receivers: 1\); trusted peers: 1; "
        rf"component litware.test at 127.0.0.1:9; secrets: 3, readable by root.*, group {me}\.\n", out), out)
    (folder / "user").chmod(0o600)
    check("French", stox(folder, "check", "config", "-c", "stox.yaml", LC_ALL="fr_FR.UTF-8")[1].startswith("stox.yaml\u00a0: rien à signaler."), stox(folder, "check", "config", "-c", "stox.yaml", LC_ALL="fr_FR.UTF-8"))
    (folder / "stox.yaml").write_text("pools: [{ fqdn: a.test, domains: [a.test] }]\n")
    check("a file without a gateway is a file", stox(folder, "check", "config", "-c", "stox.yaml") == (
        0, " nothing wrong. Pools: 1 (domains: 1, test users: 0); partners: 0 (domains: 0, receivers: 0); secrets: none.\n", ""))
    check("and a gateway does not start with it", stox(folder, "gateway", "--check", "-c", "stox.yaml")[0] == 2)
    (folder / "stox.yaml").write_text('pools: [{ fqdn: a.test, domains: [a.test] }]\npartners: [{ domain: "b\\u2028.test" }]\n')
    status, out, _ = stox(folder, "check", "config", "-c", "stox.yaml")
    check("nor its domains what they cannot be", status == 1 and "2:22: Failure: `b?.test`" in out, out)
    (folder / "stox.yaml").write_text("pools: [{ fqdn: a.test, domain: [a.test] }]\nx: 1\n")
    status, out, _ = stox(folder, "check", "config", "-c", "stox.yaml")
    check("what cannot be read is found as well", status == 1 and "1:25: Failure: unknown key `domain`" in out and "2:1: Failure: unknown key `x`" in out, out)
    status, out, err = stox(folder, "check", "config", "-c", "nothing.yaml")
    check("no file is no configuration", status == 2 and not out and "nothing.yaml" in err, (status, out, err))
    check("an unknown format", stox(folder, "check", "config", "-f", "x")[0] == 2)


with tempfile.TemporaryDirectory() as name:
    prepare(Path(name))
    each_alone(Path(name))
    all_at_once(Path(name))
    of_a_watcher(Path(name))
    what_was_understood(Path(name))
with tempfile.TemporaryDirectory() as name, Lab(Path(name) / "lab") as lab:
    status, out, _ = stox(lab.dir, "check", "config", "-c", "stox.yaml", "--strict")
    check("the lab's own file has nothing wrong", status == 0 and "nothing wrong" in out, out)
sys.exit(failed > 0)
