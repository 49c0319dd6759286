"""Kamailio's own gateway: stox test says what it did."""

from peers import Bench, Failure, run


def main(stox):
    with Bench(stox) as b:
        b.kamailio()
        b.prosody()
        b.config()
        b.own_gateway()
        code, result = b.test("--timeout", "5")
        error = result["error"]
        print(f"it said: {result['result']}, proof {result['proof']}, "
              f"{error['reason'] + ' in ' + error['phase'] if error else 'no error'}")
        # It carries messages both ways with the shim; what it says of the rest is its own affair.
        if result["proof"] not in ("accepted", "delivered", "answered"):
            raise Failure(f"the gateway was not even reached: {result}")
        if code not in (0, 1) or (code == 0) != (result["proof"] == "answered"):
            raise Failure(f"exit status {code} for {result}")
        print("ok: stox test says what Kamailio's gateway did")


run(main)
