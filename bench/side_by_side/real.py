"""Real servers: Kamailio, stox gateway, Prosody or ejabberd, and dnsmasq with their names."""

import getpass
import re
import signal

from peers import PARTNER, free_port
from refusing import RECEIVER, Refusing
from tools import FQDN, STOX, Target

XMPP_HOST = f"xmpp.{PARTNER}"


class Real(Refusing):
    """The pool has TLS for its users, and sends to the gateway over TCP; it gives up after 2 s."""

    def __init__(self, row):
        super().__init__(STOX)
        self.row = row
        self.port.update(c2s_tls=free_port(), dns=free_port())
        self.receiver = RECEIVER  # these five are what a row may change, and `edits` of the servers' configurations
        self.secret_of_gateway = self.component_secret
        self.password_of_user = self.sip_password
        self.config_edits = {}  # patterns of stox.yaml
        self.gateway_says = "xmpp up"
        self.edits = {
            ";transport=udp": ";transport=tcp",
            'loadmodule "sl.so"': 'loadmodule "sl.so"\nmodparam("tm", "fr_timer", 2000)',
            "c2s_direct_tls_ports = { }": f"c2s_direct_tls_ports = {{ {self.port['c2s_tls']} }}",
            "listen:\n  - { port:": f'listen:\n  - {{ port: {self.port["c2s_tls"]}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true }}\n'
                                    "  - { port:",
            "  mod_roster: {}\n": "  mod_roster: {}\n  mod_offline: {}\n"}

    def __exit__(self, *why):
        for _, proc in self.procs:
            if proc.poll() is None:
                proc.send_signal(signal.SIGCONT)  # one that hangs could not end
        super().__exit__(*why)

    def name_server(self):
        sips, client = f"_sips._tcp.{FQDN}", f"_xmpp-client._tcp.{PARTNER}"
        self.start("dnsmasq", [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
            f"--user={getpass.getuser()}", f"--pid-file={self.dir}/dnsmasq.pid", f"--port={self.port['dns']}",
            "--listen-address=127.0.0.1", "--local=/test/", f"--naptr-record={FQDN},10,1,s,SIPS+D2T,,{sips}",
            f"--srv-host={sips},{FQDN},{self.port['pool_tls']}", f"--host-record={FQDN},127.0.0.1",
            f"--srv-host={client},{XMPP_HOST},{self.port['c2s']}", f"--host-record={XMPP_HOST},127.0.0.1"])
        self.await_tcp(self.port["dns"], "dnsmasq")

    def write_config(self):
        """Without addresses of servers, for which the DNS is asked."""
        text = self.config("tls", "tcp").read_text()
        for old, new in {r"    registrar: .*\n": "", r', server: "[^"]*", password_file': ", password_file",
                         RECEIVER: self.receiver, **self.config_edits}.items():
            text = re.sub(old, new, text)
        self.write("stox.yaml", text)
        self.write("component", self.secret_of_gateway, 0o600)
        self.write("pilar", self.password_of_user, 0o600)

    def up(self):
        self.row.before(self)
        self.name_server()
        self.kamailio(defines=["WITH_TLS"])
        getattr(self, self.row.server)()
        self.write_config()
        self.gateway(says=self.gateway_says)
        self.row.after(self)

    def target(self):
        command = ["test", "--config", self.dir / "stox.yaml", "--dns", f"127.0.0.1:{self.port['dns']}"]
        return Target(self.dir, self.ca, self.port["pool_tls"], self.port["pool"], self.port["c2s"], command,
                      clients_tls=self.port["c2s_tls"], gateway=self.port["gateway"], dns=self.port["dns"],
                      sip_password=self.password_of_user, receiver=self.receiver)
