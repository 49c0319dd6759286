"""New-CsXmppAllowedPartner and Set-CsXmppGatewayConfiguration: what they print can stand in the example file, which is checked."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from labs import STOX

TOP = Path(__file__).resolve().parents[2]
PARTNER, GATEWAY = "New-CsXmppAllowedPartner", "Set-CsXmppGatewayConfiguration"
DEFAULTS = ["type: public-unverified", "tls: required", "sasl: required", "dialback: true"]
# A command line as a shell has it, lines of what is printed, and what is told beside them.
PRINTED = [
    (f"{PARTNER} fabrikam.test", ["- domain: fabrikam.test", "additional_domains: []", *DEFAULTS], ""),
    (f"{PARTNER} -Identity fabrikam.test -PartnerType Federated -AdditionalDomains 'im.fabrikam.test, b.fabrikam.test' -Description 'since: 2014'",
     ["- domain: fabrikam.test", "# since: 2014", "additional_domains: [im.fabrikam.test, b.fabrikam.test]", "type: federated"], ""),
    (f"{PARTNER} gmail.test -TlsNegotiation NotSupported -SaslNegotiation NotSupported -EnableKeepAlive '$false' -SupportDialbackNegotiation '$true'",
     ["- domain: gmail.test", "tls: none", "sasl: none", "dialback: true"], "-EnableKeepAlive has no meaning here: the XMPP server makes the links"),
    (f"{PARTNER.lower()} –dom:fabrikam.test -part publicverified -tls:optional -sasl optional -supp '$FALSE' -conn 5 -proxy edge.test -whatif",
     ["type: public-verified", "tls: optional", "sasl: optional", "dialback: false"], "-ProxyFqdn has no meaning here: "),
    (f"{PARTNER} a.test -Instance x", ["- domain: a.test"], "-Instance has no meaning here: there are no objects"),
    (f"{GATEWAY} -StreamEstablishmentTimeout 60 -DialbackPassphrase abc123",
     ["# StreamEstablishmentTimeout 60: ", "# DialbackPassphrase ***: "], ""),
    (f"{GATEWAY} -Identity global -ConnectionLimit 1 -PartnerConnectionLimit 2 -StreamInactivityTimeout 3 -KeepAliveInterval 4 "
     "-SubscriptionRefreshInterval 5 -EnableLoggingAllMessageBodies '$true'",
     ["# ConnectionLimit 1: ", "# PartnerConnectionLimit 2: ", "# StreamInactivityTimeout 3: ", "# KeepAliveInterval 4: ",
      "# SubscriptionRefreshInterval 5: presence is not carried yet", "# EnableLoggingAllMessageBodies $true: a body is never logged"], ""),
]
REFUSED = [
    (PARTNER, "-Domain is missing"),
    (f"{PARTNER} 'a b'", "`domain` must be a domain name"),
    (f"{PARTNER} 'a.test: {{}}'", "-Domain must be a domain"),
    (f"{PARTNER} a.test -AdditionalDomains '@{{Add=\"b.test\"}}'", "such as a.test,b.test"),
    (f"{PARTNER} a.test -AdditionalDomains a.test", "is here twice"),
    (f"{PARTNER} a.test -PartnerType Public", "-PartnerType must be PublicUnverified, PublicVerified or Federated, not Public"),
    (f"{PARTNER} a.test -Support $true -Tls Optional", "-SupportDialbackNegotiation needs a value ($true and the like have to be quoted"),
    (f"{PARTNER} a.test -Support maybe", "must be '$true' or '$false', not maybe"),
    (f"{PARTNER} a.test -Tls NotSupported -Support '$false'", "can prove its name by `dialback: true` only"),
    (f"{PARTNER} a.test -D x", "-D is the beginning of more than one parameter"),
    (GATEWAY, "no setting was given"),
    (f"{GATEWAY} -StreamCompression x", "there is no parameter -StreamCompression"),
]
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}")
    failed += not ok


def run(folder, line, **env):
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **env})
    return done.returncode, done.stdout, done.stderr


def prepare(folder):
    """The example, and all the files that it names."""
    for name in (PARTNER, GATEWAY, PARTNER.lower()):
        (folder / name).symlink_to(STOX)
    (folder / "secrets").mkdir()
    for name in ("pilar", "adelany", "component"):
        (folder / "secrets" / name).touch(0o600)
        (folder / "secrets" / name).write_text(name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
                    "-out", "litware-ca.pem", "-subj", "/CN=ca", "-days", "90"], cwd=folder, check=True, capture_output=True)


def in_the_example(folder, printed):
    """Below `partners:`, as the printed line says."""
    lines = (TOP / "etc/stox.yaml").read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("partners:"))
    (folder / "stox.yaml").write_text("".join(lines[:at + 1]) + printed + "".join(lines[at + 1:]))
    return run(folder, f"{STOX} check config -c stox.yaml --strict")


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    prepare(folder)
    check("the example itself is sound", in_the_example(folder, "")[0] == 0, in_the_example(folder, ""))
    for line, lines, told in PRINTED:
        before = sorted(path.name for path in folder.iterdir())
        status, out, err = run(folder, line)
        check(line, status == 0 and all(want in out for want in lines) and told in err and (told or not err), (status, out, err))
        check("it changes nothing, and no secret is repeated", sorted(path.name for path in folder.iterdir()) == before and "abc123" not in out + err)
        checked = in_the_example(folder, out)
        check("it can stand in the example", checked[0] == 0, checked)
        (folder / "stox.yaml").unlink()
    for line, told in REFUSED:
        status, out, err = run(folder, line)
        check(f"{line}: refused", status == 2 and told in err and not out, (status, out, err))
    status, out, err = run(folder, f"{PARTNER} -Domain a.test -Description {'x' * 70000}")
    check("what is too long is no success without a line", status == 2 and not out and err, (status, out[:200], err))
    for name in (PARTNER, GATEWAY):
        status, out, _ = run(folder, f"{name} --help", LC_ALL="fr_FR.UTF-8")
        check(f"{name}: help, in French", status == 0 and out.startswith("utilisation"), out)
sys.exit(failed > 0)
