"""What the pages of doc/ say is so: each line that troubleshooting.md quotes is one that the program prints, a message of the
catalogue or words of the log; migration.md has every parameter; each link leads to a page."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
STOX = sys.argv[1]
SOURCES = "\n".join(path.read_text() for path in sorted((TOP / "src").glob("**/*.c")))
FAILED = []


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}")
    if not ok:
        FAILED.append(name)
        print(evidence)


def messages():
    """The English of the catalogue."""
    text = subprocess.run(["msgcat", "--no-wrap", TOP / "po/stox.pot"], capture_output=True, text=True, check=True).stdout
    return [re.sub(r"\\(.)", r"\1", m) for m in re.findall(r'^msgid "(.+)"$', text, re.M)]


def has_message(line, catalogue):
    """A word in capitals of the page stands for {1}, or for a word in backquotes."""
    words = [re.escape(piece) for piece in re.split(r"\b[A-Z]{4,}\b", line)]
    wanted = re.compile(r"(?:\{\d\}|`\w+`)".join(words))
    return any(wanted.match(message) for message in catalogue)


def has_log_words(line):
    """`sip cannot-listen address=ADDRESS`: the event, each key, and each value that is no word in capitals."""
    subsystem, event, *rest = re.findall(r'\S+="[^"]*"|\S+', line)
    found = (re.search(rf'"{subsystem}",\s*(?:err == ELOOP \? )?"{event}"|"{subsystem} {event}', SOURCES) or
             re.search(rf'"{subsystem}",[^;]{{0,80}}"{event}"', SOURCES))
    for field in rest:
        key, value = field.split("=", 1)
        value = value.strip('"')
        known = value.isupper() or value in SOURCES or value == "address already in use"
        found = found and (f'"{key}"' in SOURCES or f" {key}=" in SOURCES) and known
    return found


# As the reference of Lync Server 2013 and Skype for Business Server 2015 has them.
PARAMETERS = {
    "Test-CsXmppIM": "TargetFqdn Receiver UserSipAddress UserCredential RegistrarPort Authentication OutLoggerVariable "
                     "OutVerboseVariable Force Verbose Debug ErrorAction ErrorVariable WarningAction WarningVariable OutVariable "
                     "OutBuffer PipelineVariable BypassDualWrite HybridOnlineUserAuthentication HybridOnlineUserCredential "
                     "IsHybridOnlineUser IsPoolInMaintenanceMode TelemetryTenantToken TimeToWriteLogToConsole",
    "New-CsXmppAllowedPartner": "Domain Identity AdditionalDomains ConnectionLimit Description EnableKeepAlive PartnerType ProxyFqdn "
                                "SaslNegotiation SupportDialbackNegotiation TlsNegotiation Instance Confirm Force InMemory WhatIf",
    "Set-CsXmppGatewayConfiguration": "Identity ConnectionLimit PartnerConnectionLimit StreamEstablishmentTimeout "
                                      "StreamInactivityTimeout KeepAliveInterval SubscriptionRefreshInterval DialbackPassphrase "
                                      "EnableLoggingAllMessageBodies Confirm Force Instance WhatIf",
    "New-CsHealthMonitoringConfiguration": "Identity TargetFqdn FirstTestUserSipUri FirstTestSamAccountName SecondTestUserSipUri "
                                           "SecondTestSamAccountName Confirm Force InMemory WhatIf",
}


def migration():
    page = (TOP / "doc/migration.md").read_text()
    keys = set(re.findall(r"^\.It Ic (?:[a-z_\[\]]+\.)*([a-z_]+)", (TOP / "doc/stox.yaml.5").read_text(), re.M))
    for name, parameters in PARAMETERS.items():
        section = re.search(rf"^## {name}.*?(?=^## |\Z)", page, re.M | re.S)[0]
        left = [cell for line in re.findall(r"^\| (.*?) \|", section, re.M) for cell in re.split(r", | \(", line)]
        missing = set(parameters.split()) - set(left)
        check(f"migration.md has every parameter of {name}", not missing, missing)
    unknown = {key for key in re.findall(r"`(?:pools|partners)\[\]\.(?:[a-z_\[\]]+\.)*([a-z_]+)`", page)} - keys
    check("migration.md names keys that there are", not unknown, unknown)


def links():
    for path in [TOP / "README.md", *sorted((TOP / "doc").glob("**/*.md"))]:
        for link, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", path.read_text()):
            target = path.parent / link if link else path
            names = [re.sub(r"[^\w -]", "", head.lower()).strip().replace(" ", "-")
                     for head in re.findall(r"^#+ (.*)$", target.read_text(), re.M)] if target.suffix == ".md" and target.is_file() else []
            check(f"{path.name}: {link}#{anchor}", target.exists() and (not anchor or anchor in names))


def troubleshooting():
    page = (TOP / "doc/troubleshooting.md").read_text()
    catalogue = [*messages(), "{1}: no such file or directory"]
    reasons = subprocess.run([STOX, "explain"], capture_output=True, text=True, check=True, env={"LANG": "C"}).stdout
    lines = re.findall(r"^### `(.*)`$", page, re.M)
    check("every symptom is a line", len(lines) > 20 and len(lines) == page.count("\n### "), lines)
    for line in lines:
        reason = re.fullmatch(r"\[(\w+) in ([a-z.]+)\]", line)
        if reason:
            check(line, re.search(rf"^{reason[1]} ", reasons, re.M) and f'"{reason[2]}"' in SOURCES)
        elif re.match(r"(sip|xmpp|config|gateway|watch|alert|http) [a-z-]+( |$)", line):
            check(line, has_log_words(line))
        else:
            check(line, has_message(line, catalogue))
    for cause in re.findall(r"^\| `([a-z -]+)` \|", page, re.M):
        check(f"the cause {cause}", f'"{cause}"' in SOURCES or cause == "connection refused")


troubleshooting()
migration()
links()
sys.exit(1 if FAILED else 0)
