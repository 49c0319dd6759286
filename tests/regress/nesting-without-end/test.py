import re
from pathlib import Path

from stage import Stage, need

with Stage() as stage:
    stage.up()

    def peak_kib():
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{stage.process.pid}/status").read_text())[1])

    before = peak_kib()
    stage.send("<message>")
    try:
        for _ in range(30):
            stage.send("<a>" * 333333)
    except OSError:
        pass  # it has ended the stream
    while "xmpp down" not in (line := stage.process.stderr.readline()):
        need(line, "the stream ends")
    need("nested without end" in line, line)
    # Open elements cost 250 bytes each, and under a sanitizer twice that.
    need(peak_kib() - before < 128 << 10, f"{before} KiB became {peak_kib()}")
