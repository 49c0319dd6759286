"""A run that outlives its registration, and its connection to the pool: Kamailio that grants 10 s, and
closes connections that are idle for 3 s."""

from peers import Bench, Failure, run


def main(stox):
    for transport, count, interval in (("udp", 8, 2), ("tcp", 4, 5)):
        with Bench(stox) as b:
            b.kamailio(defines=["WITH_HASTE"])
            b.prosody()
            b.config(transport)
            b.gateway()
            code, result = b.test("--count", str(count), "--interval", str(interval))
            if code or result["warnings"]:
                raise Failure(f"over {transport}: {code} {result['error']} {result['warnings']}")
            detail = {p["name"]: p.get("detail") for p in result["phases"]}
            if "granted for 10 s" not in detail["sip.register"]:
                raise Failure(f"over {transport}: {detail['sip.register']}")
            if transport == "tcp" and not detail["sip.connect"].endswith("round trips: 3"):
                raise Failure(f"over {transport}: {detail['sip.connect']}")
            print(f"ok: {count} round trips, {interval} s apart, over {transport}")


run(main)
