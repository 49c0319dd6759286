"""doc/howto/kamailio-ejabberd.md; its section on Kamailio is that of the other page."""

from howto import Bench, Page, run, start_ejabberd, start_gateway, start_kamailio, trust


def main(stox):
    with Bench(stox) as b:
        page, other = Page(b, "kamailio-ejabberd.md"), Page(b, "kamailio-prosody.md")
        other.words = page.words = {"COMPONENT-SECRET": page.at("/etc/stox/secrets/component"),
                                    "PASSWORD-OF-PILAR": page.at("/etc/stox/secrets/pilar"),
                                    "PASSWORD-OF-ADELANY": page.at("/etc/stox/secrets/adelany")}
        page.services = {"ejabberd": lambda: start_ejabberd(page),
                         "stox-gateway": lambda: (trust(page), start_gateway(page))}
        other.services = {"kamailio": lambda: start_kamailio(page)}
        # The server of the test is started with its user: without a node's name there is none whom ejabberdctl could ask.
        page.programs = {name: lambda line: None for name in ("chown", "ejabberdctl", "history")}
        other.programs = page.programs
        page.do("Secrets")
        other.do("Kamailio")
        page.do("ejabberd")
        page.do("stox")


run(main)
