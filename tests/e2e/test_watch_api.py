"""/api/v1 of the watcher: every answer is as doc/stox-watch.openapi.json describes it, for who sees all and for who sees one partner, and
the file has every path and every status that there is."""

import base64
import ctypes
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

from labs import STOX, Lab

ROOT = Path(__file__).parents[2]
AWAIT_S = 60
POOL, PARTNER, OTHER = "pool.litware.test", "contoso.test", "fabrikam.test"
TEST = f"{POOL}/{PARTNER}/to"
LISTED = 100  # incidents of an answer
# Of what is in memory a 503 is told only until the history has answered for the first time, or while the program ends.
BEFORE_THE_FIRST_ANSWER = {(f"/api/v1/{path}", "get", "503") for path in ("overview", "pools/{pool}", "partners/{partner}", "tests", "maintenance", "watchers")} \
    | {(f"/api/v1/tests/{path}/run", "post", "503") for path in ("{pool}/{partner}/{direction}", "{pool}/{second}")}
formats = FormatChecker(())
failed = 0


@formats.checks("date-time", ValueError)
def is_time(value):
    return not isinstance(value, str) or bool(datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo)


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)[:3000]}", flush=True)
    failed += not ok
    return ok


def await_that(what, is_true, shown):
    end = time.monotonic() + AWAIT_S
    while time.monotonic() < end:
        value = is_true()
        if value:
            return value
        time.sleep(0.02)
    check(what, False, shown())
    raise SystemExit(1)


class Description:
    """The file, and what of it was met."""

    def __init__(self):
        self.doc = json.loads((ROOT / "doc" / "stox-watch.openapi.json").read_text())
        self.patterns = [(re.compile("^" + re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(p)) + "$"), p) for p in sorted(self.doc["paths"], key=lambda p: p.count("{"))]
        self.met = set()

    def described(self):
        return {(path, method, status) for path, methods in self.doc["paths"].items() for method, one in methods.items() if method != "parameters"
                for status in one["responses"]}

    def resolve(self, o):
        while "$ref" in o:
            for part in o["$ref"].split("/"):
                o = self.doc if part == "#" else o[part]
        return o

    def faults(self, method, target, status, headers, body):
        """What is not as it is described; empty: all is."""
        path = next((p for pattern, p in self.patterns if pattern.match(target.split("?")[0])), None)
        methods = self.doc["paths"].get(path, {})
        # Of a method that is not described, as of the one that is.
        name = next((m for m in methods if m == method.lower()), next((m for m in methods if m != "parameters"), None))
        operation = methods.get(name)
        if not operation or str(status) not in operation["responses"]:
            return f"{path}: {status} is not described"
        response = self.resolve(operation["responses"][str(status)])
        content = response["content"].get(headers.get("Content-Type", "").split(";")[0])
        if not content:
            return f"{headers} is not described"
        self.met.add((path, name, str(status)))
        for field, header in response.get("headers", {}).items():
            if field not in headers and header.get("required"):
                return f"there is no {field}"
        if headers["Content-Type"].startswith("text/plain"):
            return ""
        schema = {"$ref": content["schema"]["$ref"], "components": self.doc["components"]}
        faults = [f"{list(e.absolute_path)}: {e.message}" for e in Draft202012Validator(schema, format_checker=formats).iter_errors(json.loads(body))]
        return "; ".join(faults)


class Watcher:
    def __init__(self, folder, description):
        self.description, self.log_path, self.history = description, folder / "watch.log", folder / "history.db"
        self.log_file = open(self.log_path, "wb")
        self.proc = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml")], stderr=self.log_file,
                                     stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        await_that("it is ready", lambda: "watch ready" in self.log(), self.log)
        self.port = int(re.findall(r"http listening address=127\.0\.0\.1:(\d+)", self.log())[-1])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def ask(self, method, target, user=None, password="right", **headers):
        """The answer, which is described; None where it is not JSON."""
        if user:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        status, fields, body = response.status, dict(response.getheaders()), response.read().decode()
        connection.close()
        faults = self.description.faults(method, target, status, fields, body)
        check(f"{status} of {method} {target} for {user} is as described", not faults, (faults, fields, body))
        return status, json.loads(body) if "json" in fields.get("Content-Type", "") else None

    def get(self, target, user="all"):
        status, answer = self.ask("GET", f"/api/v1{target}", user)
        check(f"{target} is there for {user}", status == 200, answer)
        return answer

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(30)
        self.log_file.close()
        return status


