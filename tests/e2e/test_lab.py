"""The built binary: the lab tests itself, in one process and from another; bad input is named."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from labs import Lab, await_rest

STOX = os.path.abspath(sys.argv[1])
FAILED = []


def stox(*args, env=None, timeout=60):
    return subprocess.run([STOX, *args], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "HOME": "/nonexistent", "XDG_CONFIG_HOME": "", **(env or {})})


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def success():
    done = stox("lab", "--test")
    want = ["Target Fqdn   : pool.litware.test", "Result        : Success", r"Latency       : 00:00:0\d\.\d{7}",
            "Error Message :", "Diagnosis     :"]
    lines = done.stdout.splitlines()
    ok = done.returncode == 0 and len(lines) >= 5 and all(re.fullmatch(w, g) for w, g in zip(want, lines))
    check("the lab's own test succeeds with the ancestor's five lines", ok, done.stdout + done.stderr)
    result = json.loads(stox("lab", "--test", "--format", "json").stdout)
    keys = {"schema", "target_fqdn", "user", "receiver", "direction", "started_at", "result", "exit_status", "latency_seconds",
            "max_latency_seconds", "proof", "error", "diagnosis", "warnings", "phases", "tls", "trace"}
    ok = (set(result) == keys and result["schema"] == "stox.test/1" and result["proof"] == "answered"
          and result["error"] is None and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", result["started_at"]))
    check("JSON has the documented fields", ok, json.dumps(result, indent=1))
    done = stox("lab", "--test", "--count", "50")
    check("--count prints figures a phase", done.returncode == 0 and
          re.search(r"round +50 +min .* p95 ", done.stdout), done.stdout + done.stderr)


def bad_input(folder):
    loose = folder / "loose"
    loose.write_text("secret\n")
    loose.chmod(0o644)
    kept = folder / "kept"
    kept.write_text("secret\n")
    kept.chmod(0o600)
    empty = folder / "empty.yaml"
    empty.write_text("")
    unknown = folder / "unknown.yaml"
    unknown.write_text("pools:\n  - fqdn: p.test\n    domains: [p.test]\n    registar: sip:p.test\n")
    user = ["--target", "p.test", "--receiver", "a@x.test", "--user", "u@p.test"]
    cases = (
        ("an unknown option", ["test", "--recevier", "x"], "--receiver"),
        ("an option without its value", ["test", "--target"], "--target"),
        ("a number out of range", ["test", "--registrar-port", "70000"], "65535"),
        ("an unknown format", ["test", *user, "--password-file", str(loose), "--format", "xml"], "xml"),
        ("no test user", ["test", "--target", "p.test", "--receiver", "a@x.test"], "which user"),
        ("a user without a password", ["test", *user], "no password for the test user `u@p.test`"),
        ("two ports", ["test", *user, "--registrar", "sip:p.test:5070;transport=tcp", "--registrar-port", "5061"],
         "names a port already"),
        ("two ports", ["check", "pool", "p.test", "--registrar", "p.test:5070", "--registrar-port", "5061"],
         "names a port already"),
        ("a server that is none", ["test", *user, "--password-file", str(kept), "--receiver-password-file", str(kept), "--receiver-server",
          "two words"], "`two words`"),
        ("a direction that is none", ["test", *user, "--direction", "back"], "`--direction back`"),
        ("a receiver who cannot write first", ["test", *user, "--password-file", str(kept), "--direction", "from"],
         "--receiver-password-file"),
        ("a target that is none", ["test", *user, "--password-file", str(kept), "--target", "a;b"], "`a;b`"),
        ("a target that is too long", ["test", *user, "--password-file", str(kept), "--target", "a" * 300], "target"),
        ("a server that is none", ["check", "partner", "x.test", "--server", "$(id)"], "`$(id)`"),
        ("a secret that others can read", ["test", *user, "--password-file", str(loose)], "chmod 600"),
        ("a file that is not there", ["test", "--config", str(folder / "none.yaml")], "none.yaml"),
        ("an empty configuration", ["test", "--config", str(empty)], "empty.yaml"),
        ("an unknown key", ["test", "--config", str(unknown)], "registrar"),
        ("a DNS server without an address", ["test", "--dns", "dns.test:53"], "127.0.0.1:53"),
        ("a DNS server without a port", ["test", "--dns", "127.0.0.1:0"], "127.0.0.1:53"),
        ("an option of a test that is none", ["lab", "--count", "5"], "`--count` is for --test"),
        ("a trace of a test that is none", ["lab", "--trace", str(folder / "x.html")], "`--trace` is for --test"),
        ("an unknown fault", ["lab", "--fault", "fire"], "--list-faults"),
        ("a fault of another process", ["lab", "--fault", "clock-jump"], "--test"),
        ("an unknown command", ["tset"], "tset"),
        ("a gateway without a configuration", ["gateway"], "--config"),
    )
    for name, args, word in cases:
        done = stox(*args)
        lines = done.stderr.splitlines()
        check(f"{name}: one line that names it, exit 2", done.returncode == 2 and len(lines) == 1 and
              word in lines[0] and not done.stdout, done.stdout + done.stderr)


def other_process(folder):
    lab = Lab(folder / "lab")
    done = stox("test", "--config", lab.config)
    check("another process tests the lab by its configuration", done.returncode == 0, done.stdout + done.stderr)
    done = stox("test", "--config", lab.config, "-vv")
    secrets = [(lab.dir / n).read_text().strip() for n in ("pilar", "adelany", "component")]
    check("-vv shows both sides and no secret", "SIP  -->" in done.stdout and "XMPP <--" in done.stdout and
          not any(s in done.stdout for s in secrets) and 'response="***"' in done.stdout, done.stdout)
    for user, receiver in (("sip:kenmyer@litware.test", "xmpp:adelany@contoso.test"),
                           ("KenMyer@Litware.Test", "Adelany@contoso.test/home")):
        done = stox("test", "--config", lab.config, "--user", user, "--receiver", receiver, "-w", "%{user} %{proof}")
        check(f"{user} and {receiver} are those of the configuration",
              done.stdout == "kenmyer@litware.test answered", done.stdout + done.stderr)
    done = stox("test", "--config", lab.config, "--direction", "from", "--format", "json")
    result = json.loads(done.stdout)
    outcomes = {p["name"]: p["outcome"] for p in result["phases"]}
    check("the XMPP user writes first", done.returncode == 0 and result["direction"] == "from" and
          result["proof"] == "answered" and outcomes["sip.send"] == outcomes["deliver"] == outcomes["answer"] == "ok",
          done.stdout + done.stderr)
    done = stox("test", "--config", lab.config, "--direction", "from", "-v")
    check("and stands in front of the arrow", "adelany@contoso.test -> pilar@litware.test" in done.stdout, done.stdout)
    done = stox("test", "--config", lab.config, "--registrar-port", "1", "--format", "json")
    check("--registrar-port is not passed over for the configuration's registrar", done.returncode == 1 and
          json.loads(done.stdout)["error"]["evidence"]["address"] == "127.0.0.1:1", done.stdout + done.stderr)
    done = stox("test", "--config", lab.config, "--receiver", "kenmyer@litware.test")
    check("a receiver of the pool's own domain is refused with an explanation", done.returncode == 2 and
          "own domain" in done.stderr, done.stderr)
    udp = re.search(r"(\S+) +pool pool", lab.table).group(1)
    for transport, port in (("udp", udp), ("tcp", re.search(r"(\S+) +pool, SIP over TCP", lab.table).group(1))):
        done = stox("test", "--config", lab.config, "--registrar", f"sip:{port};transport={transport}")
        check(f"the pool over {transport}", done.returncode == 0, done.stdout + done.stderr)
    check("the gateway's part of the configuration is sound",
          stox("gateway", "--config", lab.config, "--check").returncode == 0)
    check("SIGTERM ends the lab", lab.end() == 0)
    proc = subprocess.Popen([STOX, "lab", "--test", "--fault", "gateway-drops", "--timeout", "30"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    await_rest(proc)
    proc.send_signal(signal.SIGINT)
    out, err = proc.communicate(timeout=10)
    check("an interruption is no error of the lab", proc.returncode == 3 and "interrupted in phase deliver" in out
          and not err, out + err)


def by_name(folder):
    """Both sides are found by the lab's own DNS server."""
    lab = Lab(folder / "lab")
    text = re.sub(r" +(registrar|server): (sip:)?127.*\n", "", Path(lab.config).read_text())
    Path(lab.config).write_text(text)
    dns = re.search(r"(\S+) +DNS of ", lab.table)[1]
    done = stox("test", "--config", lab.config, "--dns", dns, "-v")
    check("names are resolved by the server that is given", done.returncode == 0 and "NAPTR, SRV -> pool.litware.test"
          in done.stdout and "SRV -> xmpp.contoso.test" in done.stdout, done.stdout + done.stderr)
    lab.end()


