"""Every form of a result, read by a reader of others; where it goes; the monitoring plugin."""

import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

from labs import Lab
from readers import (FLAWS, READERS, SCHEMA, VALIDATOR, WITHOUT_LIMIT, Flaw, plugin_line, read_json, read_junit)

STOX = os.path.abspath(sys.argv[1])
BUILD = Path(STOX).parent
TOP = Path(__file__).resolve().parents[2]
FORMS = ("text", "json", "junit", "tap", "nagios", "prometheus", "cloudprober")
FAILED = []


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def run(args, **more):
    more.setdefault("env", {**os.environ, "HOME": "/nonexistent", "XDG_CONFIG_HOME": "", "STOX_CONFIG": ""})
    return subprocess.run(args, capture_output=True, text=True, timeout=60, **more)


def stox(*args, **more):
    return run([STOX, *args], **more)


def read_all(name, folder, stem):
    """All forms of one result are sound, and see the same failure."""
    want = "nothing yet"
    for form, reader in READERS.items():
        try:
            seen = reader(folder / f"{stem}.{form}")
        except FLAWS as why:
            check(f"{name}: {form} is read", False, why)
            continue
        if form == "json":
            want = seen
        limited = want and want[0] == "max_latency" and form in WITHOUT_LIMIT
        check(f"{name}: {form} is read, and says {seen}", seen == (None if limited else want), want)
    return want


def samples(folder):
    done = run([str(BUILD / "report_samples"), str(folder)])
    check("the samples are written", done.returncode == 0, done.stderr)
    names = sorted(p.stem for p in folder.glob("*.json"))
    check("there are samples", len(names) >= 15 and "hostile" in names, names)
    for name in names:
        read_all(name, folder, name)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    bent = json.loads((folder / "refused.json").read_text())
    for key, value in (("more", 1), ("proof", "some"), ("error", None), ("latency_seconds", "1")):
        check(f"the schema refuses {key}={value!r}", not VALIDATOR.is_valid({**bent, key: value}))


# ---- the built binary


def every_form(name, folder, want):
    """One test, all forms of it at once; standard output has its own."""
    with Lab(folder / "lab", *(["--fault", name] if want else [])) as lab:
        outputs = [f"--output={form}={folder}/got.{form}" for form in FORMS]
        done = stox("test", "--config", lab.config, "--timeout", "2" if want else "10", *outputs)
    status, seen = (1, want) if want else (0, None)
    got = read_all(name, folder, "got")
    text = (folder / "got.text").read_text()
    check(f"{name}: exit status and reason", done.returncode == status and got == seen and
          (not want or f"[{want[0]} in {want[1]}]" in text), (done, got))
    check(f"{name}: standard output has the text form too", done.stdout == text, done.stdout)
    files = sorted(p.name for p in folder.iterdir() if p.is_file())
    check(f"{name}: nothing else is left, and all can be read by others",
          files == sorted(f"got.{f}" for f in FORMS) and
          all(stat.S_IMODE((folder / f).stat().st_mode) == 0o644 for f in files), files)


def live(folder):
    cases = (
        ("success", None),
        ("wrong-password", ("sip_bad_credentials", "sip.register")),
        ("expired-certificate", ("tls_cert_expired", "sip.tls")),
        ("partner-not-allowed", ("sip_partner_not_allowed", "sip.send")),
        ("partner-unknown-user", ("xmpp_bounced", "deliver")),
        ("gateway-drops", ("im_not_delivered", "deliver")),
    )
    for name, want in cases:
        (folder / name).mkdir()
        every_form(name, folder / name, want)


