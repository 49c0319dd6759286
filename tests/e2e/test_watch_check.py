"""stox watch: the options of the watcher, what --check says of a configuration, and what it refuses."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from labs import STOX

WORLD = """pools:
  - fqdn: a.test
    domains: [a.test]
    test_users: [{ address: pilar@a.test, password_file: pilar }]
partners:
  - { domain: x.test, receiver: { address: rita@x.test, password_file: rita } }
  - { domain: y.test, receiver: { address: yves@y.test } }
"""
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def run(folder, *args, program=STOX, **env):
    done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, timeout=60, env={**os.environ, **env})
    return done.returncode, done.stdout, done.stderr


def watch(folder, section, *args, **env):
    (folder / "stox.yaml").write_text(WORLD + section)
    return run(folder, "watch", "--check", "-c", "stox.yaml", *args, **env)


def the_plan(folder):
    section = """watch:
  time_zone: Europe/Paris
  history: { file: h.db, size_max: 100 }
  defaults: { maintenance: [Sun 02:00-04:00] }
  tests:
    - { pool: a.test, partner: y.test, enabled: false, labels: [team=m] }
    - { partner: z.test, receiver: { address: zoe@z.test }, expect: sip_partner_not_allowed, maintenance: [] }
    - { interval: 30, retries: 0, fail: 1 of 1, recover: 1, severity: warning }
    - { kind: register }
    - { kind: servers, partner: x.test }
  alerts: [{ name: ops, kind: webhook, url: 'https://h.test/T0K3N', remind: 60 }]