def loose_secret(folder):
    lab = Lab(folder / "lab", "--fault", "unreadable-secret")
    done = stox("test", "--config", lab.config, "--format", "json")
    error = json.loads(done.stdout)["error"]
    check("for a script a loose secret is a result", done.returncode == 2 and not done.stderr and
          error["reason"] == "local_secret" and "chmod 600" in error["message"], done.stdout + done.stderr)
    lab.end()


def without_password(folder):
    lab = Lab(folder / "lab")
    text = Path(lab.config).read_text().replace("      password_file: adelany\n", "")
    Path(lab.config).write_text(text)
    done = stox("test", "--config", lab.config)
    # Nobody is signed in at the far side: the partner sends the message back, and the test says so.
    check("without the receiver's password nothing is claimed", done.returncode == 1 and
          "xmpp_bounced" in done.stdout and "cannot be proved" in done.stdout, done.stdout + done.stderr)
    lab.end()


def interrupted(folder):
    done = stox("lab", "--test", "--fault", "sip-silence", "--timeout", "1.25")
    check("a time-out is told as it was given", "within 1.250000 s" in done.stdout, done.stdout)
    for fault, phase, more in (("gateway-drops", "deliver", []), ("xmpp-silence", "xmpp.tls", []),
                               ("sip-silence", "sip.register", []), ("gateway-one-way", "answer", []),
                               (None, "sip.send", ["--count", "2", "--interval", "60"])):
        lab = Lab(folder / "lab", *(["--fault", fault] if fault else []))
        proc = subprocess.Popen([STOX, "test", "--config", lab.config, "--timeout", "60", *more],
                                stdout=subprocess.PIPE, text=True)
        await_rest(proc, lab.proc)
        proc.send_signal(signal.SIGINT)
        out, _ = proc.communicate(timeout=10)
        check(f"Ctrl-C cleans up and prints what is known: {phase}", proc.returncode == 3 and
              f"[local_interrupted in {phase}]" in out and out.startswith("Target Fqdn"), out)
        lab.end()