def as_nobody():
    """What only another user may not: root may all."""
    top = Path(tempfile.mkdtemp(dir="/tmp"))
    top.chmod(0o1777)
    theirs, closed = top / "theirs", top / "closed"
    theirs.write_text("kept")
    theirs.chmod(0o666)
    closed.mkdir(0o755)
    (closed / "x").write_text("kept")
    (closed / "x").chmod(0o666)
    program = shutil.copy(STOX, closed)  # where this one is, others may not be able to go
    user = ["--target", "p.test", "--receiver", "a@x.test", "--user", "u@p.test", "--password-file", "/none"]
    for name, path in (("another's file in a sticky folder", theirs), ("a folder of another", closed / "y"),
                       ("a file in a folder of another", closed / "x")):
        done = run([program, "test", *user, f"--output=json={path}"], user=65534, cwd="/")
        check(f"{name} is refused before anything else", done.returncode == 2 and not done.stdout and
              re.fullmatch(rf"stox test: {path}: .*(not permitted|denied)\n", done.stderr), done)
    check("and kept", theirs.read_text() == "kept" and sorted(os.listdir(top)) == ["closed", "theirs"])
    shutil.rmtree(top)


def destinations(folder, lab):
    target = folder / "result.json"
    target.write_text("what was there before")
    before = target.stat().st_ino
    done = stox("test", "--config", lab.config, "--format", "json", f"--output=json={target}")
    check("a file is replaced as a whole", done.returncode == 0 and target.read_text() == done.stdout and
          target.stat().st_ino != before, done.stderr)
    done = stox("test", "--config", lab.config, "--output", "tap=-", "--output", f"text={folder}/text")
    check("- is standard output", done.stdout.startswith("TAP version 13\n") and
          (folder / "text").read_text().startswith("Target Fqdn"), done)
    done = stox("test", "--config", lab.config, "--output", "json=here.json", cwd=folder)
    check("a name without a folder is in the present one", done.returncode == 0 and
          read_json(folder / "here.json") is None, done.stderr)

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    kept = target.read_text()
    done = stox("test", "--config", lab.config, f"--output=json={target}", preexec_fn=small_files)
    check("a file that cannot be written keeps what it had, and the exit status says so",
          done.returncode == 3 and str(target) in done.stderr and target.read_text() == kept and
          len(list(folder.glob(".*"))) == 0, done)
    if os.geteuid() == 0:
        as_nobody()
    unwritten(lab)


def unwritten(lab):
    """What standard output does not take is said, by every command."""
    commands = ([STOX, "test", "--config", lab.config], [STOX, "help"], [STOX, "test", "--help"], [STOX, "--version"],
                [STOX, "explain"], [STOX, "explain", "--markdown"], [STOX, "lab", "--list-faults"],
                [STOX, "completion", "bash"])
    for command in commands:
        for where in ('>/dev/full', '>&-', '>&- <&-'):
            done = run(["sh", "-c", f'exec "$@" {where}', "sh", *command])
            check(f"{' '.join(command[1:3])} {where}", done.returncode == 3 and
                  re.search("^stox: standard output could not be written", done.stderr, re.M), done)
    nothing = subprocess.Popen(["sh", "-c", 'exec "$0" lab <&- >&- 2>&-', STOX])
    for _ in range(100):
        held = [os.readlink(f"/proc/{nothing.pid}/fd/{fd}") for fd in range(3)
                if os.path.exists(f"/proc/{nothing.pid}/fd/{fd}")]
        if len(os.listdir(f"/proc/{nothing.pid}/fd")) > 10:
            break
        select.select([], [], [], 0.05)
    check("no socket has the number of a closed standard error", held == ["/dev/null"] * 3, held)
    nothing.send_signal(signal.SIGTERM)
    nothing.wait(timeout=20)


def write_out(folder, lab):
    def out(*args, **more):
        return stox("test", "--config", lab.config, *args, **more)

    done = out("--write-out", "%{result} %{exit_status} %{proof}%{reason}\\n")
    check("--write-out alone is all there is", done.stdout == "Success 0 answered\n" and done.returncode == 0, done)
    done = out("--format", "json", "-w", "%{latency} %{time_answer}\\n")
    last = done.stdout.splitlines()[-1].split()
    latency = json.loads(done.stdout[:done.stdout.rindex("}") + 1])["latency_seconds"]
    check("behind a form it is the last line; times are in seconds", last[0] == last[1] == f"{latency:.6f}", done.stdout)
    (folder / "format").write_text("%{target}\\n\r\n%{user}\\n\n%{receiver}\n")
    done = out("-w", f"@{folder}/format")
    check("@FILE: its own line ends do not count, as in curl",
          done.stdout == "pool.litware.test\npilar@litware.test\nadelany@contoso.test", done)
    done = out("-w", "@-", input="%{sip_transport} %{sip_tls_version}")
    check("@- is standard input", done.stdout == "tls TLSv1.3", done)
    done = out("-w", "%{stderr}%{xmpp_address}%{stdout}%{json}")
    check("%{json} is one line of the schema, %{stderr} goes there", done.stdout.count("\n") == 0 and
          VALIDATOR.is_valid(json.loads(done.stdout)) and re.fullmatch(r"127\.0\.0\.1:\d+", done.stderr), done)
    done = out("-w", "a%{onerror}b")
    check("%{onerror} keeps quiet about a success", done.stdout == "a", done)