def bcrypt(password):
    lib = ctypes.CDLL("libcrypt.so.1")
    lib.crypt.restype = ctypes.c_char_p
    return lib.crypt(password.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()


def configure(lab):
    hashed = bcrypt("right")
    (lab.dir / "users").write_text("".join(f"{name}:{hashed}\n" for name in ("all", "narrow", "viewer", "nobody")))
    os.chmod(lab.dir / "users", 0o600)
    (lab.dir / "watch.yaml").write_text(Path(lab.config).read_text() + f"""watch:
  listen: ["127.0.0.1:0"]
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0, fail: 1 of 1, recover: 1 }}
  tests:
    - {{ kind: im, direction: to, maintenance: [Sun 02:00-02:01] }}
    - {{ kind: register }}
    - {{ partner: {OTHER}, direction: to, receiver: {{ address: x@{OTHER} }}, enabled: false }}
  sign_in: {{ users_file: users }}
  roles:
    - {{ name: administrator, members: ["user:all"] }}
    - {{ name: narrow, template: help-desk, members: ["user:narrow"], partners: [{PARTNER}] }}
    - {{ name: view-only, members: ["user:viewer"] }}
""")


def add_a_day(path):
    """The first one of the last month, as it is rolled up."""
    end = datetime.now(timezone.utc).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    begin = (end - timedelta(days=1)).replace(day=1)
    at = int(begin.timestamp() * 1e6)
    db = sqlite3.connect(path, timeout=30)
    columns = [row[1] for row in db.execute("pragma table_info(roll_day)")]
    for (test,) in db.execute("select id from test").fetchall():
        row = {c: None if c.endswith("_us") else 0 for c in columns}
        row.update({"test_id": test, "begin_at": at, "end_at": at + 86400 * 10 ** 6, "n_ok": 1430, "n_failed": 10, "worst": 2, "bad_us": 6 * 10 ** 8})
        db.execute(f"insert into roll_day ({','.join(row)}) values ({','.join('?' * len(row))})", list(row.values()))
    db.commit()
    db.close()
    return f"{begin:%Y-%m}"


def add_incidents(path):
    """One of the partner that is seen, older than all of the other's; of those one is open."""
    db = sqlite3.connect(path, timeout=30)
    tests = dict(db.execute("select partner, id from test where partner <> ''"))
    now = int(time.time() * 1e6)
    rows = [(tests[OTHER], now - i * 10 ** 9, now - i * 10 ** 9 + 10 ** 8) for i in range(1, LISTED + 5)] + [(tests[OTHER], now - 10 ** 8, None)]
    rows.append((tests[PARTNER], now - 10 ** 12, now - 10 ** 12 + 10 ** 8))
    for test, begin, end in rows:
        db.execute("insert into incident (test_id, begin_at, end_at, last_at, reason, runs, times, is_flapping) values (?, ?, ?, ?, ?, 10, 1, 0)",
                   (test, begin, end, begin, "im_not_delivered"))
    db.commit()
    db.close()


def routed():
    text = "".join(path.read_text() for path in sorted((ROOT / "src" / "watcher").glob("*.c")))
    return set(re.findall(r'"(/api/v1/[^"]+)"', text))


def all_that_is_there(watcher, month):
    """Every path, as who sees all."""
    overview = watcher.get("/overview")
    names = {t["test"] for t in overview["tests"]}
    check("the overview has all tests", names == {TEST, f"{POOL}/register", f"{POOL}/{OTHER}/to"} and sum(overview["counts"].values()) == 2, overview)
    check("one that does not run has no state", [t["state"] is None for t in overview["tests"] if OTHER in t["test"]] == [True], overview)
    check("a pool has its own", len(watcher.get(f"/pools/{POOL}")["tests"]) == 3)
    check("so has a partner", {t["partner"] for t in watcher.get(f"/partners/{PARTNER}")["tests"]} == {PARTNER})
    tests = watcher.get(f"/tests?partner={PARTNER}")
    check("tests are filtered", [t["test"] for t in tests["tests"]] == [TEST] and tests["all"] == 3, tests)
    test = watcher.get(f"/tests/{TEST}?range=6h")
    check("a test has its runs", test["runs"] and test["may_run"] and test["range"] == "6h", test)
    check("one of an account, too", watcher.get(f"/tests/{POOL}/register")["partner"] is None)
    run = watcher.get(f"/runs/{test['runs'][-1]['run']}")
    check("a run has its result, with evidence", run["test"] == TEST and run["result"] and run["result"]["schema"] == "stox.test/1", run)
    for path, key in (("/maintenance", "planned"), ("/incidents", "open"), ("/incidents", "over")):
        check(f"{path} has {key}", len(watcher.get(path)[key]) > 0)
    check("an incident has its test", watcher.get(f"/incidents/{watcher.get('/incidents')['open'][0]['incident']}")["test"] == f"{POOL}/{OTHER}/to")
    check("a history in a file has no other watchers", watcher.get("/watchers") == {"watchers": [], "unheld_tests": 0})
    months = watcher.get("/reports")["months"]
    check("a month has what was down in it", months[-1]["down_seconds"] > 0, months)
    check("a report has all tests", len(watcher.get(f"/reports/{month}")["tests"]) == 3)


def paging(watcher):
    """Behind the cursor of each page the next one goes on."""
    await_that("three runs are over", lambda: len(watcher.get(f"/runs?test={TEST}&limit=3")["runs"]) == 3, watcher.log)
    first = watcher.get(f"/runs?test={TEST}&limit=2&state=ok")
    second = watcher.get(f"/runs?test={TEST}&limit=2&before={first['older']}")
    check("runs are paged", first["has_more"] and second["runs"][0]["time"] < first["runs"][1]["time"], (first, second))
    check("and chosen by time", watcher.get(f"/runs?test={TEST}&to=2020-01-01") == {"schema": "stox.history/1", "runs": [], "has_more": False})
    older = watcher.get("/incidents")["older"]
    rest = watcher.get(f"/incidents?before={older}")
    check("incidents are paged", rest["over"][-1]["partner"] == PARTNER and rest["older"] is None, rest)


def in_scope(watcher, month):
    """No count, link or name of a test that he does not see."""
    paths = ["/overview", "/tests", f"/pools/{POOL}", f"/tests/{TEST}", f"/runs?test={TEST}", "/incidents", "/maintenance", "/watchers", "/reports",
             f"/reports/{month}"]
    for path in paths:
        answer = json.dumps(watcher.get(path, "narrow"))
        check(f"{path} has nothing of others", OTHER not in answer and "register" not in answer, answer)
    check("the tests that there are, are his", watcher.get("/tests", "narrow")["all"] == 1)
    incidents = watcher.get("/incidents", "narrow")
    check("incidents of others neither fill his list nor make a next page", len(incidents["over"]) == 1 and not incidents["open"]
          and incidents["older"] is None, incidents)
    check("nor is there a link on the page", "before=" not in raw(watcher, "/incidents", "narrow") and "before=" in raw(watcher, "/incidents", "all"))
    watchers = watcher.get("/watchers", "narrow")
    check("what all watchers run is not counted for him", watchers["unheld_tests"] is None, watchers)
    incident = watcher.get("/incidents")["open"][0]["incident"]
    run = watcher.get(f"/tests/{POOL}/register")["runs"][0]["run"]
    for path in (f"/tests/{POOL}/{OTHER}/to", f"/tests/{POOL}/register", f"/partners/{OTHER}", f"/incidents/{incident}", f"/runs/{run}"):
        hidden = watcher.ask("GET", f"/api/v1{path}", "narrow")
        check(f"{path} is as one that is not there", hidden == watcher.ask("GET", "/api/v1/runs/zz-zz", "narrow") and hidden[0] == 404, hidden)
    status, answer = watcher.ask("GET", "/api/v1/runs", "narrow")
    check("of all runs he is told to name a test", status == 400 and "name one of yours" in answer["detail"], answer)
    check("of others' a start is as of none", watcher.ask("POST", f"/api/v1/tests/{POOL}/{OTHER}/to/run", "narrow")[0] == 404)


def raw(watcher, path, user):
    connection = http.client.HTTPConnection("127.0.0.1", watcher.port, timeout=30)
    connection.request("GET", path, headers={"Authorization": "Basic " + base64.b64encode(f"{user}:right".encode()).decode()})
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def starts(watcher):
    """A run is asked for, and once more while that one is under way."""
    for test in (TEST, f"{POOL}/register"):
        seen = set()
        end = time.monotonic() + AWAIT_S
        while seen != {202, 409} and time.monotonic() < end:
            seen.add(watcher.ask("POST", f"/api/v1/tests/{test}/run", "all")[0])
        check(f"a run of {test} is accepted, a second one at once is not", seen == {202, 409}, seen)


def errors(watcher, description):
    """Of each path the errors that it can have."""
    values = {"pool": POOL, "partner": PARTNER, "direction": "to", "second": "register", "run": "1-1", "incident": "99999", "span": "2026-11"}
    for path, methods in description.doc["paths"].items():
        method = "POST" if "post" in methods else "GET"
        target = path.format(**values)
        absent = path.format(**{**values, "pool": "nowhere.test", "partner": "nowhere.test", "second": "x", "run": "zz", "span": "x"})
        asked = [("401", watcher.ask(method, target)), ("403", watcher.ask(method, target, "nobody")), ("405", watcher.ask("PUT", target, "all")),
                 ("421", watcher.ask(method, target, "all", Host="evil.test"))]
        if method == "GET":
            asked += [("405", watcher.ask("POST", target, "all")), ("400", watcher.ask("GET", f"{target}?range=x", "all"))]
        else:
            asked += [("403", watcher.ask("POST", target, "viewer")), ("403", watcher.ask("POST", target, "all", Origin="https://evil.test"))]
        if "404" in methods[method.lower()]["responses"]:
            asked.append(("404", watcher.ask(method, absent, "all")))
        for wanted, (status, answer) in asked:
            check(f"{method} {path}: {wanted}", str(status) == wanted and (answer is None or answer["status"] == status), (status, answer))
    check("a run that is older than what is kept", watcher.ask("GET", "/api/v1/runs/1-1", "all")[0] == 410)


def away(watcher, description):
    """While tables of the history are missing, what needs them is not told; what is in memory is."""
    values = {"pool": POOL, "partner": PARTNER, "direction": "to", "second": "register", "run": "1-1", "incident": "1", "span": "2026-11"}
    tables = ("incident", "result", "roll_day")
    db = sqlite3.connect(watcher.history, timeout=30, isolation_level=None)
    for table in tables:
        db.execute(f"alter table {table} rename to {table}_gone")
    for path, methods in description.doc["paths"].items():
        if "get" in methods and (path, "get", "503") not in BEFORE_THE_FIRST_ANSWER:
            status, _ = watcher.ask("GET", f"{path.format(**values)}?test={TEST}", "all")
            check(f"{path}: 503", status == 503, status)
    check("the overview says so", watcher.get("/overview")["history_is_away"])
    for table in tables:
        db.execute(f"alter table {table}_gone rename to {table}")
    db.close()


def guessing(watcher, description):
    """As many wrong passwords as it takes, and then each path once more."""
    end = time.monotonic() + AWAIT_S
    while watcher.ask("GET", "/api/v1/overview", "all", "wrong")[0] != 429 and time.monotonic() < end:
        pass
    for path in description.doc["paths"]:
        status, _ = watcher.ask("POST" if path.endswith("/run") else "GET", path, "all", "wrong")
        check(f"{path}: 429", status == 429, status)


def main():
    description = Description()
    described = {re.sub(r"\{[^}]+\}", "{}", path) for path in description.doc["paths"]}
    check("every path that there is is described, and no other", described == routed(), described ^ routed())
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder)) as lab:
        configure(lab)
        watcher = Watcher(lab.dir, description)
        add_incidents(watcher.history)
        month = add_a_day(watcher.history)
        await_that("runs of both tests are over", lambda: all(t["last"] for t in watcher.get("/tests")["tests"] if OTHER not in t["test"])
                   and watcher.get(f"/runs?test={TEST}")["runs"], watcher.log)
        all_that_is_there(watcher, month)
        paging(watcher)
        in_scope(watcher, month)
        starts(watcher)
        errors(watcher, description)
        away(watcher, description)
        guessing(watcher, description)
        check("it ends in order", watcher.end() == 0, watcher.log())
    missed = description.described() - description.met - BEFORE_THE_FIRST_ANSWER
    check("each status of each path was met", not missed, sorted(missed))
    raise SystemExit(1 if failed else 0)


main()
