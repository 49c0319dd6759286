"""The gateway is stopped, unroutable or not connected: stox test says so behind each real proxy.

RFC 3261 section 16.7 lets a proxy turn 503 into 500 without any of its headers, so what comes is each proxy's own.
"""

from peers import Failure, short


def expect(bench, what, reason, words, timeout=8):
    code, result = bench.test("--timeout", str(timeout))
    error = result["error"] or {}
    message = error.get("message", "")
    if (code, error.get("reason"), error.get("phase")) != (1, reason, "sip.send") or words not in message:
        raise Failure(f"{what}: wanted {reason} and {words!r}: {code} {short(result)}")
    print(f"ok: {what}: {message}", flush=True)