def limits(folder, lab):
    done = stox("test", "--config", lab.config, "--max-latency", "0.0001", f"--output=json={folder}/o.json",
                f"--output=junit={folder}/o.junit", "-w", "%{exit_status} %{result}")
    check("a success over --max-latency is exit status 4", done.returncode == 4 and done.stdout == "4 Success" and
          read_json(folder / "o.json") == read_junit(folder / "o.junit") == ("max_latency", "latency"), done)
    done = stox("test", "--config", lab.config, "--max-latency", "9", "-w", "%{exit_status}")
    check("one below it is 0", (done.returncode, done.stdout) == (0, "0"), done)


def bad_input(folder, lab):
    """Each is named in one line, before anything is sent: the pool is a socket that hears all."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    link, fifo, there = folder / "link", folder / "fifo", folder / "there.json"
    link.symlink_to(there)
    os.mkfifo(fifo)
    there.write_text("kept")
    (folder / "bad-format").write_text("%{resalt}")
    cases = (
        ("an unknown form", ["--format", "xml"], "prometheus"),
        ("an unknown form for a file", ["--output", f"xml={there}"], "xml"),
        ("no file", ["--output", "json"], "FORMAT=FILE"),
        ("an empty file name", ["--output", "json="], "FORMAT=FILE"),
        ("a folder", ["--output", f"json={folder}"], "directory"),
        ("a name that ends in a slash", ["--output", f"json={folder}/"], "the name of a file"),
        ("a folder that is not there", ["--output", f"json={folder}/none/x"], "none/x"),
        ("a folder in which nothing can be made", ["--output", "json=/proc/x"], "/proc/x"),
        ("a link", ["--output", f"json={link}"], "link"),
        ("a pipe", ["--output", f"json={fifo}"], "regular"),
        ("two forms in one file", ["--output", f"json={there}", "--output", f"tap={folder}/./there.json"], "one file"),
        ("two forms on standard output", ["--format", "json", "--output", "tap=-"], "not json and tap"),
        ("twice standard output", ["--output", "json=-", "--output", "tap=-"], "not json and tap"),
        ("too many", ["--output", "json=/x"] * 17, "at most 16"),
        ("an unknown name", ["--write-out", "%{resalt}"], "%{result}"),
        ("an unknown name in a file", ["-w", f"@{folder}/bad-format"], "%{result}"),
        ("an open name", ["-w", "%{result"], "`}`"),
        ("a single %", ["-w", "100%"], "%%"),
        ("no such format file", ["-w", f"@{folder}/none"], "none"),
        ("a limit of nothing", ["--max-latency", "0"], "--max-latency"),
        ("a limit that the time-out hides", ["--max-latency", "10"], "time-out"),
        ("a limit that a shorter time-out hides", ["--max-latency", "3", "--timeout", "2.5"], "2.5 s"),
        ("a limit that is no number", ["--max-latency", "soon"], "seconds"),
        ("a plugin's line and another", ["--format", "nagios", "-w", "x"], "--write-out"),
        ("a plugin's status and another", ["--format", "nagios", "--max-latency", "1"], "--critical"),
        ("a plugin's line and another, in other words", ["--output", "nagios=-", "-w", "x"], "--write-out"),
        ("a range without a plugin", ["--warning", "1"], "--warning"),
        ("a range that is none", ["--output", f"nagios={there}", "--warning", "2:1"], "start"),
        ("a warning that can never be", ["--output", f"nagios={there}", "--warning", "5", "--critical", "2"], "never|ever"),
        ("both families", ["-4", "-6"], "-4 and -6"),
        ("an address of the other family", ["-6"], "IPv6"),
    )
    registrar = f"sip:127.0.0.1:{ear.getsockname()[1]};transport=udp"
    for name, args, word in cases:
        done = stox("test", "--config", lab.config, "--registrar", registrar, *args)
        plugin = "nagios" in args or "nagios=-" in args
        status, said, silent = (3, done.stdout, done.stderr) if plugin else (2, done.stderr, done.stdout)
        check(f"{name}: one line that names it", done.returncode == status and said.count("\n") == 1 and
              re.search(word, said) and not silent, done)
    check("what was there is as it was", there.read_text() == "kept" and not list(folder.glob(".*")),
          list(folder.iterdir()))
    ear.setblocking(False)
    try:
        check("nothing was sent", False, ear.recv(2000))
    except BlockingIOError:
        check("nothing was sent", True)
    ear.close()


# ---- the plugin

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")

THRESHOLD_READER = r"""
use Monitoring::Plugin::Threshold;
my $t = Monitoring::Plugin::Threshold->set_thresholds(warning => $ARGV[1] eq "" ? undef : $ARGV[1],
    critical => $ARGV[2] eq "" ? undef : $ARGV[2]);
