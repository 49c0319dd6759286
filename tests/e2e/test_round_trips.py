"""A cold test through a forwarder that delays: how many round trips it takes (doc/round-trips.md)."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

STOX = os.path.abspath(sys.argv[1])
IDEAL = 9
# Figures are printed for the first; the second is so long that what the machine takes does not count.
ROUND_TRIPS_S = (0.05, 0.4)


class Line:
    """Bytes of one direction: each piece arrives so much later, in order."""

    def __init__(self, writer, delay):
        self.writer, self.delay, self.due = writer, delay, 0.0

    def send(self, data, extra=0.0):
        loop = asyncio.get_running_loop()
        self.due = max(self.due, loop.time() + self.delay + extra)
        loop.call_at(self.due, self.deliver, data)

    def deliver(self, data):
        if self.writer.is_closing():
            return
        if data:
            self.writer.write(data)
        else:
            self.writer.close()


async def pump(reader, line, first=0.0):
    """`first` is added to what comes first: the round trip of a connection that was made at once."""
    while data := await reader.read(65536):
        line.send(data, first)
        first = 0.0
    line.send(b"")


async def forward(port, round_trip):
    async def accepted(reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, Line(back, round_trip / 2), round_trip),
                                 pump(there, Line(writer, round_trip / 2)))
        except (asyncio.CancelledError, ConnectionError):
            pass  # the test is over

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def measure(config, sip, xmpp, round_trip):
    near, far = await forward(sip, round_trip), await forward(xmpp, round_trip)
    proc = await asyncio.create_subprocess_exec(
        STOX, "test", "--config", config, "--registrar", f"sip:127.0.0.1:{near[1]};transport=tls",
        "--receiver-server", f"127.0.0.1:{far[1]}", "--timeout", "30", "--format", "json", stdout=subprocess.PIPE)
    out, _ = await proc.communicate()
    for server, _ in (near, far):
        server.close()
    result = json.loads(out)
    if result["proof"] != "answered":
        raise SystemExit(f"no answer through the forwarder: {json.dumps(result, indent=1)}")
    trips = result["latency_seconds"] / round_trip
    phases = ", ".join(f"{p['name']} {p['duration_seconds'] / round_trip:.1f}" for p in result["phases"]
                       if p["outcome"] == "ok")
    print(f"{round_trip * 1000:.0f} ms: {trips:.2f} round trips, {trips / IDEAL:.2f} of the ideal {IDEAL}; {phases}")
    return trips


def main(folder):
    lab = subprocess.Popen([STOX, "lab", "--write-config", f"{folder}/lab"], stdout=subprocess.PIPE, text=True)
    table = ""
    while "Ctrl-C" not in table:
        table += lab.stdout.readline()
    port = {what: int(re.search(rf":(\d+) .*{what}", table)[1]) for what in ("SIP over TLS", "XMPP clients")}
    trips = [asyncio.run(measure(f"{folder}/lab/stox.yaml", port["SIP over TLS"], port["XMPP clients"], r))
             for r in ROUND_TRIPS_S]
    lab.send_signal(signal.SIGTERM)
    lab.wait(10)
    return trips[-1] <= 1.1 * IDEAL


with tempfile.TemporaryDirectory() as name:
    sys.exit(0 if main(name) else 1)
