"""French, English and a made-up language: everything for people is translated, and nothing that programs read."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

STOX = Path(sys.argv[1]).resolve()
TOP = Path(__file__).resolve().parents[2]
FAILED = []
ENV = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
FRENCH = {"LANG": "fr_FR.UTF-8"}
LABELS = ["Nom de domaine complet cible :", "Résultat                     :", "Latence                      :",
          "Message d’erreur             :", "Diagnostic                   :", "Testé                        :"]
# Fast ones of every layer.
FAULTS = ["dns-nxdomain", "tcp-refused", "expired-certificate", "wrong-name-certificate", "wrong-password",
          "sip-forbidden", "sip-garbage", "partner-not-allowed", "gateway-alters", "xmpp-wrong-password",
          "xmpp-ill-formed", "partner-unknown-user", "unreadable-secret", "no-network"]


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def stox(*args, env=None, binary=STOX, cwd=None):
    return subprocess.run([binary, *args], capture_output=True, text=True, timeout=60, cwd=cwd,
                          env={**ENV, **(env if env is not None else FRENCH)})


def environment():
    french, english = "utilisation\u00a0: stox", "usage: stox"
    cases = (
        ({"LANG": "fr_FR.UTF-8"}, french),  # whether or not it was generated on this machine
        ({"LANG": "fr"}, french),
        ({"LANG": "fr_CA.ISO-8859-1"}, "utilisation : stox"),  # what every terminal can show
        ({"LC_ALL": "fr_FR.UTF-8", "LANG": "C"}, french),
        ({"LC_MESSAGES": "fr_FR.UTF-8", "LANG": "en_US.UTF-8"}, french),
        ({"LANGUAGE": "fr", "LANG": "C.UTF-8"}, french),
        ({"LANGUAGE": "tlh:fr", "LANG": "en_US.UTF-8"}, french),
        ({"LANGUAGE": "en:fr", "LANG": "fr_FR.UTF-8"}, english),
        ({"LANGUAGE": "fr", "LANG": "C"}, english),
        ({"LANGUAGE": "fr", "LC_ALL": "POSIX", "LANG": "fr_FR.UTF-8"}, english),
        ({"LC_ALL": "C", "LANG": "fr_FR.UTF-8"}, english),
        ({"LANG": "tlh"}, english),
        ({}, english),
    )
    for env, want in cases:
        out = stox("--help", env=env).stdout
        check(f"{env}: {want.split()[0]}", out.startswith(want), out)
    out = stox("explain", "tls_name_mismatch", env={"LC_ALL": "fr_FR.ISO-8859-1"}).stdout
    check("a locale of other characters gets plain letters", out.isascii() and "?" not in out and " est " in out, out)


def french():
    out = stox("lab", "--test").stdout
    lines = out.splitlines()
    check("the labels are those French administrators know", len(lines) == 6 and
          all(line.startswith(label) for line, label in zip(lines, LABELS)) and lines[1].endswith(": Réussite"), out)
    done = stox("lab", "--test", "--fault", "partner-not-allowed")
    check("a failure in French, its identifiers as ever", done.returncode == 1 and
          "contoso.test n’est pas un partenaire autorisé de la passerelle (403 Not An Allowed Partner" in done.stdout
          and "[sip_partner_not_allowed dans sip.send]" in done.stdout and ": Échec\n" in done.stdout, done.stdout)
    done = stox("lab", "--test", "--fault", "sip-silence", "--timeout", "1.5")
    check("seconds have a comma", "1,5\u00a0s" in done.stdout, done.stdout)
    err = stox("test", "--formt").stderr.replace("\u00a0", " ")
    check("errors of usage", "option inconnue « --formt » ; vouliez-vous dire « --format » ?" in err, err)
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder) / "stox.yaml"
        conf.write_text("pools:\n  - fqdn: p.test\n    domains: [p.test]\n    registar: sip:p.test\n")
        err = stox("test", "--config", str(conf)).stderr
        check("the configuration's errors keep their place", err.startswith(f"{conf}:4:5: clé inconnue") and
              "registrar" in err, err)
        err = stox("test", "--config", f"{folder}/none.yaml").stderr
        check("the system's errors", err == f"{folder}/none.yaml\u00a0: fichier ou dossier inexistant\n", err)
    out = stox("check", "pool", "pool.invalid", "--registrar", "sip:127.0.0.1:9;transport=tcp", "--dns", "127.0.0.1:9",
               "--timeout", "2").stdout
    check("a sweep in French", out.splitlines()[1].endswith(": Échec") and "[tcp_refused dans connect]" in out, out)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        stox("lab", "--test", "--trace", str(page))
        text = page.read_text()
        check("the page of a trace in French", '<html lang="fr">' in text and "Réussite" in text, text[:2000])
    out = stox("explain", "tls_cert_expired").stdout
    check("a reason is explained", out.startswith("tls_cert_expired\u00a0: Le certificat du serveur a expiré.\n") and
          "Que faire\u00a0:" in out and "$ openssl s_client" in out, out)
    check("doc/reasons.md is English everywhere", stox("explain", "--markdown").stdout ==
          (TOP / "doc/reasons.md").read_text())


def strings_of(value, path=""):
    """Every key, and every string with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings_of(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner, f"{path}[]")
    else:
        yield path, value


