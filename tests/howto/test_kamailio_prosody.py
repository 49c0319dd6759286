"""doc/howto/kamailio-prosody.md, from the secrets to the test that succeeds."""

from howto import Bench, all_running, run


def main(stox):
    with Bench(stox) as b:
        all_running(b)


run(main)