# What a fault of the way between the two users is where the XMPP user writes first.
FAULTS_FROM = (
    ("gateway-one-way", "im_not_received", "deliver"),
    ("answer-bounces", "xmpp_gateway_timeout", "deliver"),
    ("gateway-duplicates-answer", "im_duplicated", "deliver"),
    ("gateway-bounces", "im_bounced", "answer"),
    ("partner-unknown-user", "xmpp_bounced", "answer"),
    ("gateway-alters", "im_altered", "answer"),
    ("gateway-wrong-sender", "im_wrong_sender", "answer"),
    ("gateway-duplicates", "im_duplicated", "answer"),
)


def from_the_partner(folder):
    for fault, reason, phase in FAULTS_FROM:
        lab = Lab(folder / "lab", "--fault", fault)
        done = stox("test", "--config", lab.config, "--direction", "from", "--timeout", "4", "--no-trace", "-f", "json")
        error = json.loads(done.stdout)["error"] or {}
        check(f"{fault} where the XMPP user writes first: {reason} in {phase}", done.returncode == 1 and
              (error.get("reason"), error.get("phase")) == (reason, phase), done.stdout + done.stderr)
        lab.end()


with tempfile.TemporaryDirectory() as name:
    success()
    bad_input(Path(name))
    for scene in (other_process, by_name, loose_secret, without_password, from_the_partner, interrupted):
        folder = Path(name) / scene.__name__
        folder.mkdir()
        scene(folder)
sys.exit(1 if FAILED else 0)