# What is for people in the JSON: all else must be the same in both languages.
FOR_PEOPLE = re.compile(r"\.(error\.message|.*\.text|.*\.message|.*\.detail|diagnosis\..*|.*\.meaning|.*\.range)(\[\])?$")
VARY = re.compile(r"\.(started_at|latency_seconds|.*_seconds|.*address|.*not_(before|after)|.*subject|.*issuer|.*server|"
                  r"phases\[\]\..*|.*offset)$")


def identifiers():
    for fault in FAULTS:
        made = [stox("lab", "--test", "--fault", fault, "--format", "json", env=env) for env in (FRENCH, {})]
        fr, en = (json.loads(done.stdout) for done in made)
        pairs = [dict(strings_of(one)) for one in (fr, en)]
        stable = [{p: v for p, v in one.items() if not FOR_PEOPLE.search(p) and not VARY.search(p)} for one in pairs]
        check(f"{fault}: the same fields, identifiers and exit status", made[0].returncode == made[1].returncode and
              pairs[0].keys() == pairs[1].keys() and stable[0] == stable[1], json.dumps([fr, en], indent=1))
        check(f"{fault}: the message is French", fr["error"]["message"] != en["error"]["message"] and
              fr["diagnosis"]["cause"] != en["diagnosis"]["cause"], fr["error"]["message"])


# ---- a language in which everything stands in brackets ----

def bracketed(prefix):
    folder = Path(prefix) / "share/locale/art/LC_MESSAGES"
    folder.mkdir(parents=True)
    (Path(prefix) / "bin").mkdir()
    shutil.copy(STOX, Path(prefix) / "bin/stox")
    entries, current = [], []
    for line in (TOP / "po/stox.pot").read_text().splitlines():
        if line.startswith("msgid "):
            current = [line[7:-1]]
        elif line.startswith('"'):
            current.append(line[1:-1])
        elif line.startswith("msgstr ") and "".join(current):
            sentence = "".join(current)
            entries.append(f'msgid "{sentence}"\nmsgstr "⟦{sentence}⟧"\n')
    po = Path(prefix) / "art.po"
    po.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + "\n".join(entries))
    subprocess.run(["msgfmt", "-o", folder / "stox.mo", po], check=True)
    return Path(prefix) / "bin/stox"


def rest(text):
    """What stands in no brackets."""
    while True:
        shorter = re.sub(r"⟦[^⟦⟧]*⟧", "", text)
        if shorter == text:
            return text
        text = shorter


# Names of commands, options, forms, shells and files, addresses, numbers.
ALLOWED = re.compile(r"--?[a-z0-9-]+|\bstox( [a-z]+)?( --config \S+)?|%\{?\w*\}?|\S*[/:@._=]\S*|[0-9.]+|\b(ms|s)\b")


