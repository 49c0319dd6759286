"""A run that outlives its registration, and those whose connections are closed while they are idle."""

import threading
import time

from peers import Bench, Failure, run

# Kamailio grants 10 s; and it closes a connection 3 s after its reader gave it back, which takes 5.
RUNS = (("udp", "WITH_SHORT_BINDINGS", 8, 2, "sip.register", "granted for 10 s"),
        ("tcp", "WITH_SHORT_CONNECTIONS", 3, 12, "sip.connect", "between two round trips: 2"))


INTERVAL_S = 8


def restart(b):
    """Behind the first round trip, and for a part of the pause."""
    b.await_log("prosody-own", "Authenticated as adelany")
    time.sleep(INTERVAL_S / 4)
    b.stop("prosody")
    b.start_prosody()


def server_restarts(stox):
    with Bench(stox) as b:
        b.kamailio()
        b.prosody()
        b.config()
        b.gateway()
        restarting = threading.Thread(target=restart, args=[b], daemon=True)
        restarting.start()
        code, result = b.test("--count", "2", "--interval", str(INTERVAL_S))
        restarting.join()
        connect = next(p.get("detail") for p in result["phases"] if p["name"] == "xmpp.connect")
        if code or "between two round trips: 1" not in (connect or ""):
            raise Failure(f"Prosody restarts: {code} {result['error']} {connect}")
        print("ok: Prosody restarts between two round trips")


def main(stox):
    server_restarts(stox)
    for transport, define, count, interval, phase, detail in RUNS:
        with Bench(stox) as b:
            b.kamailio(defines=[define])
            b.prosody()
            b.config(transport)
            b.gateway()
            code, result = b.test("--count", str(count), "--interval", str(interval))
            if code:
                raise Failure(f"{define}: {code} {result['error']}")
            details = {p["name"]: p.get("detail") or "" for p in result["phases"]}
            if detail not in details[phase]:
                raise Failure(f"{define}: {details}")
            print(f"ok: {count} round trips, {interval} s apart, over {transport}")


run(main)