print $t->get_status($ARGV[0]);
"""


def plugin(folder):
    link = folder / "check_stox"
    link.symlink_to(STOX)
    return lambda *args: run([str(link), *args])


def is_one(done, state):
    """A line of that state and its exit status, nothing on standard error."""
    try:
        got, _, figures = plugin_line(done.stdout)
    except Flaw:
        return False
    return (got == state and done.returncode == STATES.index(state) and not done.stderr and
            (state not in ("OK", "WARNING") or figures["time"]["value"] != "U"))


def ranges(check_stox, lab):
    """The same ranges, judged by ours and by Debian's reader of the guidelines."""
    for warning, critical in (("5", "8"), ("0.000001", ""), ("", "0.000001"), ("0.000001", "0.000002"), ("@0:9", ""),
                              ("~:5", "8:"), ("5:", "@7:9"), ("@5:6", "@7:8"), ("0.000001:9", "@8:9")):
        args = [f"--{n}={v}" for n, v in (("warning", warning), ("critical", critical)) if v]
        done = check_stox("--config", lab.config, *args)
        state, _, figures = plugin_line(done.stdout)
        time = figures.get("time", {"value": 0, "warning": None, "critical": None})
        wanted = run(["perl", "-e", THRESHOLD_READER, str(time["value"]), warning, critical])
        check(f"-w {warning or '-'} -c {critical or '-'}: {state}", wanted.stdout == str(done.returncode) and
              state == STATES[done.returncode], (done.stdout, wanted.stdout, wanted.stderr))


