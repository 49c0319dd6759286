"""A run that outlives its registration, and one whose connections are closed while they are idle."""

from peers import Bench, Failure, run

# Kamailio grants 10 s; and it closes a connection 3 s after its reader gave it back, which takes 5.
RUNS = (("udp", "WITH_SHORT_BINDINGS", 8, 2, "sip.register", "granted for 10 s"),
        ("tcp", "WITH_SHORT_CONNECTIONS", 3, 12, "sip.connect", "between two round trips: 2"))


def main(stox):
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
