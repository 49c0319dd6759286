"""Which pool, which partner, which warnings: what the options of `stox test` and stox.yaml say together."""

import json
import subprocess
import tempfile
from pathlib import Path

from labs import STOX, Lab

MORE = """partners:
  - domain: fabrikam.test
    receiver: { address: x@fabrikam.test, server: "127.0.0.1:1", password_file: adelany }
  - domain: nobody.test
"""


def test(*args):
    done = subprocess.run([STOX, "test", "--no-trace", *map(str, args)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(what, ok, seen):
    if not ok:
        raise SystemExit(f"{what}: {seen}")
    print(f"ok: {what}")


def results(text):
    decoder, found = json.JSONDecoder(), []
    while text.strip():
        one, end = decoder.raw_decode(text.lstrip())
        found.append(one)
        text = text.lstrip()[end:]
    return found


def refusals(config):
    for what, args, words in (
            ("an unknown pool", ["-t", "nope.test"], f"`nope.test` is not a pool of {config}; it has: pool.litware.test"),
            ("an unknown partner", ["--partner", "x.test"], f"not a partner of {config}; it has: fabrikam.test, nobody.test"),
            ("a partner without a receiver", ["--partner", "nobody.test"], "nobody.test has no receiver"),
            ("an unknown warning", ["--accept", "nope"], "there are dns_fallback, "),
            ("all, in a form of one document", ["--all", "-f", "junit"], "--output junit=FILE"),
            ("all of an unknown pool", ["--all", "-t", "nope.test"], "of that name")):
        seen = test("-c", config, *args)
        expect(what, seen[0] == 2 and words in seen[2], seen)


def every_pair(config, folder):
    status, out, err = test("-c", config, "--all", "-o", f"junit={folder}/r.xml", "--timeout", "20")
    table = [line.split()[:3] for line in out.splitlines()[-2:]]
    expect("all: a result each, a table, the worst status",
           status == 1 and out.count("Target Fqdn") == 2
           and table == [["pool.litware.test", "fabrikam.test", "Failure"], ["pool.litware.test", "contoso.test", "Success"]]
           and all((folder / f"r-pool.litware.test-{p}.xml").exists() for p in ("fabrikam.test", "contoso.test")),
           (status, out, err))
    status, out, err = test("-c", config, "--all", "-f", "json", "--timeout", "20")
    found = results(out)
    expect("all, as JSON: an object each", status == 1 and [r["result"] for r in found] == ["Failure", "Success"], out)
    status, out, err = test("-c", config, "--partner", "contoso.test", "-f", "json", "--timeout", "20")
    expect("a partner by its name", status == 0 and json.loads(out)["receiver"] == "adelany@contoso.test", (out, err))


def both_sides(config):
    status, out, _ = test("-c", config, "--partner", "contoso.test", "--registrar-port", "1",
                          "--receiver-server", "127.0.0.1:1", "-f", "json")
    result = json.loads(out)
    expect("both sides broken: both are told",
           status == 1 and (result["error"]["phase"], result["other_error"]["phase"]) == ("sip.connect", "xmpp.connect"),
           result)
    told = [p["address"] for p in result["phases"] if p["name"] == "sip.connect"]
    expect("--registrar-port changes the port", told == ["127.0.0.1:1"], told)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with Lab(folder) as lab:
            config = folder / "two.yaml"
            config.write_text(Path(lab.config).read_text().replace("partners:\n", MORE, 1))
            refusals(config)
            every_pair(config, folder)
            both_sides(config)


main()
