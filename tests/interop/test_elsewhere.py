"""The test's users are signed in elsewhere, too: another session of the receiver, contacts that fill the registrar."""

import signal
import time

from peers import Bench, Failure, XmppClient, run, short


def expect(what, result, *wanted):
    code, r = result
    error = r["error"] or {}
    got = error.get("reason") or r["proof"]
    if got not in wanted:
        raise Failure(f"{what}: wanted {wanted}: {code} {short(r)}")
    print(f"ok: {what}: {error.get('message') or got}")


def session(stox, server):
    with Bench(stox) as b:
        b.kamailio()
        getattr(b, server)()
        b.config()
        b.gateway()
        other = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)
        for priority, wanted in ((5, ["answered"]), (126, ["answered"]), (127, ["answered", "im_taken_elsewhere"])):
            other.send(f"<presence><priority>{priority}</priority></presence>")
            other.until(f">{priority}</priority>".encode())
            expect(f"{server}: another session of the receiver has the priority {priority}", b.test("--timeout", "5"), *wanted)


def contacts(stox):
    with Bench(stox) as b:
        b.edits = {'modparam("usrloc", "db_mode", 0)': 'modparam("usrloc", "db_mode", 0)\nmodparam("registrar", "max_contacts", 1)'}
        b.kamailio()
        b.prosody()
        b.config()
        b.gateway()
        proc = b.start("killed", [stox, "test", "--config", b.dir / "stox.yaml", "-vv", "--count", "2", "--interval", "60"])
        b.await_log("killed", "MESSAGE sip:")
        time.sleep(0.5)
        proc.send_signal(signal.SIGKILL)
        proc.wait()
        expect("a killed test left its contact, and one is all that is allowed", b.test("--timeout", "5"), "sip_too_many_contacts")


def main(stox):
    session(stox, "prosody")
    session(stox, "ejabberd")
    contacts(stox)


run(main)
