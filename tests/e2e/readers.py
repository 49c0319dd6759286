"""Readers of a result's forms, by others where there is one.

Each takes a file, raises Flaw or ValueError on one that is not sound, and returns what it sees: the failure's
(reason, phase), or None.
"""

import json
import re
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import jsonschema
import junitparser

TOP = Path(__file__).resolve().parents[2]


class Flaw(Exception):
    pass


FLAWS = (Flaw, OSError, ValueError, xml.etree.ElementTree.ParseError)


def need(ok, what):
    if not ok:
        raise Flaw(what)


def run(args, **more):
    return subprocess.run(args, capture_output=True, text=True, timeout=60, **more)


SCHEMA = json.loads((TOP / "doc/stox.test.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def read_json(path):
    result = json.loads(path.read_text())
    errors = [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(result)]
    need(not errors, errors)
    if result["exit_status"] == 4:
        return "max_latency", "latency"
    error = result["error"]
    return error and (error["reason"], error["phase"])


def read_junit(path):
    made = run(["xmllint", "--noout", "--schema", str(TOP / "tests/data/junit.xsd"), str(path)])
    need(made.returncode == 0, made.stderr)
    suites = junitparser.JUnitXml.fromfile(str(path))
    counted = (suites.tests, suites.failures, suites.errors, suites.skipped)
    suites.update_statistics()
    need(counted == (suites.tests, suites.failures, suites.errors, suites.skipped), "the totals are wrong")
    bad = [(r.type, case.name) for suite in suites for case in suite for r in case.result
           if isinstance(r, (junitparser.Failure, junitparser.Error))]
    need(len(bad) <= 1, bad)
    return bad[0] if bad else None


TAP_READER = r"""
use TAP::Parser; use JSON::PP; binmode STDOUT, ":raw";
open my $fh, "<", $ARGV[0] or die; local $/; my $p = TAP::Parser->new({ tap => scalar <$fh> });
my @seen; while (my $r = $p->next) {
    push @seen, { name => $r->description, ok => $r->is_ok ? 1 : 0, skip => $r->has_skip ? 1 : 0 } if $r->is_test;
    $seen[-1]{yaml} = $r->data if $r->is_yaml;
    die "unknown: " . $r->raw if $r->is_unknown;
}
print encode_json({ errors => [$p->parse_errors], planned => $p->tests_planned, seen => \@seen, version => $p->version });
"""


def read_tap(path):
    made = run(["perl", "-e", TAP_READER, str(path)])
    need(made.returncode == 0, made.stderr)
    tap = json.loads(made.stdout)
    need(not tap["errors"] and tap["version"] == 13, tap["errors"])
    need(tap["planned"] == len(tap["seen"]), "the plan is not kept")
    need(all(bool(p.get("yaml")) != bool(p["skip"]) or p["name"].endswith("latency") for p in tap["seen"]), tap)
    bad = [(p["yaml"]["reason"], p["name"].removeprefix("- ")) for p in tap["seen"] if not p["ok"]]
    need(len(bad) <= 1, bad)
    return bad[0] if bad else None


def read_prometheus(path):
    made = run(["promtool", "check", "metrics"], stdin=open(path, "rb"))
    need(made.returncode == 0 and not made.stdout and not made.stderr, made.stdout + made.stderr)
    text = path.read_text()
    failure = re.search(r'probe_failure_info\{.*phase="(.*)",reason="(.*)"\} 1\n', text)
    need((failure is None) == bool(re.search(r"^probe_success\{.*\} 1$", text, re.M)), text)
    return failure and (failure.group(2), failure.group(1))


def cloudprober_labels(text):
    """As metrics/payload of cloudprober takes them apart."""
    while text:
        found = re.match(r'([A-Za-z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_.-]*))(,|$)', text)
        need(found, text)
        yield found.group(1), found.group(2) or found.group(3)
        text = text[found.end():]


def read_cloudprober(path):
    failure = None
    for line in path.read_text().splitlines():
        name, _, rest = line.partition("{") if "{" in line else line.partition(" ")
        labels, _, value = rest.partition("}") if "{" in line else ("", "", rest)
        need(re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in ("success", "total", "latency"), line)
        labels = dict(cloudprober_labels(labels))
        need(re.fullmatch(r"-?[0-9]+\.[0-9]+", value.strip()), line)
        if name == "probe_failure_info":
            failure = labels["reason"], labels["phase"]
    return failure


PERFDATA_READER = r"""
use Monitoring::Plugin::Performance; use JSON::PP;
print encode_json([map { { label => $_->label, value => $_->value, uom => $_->uom, warning => $_->warning,
    critical => $_->critical, min => $_->min, max => $_->max } }
    Monitoring::Plugin::Performance->parse_perfstring($ARGV[0])]);
"""


def perfdata(text):
    """What the guidelines say of each figure, then what Debian's reader of them makes of it."""
    number = r"-?[0-9]+(?:\.[0-9]+)?"
    limit = rf"@?(?:(?:{number}|~):)?(?:{number})?"
    figures = text.split(" ") if text else []
    for figure in figures:
        need(re.fullmatch(rf"'[^'=]+'=(?:{number}s|U);{limit};{limit};0;", figure), figure)
    made = run(["perl", "-e", PERFDATA_READER, text])
    need(made.returncode == 0, made.stderr)
    read = json.loads(made.stdout)
    # That reader leaves out what is unknown.
    read += [{"label": figure.split("'")[1], "value": "U"} for figure in figures if "=U;" in figure]
    need(len(read) == len(figures), text)
    need(len({f["label"][:19] for f in read}) == len(read), "labels are not unique in 19 characters")
    return {f["label"]: f for f in read}


def plugin_line(text):
    """(state, words, figures) of the first line; those below hold no bar."""
    first, _, below = text.partition("\n")
    found = re.fullmatch(r"STOX (OK|WARNING|CRITICAL|UNKNOWN): ([^|]+)(?:\|(.*))?", first)
    need(found and "|" not in below and text.endswith("\n"), text)
    return found.group(1), found.group(2), perfdata(found.group(3) or "")


def read_nagios(path):
    state, words, figures = plugin_line(path.read_text())
    failure = re.search(r" \[(\w+) in ([a-z.]+)\]$", words)
    need((state in ("CRITICAL", "UNKNOWN")) == bool(failure), words)
    need((figures["time"]["value"] == "U") == bool(failure), figures)
    return failure and failure.groups()


READERS = {"json": read_json, "junit": read_junit, "tap": read_tap, "prometheus": read_prometheus,
           "cloudprober": read_cloudprober, "nagios": read_nagios}
# These judge the test, not the limit that was set for it.
WITHOUT_LIMIT = ("prometheus", "cloudprober", "nagios")
