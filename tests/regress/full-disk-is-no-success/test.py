import subprocess

from stage import STOX, need

with open("/dev/full", "w") as full:
    for words in (["completion", "bash"], ["explain"], ["help"]):
        done = subprocess.run([STOX, *words], stdout=full, stderr=subprocess.PIPE)
        need(done.returncode == 3 and done.stderr, f"{words}: {done}")