"""
    status, out, err = watch(folder, section)
    check("a sound configuration", status == 0 and not err, (status, out, err))
    check("how much there is", "stox.yaml: tests: 6, of which are switched off: 1; at once: 200; receivers of alerts: 1." in out, out)
    check("history and pages", "h.db: runs are kept for 35 days, hours for 400; days begin as in the time zone Europe/Paris." in out
          and "at most 100 MiB" in out and "at http://127.0.0.1:8080/." in out, out)
    rows = dict(re.findall(r"^(\S+/\S+) +(.*)$", out, re.M))
    check("each test once, in the order of the file", list(rows) == ["a.test/y.test/to", "a.test/z.test/to", "a.test/x.test/to", "a.test/x.test/from", "a.test/register", "-/x.test/servers"], out)
    check("what each is", rows["a.test/x.test/to"] == "From pilar@a.test to rita@x.test. Every 30 s, at most 10 s; retries: 0, 2 s later; failed with 1 of 1, "
          "well again with 1; warning. Maintenance: Sun 02:00-04:00.", rows)
    check("its way back", rows["a.test/x.test/from"].startswith("From rita@x.test to pilar@a.test. Every 30 s"), rows)
    check("one that is switched off", rows["a.test/y.test/to"].startswith("Switched off. From pilar@a.test to yves@y.test.")
          and rows["a.test/y.test/to"].endswith(" Labels: team=m."), rows)
    check("one that is to fail", rows["a.test/z.test/to"].endswith("critical. It is to fail: sip_partner_not_allowed."), rows)
    check("a sign-in, and servers", rows["a.test/register"].startswith("As pilar@a.test. Every") and rows["-/x.test/servers"].startswith("Every"), rows)
    check("who is told, without what may be a secret", "ops: webhook, https://h.test. " in out and "T0K3N" not in out, out)
    check("French", "Europe/Paris" in (french := watch(folder, section, LC_ALL="fr_FR.UTF-8")[1]) and "tests" in french and "The history" not in french, french)


def what_is_wrong(folder):
    for what, section, line in (
            ("no section", "", "stox.yaml: there is no section `watch`: add one, `watch: {}` tests each pool with each partner"),
            ("a key that is none", "watch: { test: [] }\n", "stox.yaml:8:10: unknown key `test`; did you mean `tests`?"),
            ("what does not fit together", "watch: { tests: [{ pool: b.test }] }\n", "stox.yaml:8:26: there is no pool `b.test`"),
            ("a window", "watch: { defaults: { maintenance: [never] } }\n",
             "stox.yaml:8:36: `never` is no maintenance window: at character 1 there should be a date, or days such as Sun or Mon-Fri or daily"),
            ("a zone", "watch: { time_zone: Europe/Pari }\n", "stox.yaml:8:21: there is no time zone `Europe/Pari` on this machine"),
            ("an address for everybody", "watch: { listen: ['0.0.0.0:8080'] }\n", "stox.yaml:8:19: `0.0.0.0:8080` is not an address of this machine alone")):
        status, out, err = watch(folder, section)
        check(f"{what}: told, with its place", status == 2 and not out and err.startswith(line), (status, out, err))
    (folder / "rita").chmod(0o644)
    status, out, err = watch(folder, "watch: {}\n")
    check("a secret that others can read", status == 2 and err.startswith("stox.yaml:6:") and "others can read this secret" in err and "a.test/x.test/to" in out
          and "can be read" not in out, (status, out, err))
    check("once, however many tests need it", err.count("\n") == 1, err)
    check("and not of a test that is switched off", watch(folder, "watch: { tests: [{ partner: x.test, enabled: false }, {}] }\n")[0] == 0)
    (folder / "rita").chmod(0o600)
    check("no configuration", run(folder, "watch", "--check", HOME="/nonexistent", XDG_CONFIG_HOME="/nonexistent")[0] == 2 or Path("/etc/stox/stox.yaml").exists())


def options(folder):
    (folder / "stox.yaml").write_text(WORLD + "watch: {}\n")
    for args, line in (
            (("--once", "--check"), "stox watch: --check, --once and --test-alert exclude each other"),
            (("--format", "json"), "stox watch: --format is for --once"),
            (("--once", "--format", "xml"), "stox watch: unknown format `xml`; there are text, json"),
            (("--listen", "0.0.0.0:1"), "stox watch: `--listen 0.0.0.0:1` is not an address of this machine alone"),
            (("--listen", "8080"), "stox watch: `--listen 8080`: give an IP address and a port"),
            (("--check", "--log-format", "xml"), "stox watch: --log-format xml: text, json or journal is a form"),
            (("--chek",), "stox watch: unknown option `--chek`; did you mean `--check`?")):
        status, out, err = run(folder, "watch", *args)
        check(f"{' '.join(args)}: refused", status == 2 and not out and err.startswith(line), (status, out, err))
    with open("/dev/full", "w") as full:
        done = subprocess.run([STOX, "watch", "--check", "-c", "stox.yaml"], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    check("a plan that nobody can read is no success", done.returncode == 3 and "could not be written" in done.stderr, done)
    check("--help, from stox itself", run(folder, "watch", "--help")[1].startswith("usage: stox watch [options]\n"))
    shutil.copy(STOX, folder / "stox")
    status, out, err = run(folder, "watch", "--check", program=str(folder / "stox"))
    check("without the watcher: which package has it", status == 3 and "stox watch: the watcher is not installed: it is the program stox-watch in libexec/stox, of the package stox-watch" in err,
          (status, out, err))
    (folder / "bin").mkdir()
    (folder / "libexec/stox").mkdir(parents=True)
    shutil.copy(STOX, folder / "bin/stox")
    shutil.copy(Path(STOX).parent / "stox-watch", folder / "libexec/stox/stox-watch")
    status, out, err = run(folder, "watch", "--check", "-c", "stox.yaml", program=str(folder / "bin/stox"))
    check("as it is installed", status == 0 and "a.test/y.test/to" in out, (status, out, err))


with tempfile.TemporaryDirectory() as name:
    for user in ("pilar", "rita"):
        (Path(name) / user).touch(0o600)
        (Path(name) / user).write_text("x\n")
    the_plan(Path(name))
    what_is_wrong(Path(name))
    options(Path(name))
sys.exit(failed > 0)
