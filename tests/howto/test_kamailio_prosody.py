"""doc/howto/kamailio-prosody.md, from the secrets to the test that succeeds."""

from howto import Bench, Page, prosodyctl, run, start_gateway, start_kamailio, start_prosody, trust


def main(stox):
    with Bench(stox) as b:
        page = Page(b, "kamailio-prosody.md")
        page.words = {"COMPONENT-SECRET": page.at("/etc/stox/secrets/component"),
                      "PASSWORD-OF-PILAR": page.at("/etc/stox/secrets/pilar")}
        page.services = {"kamailio": lambda: start_kamailio(page), "prosody": lambda: start_prosody(page),
                         "stox-gateway": lambda: (trust(page), start_gateway(page))}
        page.programs = {"prosodyctl": lambda line: prosodyctl(page, line), "chown": lambda line: None}
        page.do()


run(main)
