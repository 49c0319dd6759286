"""Twenty tests on one pair of users at once: each is answered, and none has anything to remark.

From one machine they take turns; from several (as without the lock) each writes from an address of its own.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from peers import Bench, Failure, run

TIMES = 20


class Lasting(Bench):
    days = 90  # nothing to remark


def at_once(bench, *args):
    began = time.monotonic()
    with ThreadPoolExecutor(TIMES) as pool:
        results = list(pool.map(lambda _: bench.test(*args), range(TIMES)))
    wrong = [(code, r["error"], r["warnings"]) for code, r in results if code or r["warnings"] or r["proof"] != "answered"]
    if wrong:
        raise Failure(f"{len(wrong)} of {TIMES} {args}: {wrong}")
    print(f"ok: {TIMES} at once {' '.join(args)}: {time.monotonic() - began:.1f} s", flush=True)


def main(stox):
    for transport in ("udp", "tls"):
        with Lasting(stox) as bench:
            bench.kamailio(defines=["WITH_TLS"])
            bench.await_tcp(bench.port["pool_tls"], "kamailio")
            bench.prosody()
            bench.config(transport)
            bench.gateway()
            at_once(bench)
            at_once(bench, "--no-lock")


run(main)
