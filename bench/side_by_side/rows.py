"""What an administrator breaks: each row changes a set-up before it starts, or stops what runs."""

import signal
import subprocess
from dataclasses import dataclass
from typing import Callable, Optional

from peers import PARTNER, POOL, SipPeer, XmppClient, free_port
from refusing import ask, bouncing, until_refused
from tools import FQDN, sipp_args, sipp_scenario

USRLOC = 'modparam("usrloc", "db_mode", 0)'
TO_USERS = f'if ($rd == "{POOL}") {{'
FROM_GATEWAY = f'if ($fd == "{PARTNER}") {{ sl_send_reply("403", "Not From Here"); exit; }}'


def nothing(_bench):
    pass


def stop(name):
    return lambda b: b.stop(name)


# ---- the gateway


def hang(b):
    next(p for name, p in b.procs if name == "gateway").send_signal(signal.SIGSTOP)


def wrong_secret(b):
    b.secret_of_gateway, b.gateway_says = "another", "xmpp down"


def another_address(b):
    b.edits["auto_aliases=no"] = "auto_aliases=no\ntcp_source_ipv4=127.0.0.7"


def next_hop(b):
    b.config_edits[r"next_hop: .*"] = f"next_hop: sip:127.0.0.1:{free_port()};transport=tcp"


def own_gateway(b):
    b.stop("gateway")
    b.component_secret = "another"
    b.own_gateway()


# ---- the pool


def refuse_gateway(b):
    b.edits[TO_USERS] = f"{FROM_GATEWAY}\n\t{TO_USERS}"


def route(b, new):
    b.edits[f'$du = "sip:127.0.0.1:{b.port["gateway"]};transport=tcp";'] = new


def no_route(b):
    route(b, "")


def wrong_port(b):
    route(b, f'$du = "sip:127.0.0.1:{free_port()};transport=tcp";')


def expired(b):
    b.issue(FQDN, FQDN, -1)


def wrong_password(b):
    b.password_of_user = "another"


def one_contact(b):
    b.edits[USRLOC] = f'{USRLOC}\nmodparam("registrar", "max_contacts", 1)'


def phone(b):
    (b.dir / "phone.xml").write_text(sipp_scenario(b.target(), only_sign_in=True))
    subprocess.run(sipp_args(b.target(), "phone.xml"), cwd=b.dir, check=True, capture_output=True)


# ---- the XMPP server, and the receiver there


def other_domain(b):
    """The component stays, and the gateway comes back to it."""
    b.stop("prosody")
    path = b.dir / "prosody.cfg.lua"
    path.write_text(path.read_text().replace(f'VirtualHost "{PARTNER}"', 'VirtualHost "old.test"'))
    b.start_prosody()
    log = b.dir / "gateway.log"
    b.wait_for("gateway", lambda: log.read_text().count("xmpp up") == 2, "does not come back")


def other_name(b):
    b.issue(PARTNER, f"old.{PARTNER}", b.days)


def nobody(b):
    b.receiver = f"nobody@{PARTNER}"


def signed_in(b):
    b.client = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)
    return b.client


def block(b):
    ask(signed_in(b), "block")
    until_refused(b, SipPeer())


def without_password(b):
    b.config_edits[", password_file: adelany"] = ""


def bounce(b):
    bouncing(signed_in(b))
    until_refused(b, SipPeer())


@dataclass(frozen=True)
class Row:
    fault: str
    named: Optional[str]  # what names the cause in a tool's words, the same for every tool; None: there is none
    before: Callable = nothing
    after: Callable = nothing
    server: str = "prosody"


ROWS = (
    Row("(a healthy system with Prosody)", None),
    Row("the gateway is stopped", r"gateway.*refused|nothing listens|sending to next hop", after=stop("gateway")),
    Row("the gateway hangs", r"(gateway|next hop).*(time.?out|not answer)", after=hang),
    Row("the gateway's secret is wrong", r"secret", wrong_secret),
    Row("the pool sends from an address that the gateway does not trust", r"trust|drops", another_address),
    Row("the gateway sends to a wrong port of the pool", r"cannot reach the pool", next_hop),
    Row("the pool refuses what the gateway sends", r"answer.*(forbidden|refused)", refuse_gateway),
    Row("the pool has no route to the partner", r"no route|unresolvable", no_route),
    Row("the pool's route has a wrong port", r"nothing listens|sending to next hop", wrong_port),
    Row("Kamailio is stopped", r"refused", after=stop("kamailio")),
    Row("Kamailio's certificate has expired", r"expired", expired),
    Row("the SIP user's password is wrong", r"password|unauthori[sz]ed", wrong_password),
    Row("a phone has the only contact that the registrar allows", r"(many|max).*contacts", one_contact, phone),
    Row("Prosody is stopped", r"refused|not connected", after=stop("prosody")),
    Row("Prosody finds no key for its certificate", r"starttls|cannot make ssl|handshake failure", lambda b: b.lose_key()),
    Row("Prosody does not serve the domain", r"not serve|unrecognized name|server-not-found", after=other_domain),
    Row("the name server is stopped", r"name server.*refused|looked up", after=stop("dnsmasq")),
    Row("Kamailio's own gateway, with a wrong secret", r"not arrive|secret", after=own_gateway),
    Row("(a healthy system with ejabberd)", None, server="ejabberd"),
    Row("ejabberd's certificate is for another name", r"another name|is valid for", other_name, server="ejabberd"),
    Row("the receiver does not exist", r"receiver's name|not exist|unknown", nobody, server="ejabberd"),
    Row("the receiver has blocked the sender", r"block", after=block, server="ejabberd"),
    Row("the receiver's client refuses every message", r"not-acceptable", without_password, bounce, "ejabberd"),
)