def nothing_escapes(prefix):
    binary = bracketed(prefix)
    env = {"LANG": "art"}
    out = stox("--help", env=env, binary=binary).stdout
    check("a moved tree finds its catalogue", "⟦usage: stox COMMAND [options]⟧" in out, out)
    commands = re.findall(r"^  ([a-z]+) ", out, re.M)
    check("--help: nothing is left untranslated", not re.search(r"[a-z]{2,} [a-z]{2,}", rest(out)), rest(out))
    for command in commands:
        out = "".join(stox(command, "--help", *which, env=env, binary=binary).stdout for which in ((), ("all",)))
        left = ALLOWED.sub("", rest(re.sub(r"names of --write-out.*", "", out, flags=re.S)).replace("[all]", ""))
        names = "|".join(["text", "json", "junit", "tap", "nagios", "prometheus", "cloudprober", "status", "messages", "partners", "reload", "log"])
        left = re.sub(rf"\b({names})\b", "", left)
        check(f"{command} --help: nothing is left untranslated", not re.search(r"[A-Za-z]{2,}", left), left)
    for name, args, words in (
            ("explain", ["explain"], r"^[a-z_]+$"), ("faults", ["lab", "--list-faults"], r"^[a-z-]+$"),
            ("a reason", ["explain", "dns_timeout"], r"^(dns_timeout|sip|xmpp|resolve|stox|test|cat|dig|HOST|PORT|ADDRESS|"
             r"DNS_\w+|etc|resolv|conf|dns)$")):
        out = stox(*args, env=env, binary=binary).stdout
        left = [w for w in re.findall(r"[A-Za-z_-]{2,}", rest(out)) if not re.match(words, w.lstrip("-@"))]
        check(f"{name}: nothing is left untranslated", out and not left, left)
    bad = [["test", "--formt"], ["test", "--timeout", "x"], ["test", "--target"], ["test", "x"], ["tset"],
           ["test", "--target", "p.test"], ["lab", "--fault", "fire"], ["explain", "nothing"], ["gateway"],
           ["test", "--color", "pink"], ["test", "--format", "xml"], ["test", "-w", "%{resalt}"], ["completion", "csh"],
           ["test", "--warning", "x", "--format", "nagios"], ["help", "nothing"], ["test", "--config", "/nonexistent"]]
    for args in bad:
        err = stox(*args, env=env, binary=binary).stdout + stox(*args, env=env, binary=binary).stderr
        left = ALLOWED.sub("", rest(err.replace("STOX UNKNOWN: ", "")))
        check(f"{' '.join(args)}: the error is translated", "⟦" in err and not re.search(r"[a-z]{2,}", left), err)
    out = stox("check", "pool", "pool.invalid", "--registrar", "sip:127.0.0.1:9;transport=tcp", "--dns", "127.0.0.1:9",
               "--timeout", "2", "-v", env=env, binary=binary).stdout
    left = re.sub(r"(nc|ss) .*|\S*pool.invalid .*|tcp_refused|\S*[./:]\S*|\btcp\b", "", rest(out))
    check("a sweep: nothing is left untranslated", "⟦RESULT⟧" in out and not re.search(r"[A-Za-z]{3,}", left), out + left)
    page = Path(prefix) / "page.html"
    stox("lab", "--test", "--fault", "sip-rejected", "--trace", str(page), env=env, binary=binary)
    text = html.unescape(re.sub(r"<(style|script|pre|svg).*?</\1>|<[^>]*>", "\n", page.read_text(), flags=re.S))
    lines = [line.strip() for line in rest(text).splitlines() if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", line)]
    check("the page of a trace: no sentence is left untranslated", "⟦Likely causes, likeliest first⟧" in text and not lines,
          lines)
    for fault in FAULTS:
        out = stox("lab", "--test", "-v", "--fault", fault, env=env, binary=binary).stdout
        message = re.search(r"⟦Error Message⟧ *: (.*)", out)[1]
        steps = re.findall(r"^ +[0-9]\. (.*)", out, re.M)
        causes = re.findall(r"^  - (.*)", out, re.M)
        ok = all(text.startswith("⟦") for text in [message, *steps, *causes]) and steps and causes
        check(f"{fault}: message, causes and steps are translated", ok and rest(message).strip(" ") == "", out)


environment()
french()
identifiers()
with tempfile.TemporaryDirectory() as name:
    nothing_escapes(name)
sys.exit(1 if FAILED else 0)