def plugin_states(folder, lab):
    check_stox = plugin(folder)
    config = ("--config", lab.config)
    secret = folder / "secret"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    check("OK", is_one(check_stox(*config), "OK"), check_stox(*config))
    check("OK over IPv4", is_one(check_stox(*config, "-4", "-t", "5", "-H", "pool.litware.test"), "OK"))
    ranges(check_stox, lab)
    away = check_stox("-H", "pool.nowhere.invalid", "--receiver", "adelany@contoso.test", "--user", "u@nowhere.invalid",
                      "--password-file", str(secret), "-t", "1")
    check("an error of the DNS is CRITICAL", is_one(away, "CRITICAL"), away)
    done = check_stox(*config, "-v")
    lines = done.stdout.splitlines()
    check("-v has more lines", len(lines) > 3 and "Result        : Success" in lines and "|" in lines[0] and
          done.returncode == 0, done.stdout)
    done = check_stox(*config, "-vvv")
    check("-vvv has all messages, on standard error", "SIP  -->" in done.stderr and "SIP  -->" not in done.stdout and
          done.stdout.startswith("STOX OK: "), done)
    for name, args in (("an unknown option", ["--foo"]), ("no value", ["-H"]), ("a word", ["pool.litware.test"]),
                       ("a range that is none", [*config, "-w", "x"]), ("ranges in the wrong order", [*config, "-w", "5", "-c", "2"]),
                       ("a range that the time-out hides", [*config, "-c", "20"]), ("no such configuration", ["--config", "/none"]),
                       ("no user", ["-H", "p.test"]), ("an address of the other family", [*config, "-6"]),
                       ("a secret that is not there", ["-H", "p.test", "--user", "u@p.test", "--receiver", "a@x.test",
                                                       "--password-file", "/none"])):
        done = check_stox(*args)
        check(f"{name} is UNKNOWN", is_one(done, "UNKNOWN") and done.stdout.count("\n") == 1, done)
    done = check_stox("--help")
    check("--help is exit status 3", done.returncode == 3 and done.stdout.startswith("usage: check_stox [options]\n"))
    done = check_stox("-V")
    check("--version is exit status 3", done.returncode == 3 and re.fullmatch(r"check_stox \d+\.\d+\.\d+\n", done.stdout))
    done = stox("test", *config, "--format", "nagios", "--warning", "0.000001")
    check("stox test --format nagios is the same line and status", is_one(done, "WARNING"), done)


def plugin_failures(folder):
    check_stox = plugin(folder)
    with Lab(folder / "lab", "--fault", "gateway-drops") as lab:
        done = check_stox("--config", lab.config, "-t", "1", "-w", "0.5")
    check("a time-out is CRITICAL", is_one(done, "CRITICAL") and "im_not_delivered" in done.stdout, done)
    done = check_stox("--config", lab.config, "-t", "1")
    check("a refused connection is CRITICAL", is_one(done, "CRITICAL") and "tcp_refused" in done.stdout, done)


# ---- what is shipped


def options_of(text):
    return set(re.findall(r"(?<![\w-])--?[A-Za-z0-9][\w-]*", text))


def samples_of_etc(folder):
    link = folder / "check_stox"
    link.symlink_to(STOX)
    known = options_of(run([str(link), "--help", "all"]).stdout)
    for name in ("icinga2-stox.conf", "nagios-stox.cfg"):
        text = re.sub(r"^\s*(#|//|/?\*).*$", "", (TOP / "etc" / name).read_text(), flags=re.M)
        used = options_of(text)
        check(f"etc/{name} uses options that there are", len(used) > 5 and used <= known, used - known)
    for unit, command in (("stox-textfile", "test"), ("stox-gateway", "gateway")):
        text = (TOP / f"etc/{unit}.service").read_text()
        start = re.search(rf"^ExecStart=\S*stox ({command} .*)$", text, re.M).group(1)
        known = options_of(stox(command, "--help", "all").stdout)
        check(f"etc/{unit}.service uses options that there are", options_of(start) and options_of(start) <= known, start)
    units = set(re.findall(r"(?:systemctl \S+|journalctl -u) (stox\S+)", (TOP / "doc/reasons.md").read_text()))
    check("the units that steps name are there", units and all((TOP / f"etc/{u.strip('`')}.service").is_file()
          for u in units), units)


def installed(folder):
    done = run(["cmake", "--install", str(BUILD), "--prefix", str(folder)])
    link = folder / "bin/check_stox"
    check("check_stox is installed as a link that works", done.returncode == 0 and link.is_symlink() and
          run([str(link), "-V"]).returncode == 3, done)
    schema = folder / "share/stox/stox.test.schema.json"
    check("the schema is installed", schema.is_file() and json.loads(schema.read_text()) == SCHEMA)


with tempfile.TemporaryDirectory() as top:
    for scene in (samples, live, plugin_failures, samples_of_etc, installed):
        folder = Path(top) / scene.__name__
        folder.mkdir()
        scene(folder)
    (Path(top) / "one").mkdir()
    with Lab(Path(top) / "one") as one:
        for scene in (destinations, write_out, limits, bad_input, plugin_states):
            folder = Path(top) / scene.__name__
            folder.mkdir()
            scene(folder, one)
sys.exit(1 if FAILED else 0)
