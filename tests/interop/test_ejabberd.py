"""stox test across Kamailio, stox gateway and ejabberd."""

from peers import Bench, run


def main(stox):
    for transport in ("udp", "tcp"):
        with Bench(stox) as b:
            b.kamailio()
            b.ejabberd()
            b.config(transport)
            b.gateway()
            b.expect_answered(f"Kamailio over {transport} and ejabberd")


run(main)
