import subprocess
from stage import STOX, Stage, need

with Stage() as stage:
    for n in (6, 7):
        done = subprocess.run(["sh", "-c", f'ulimit -n {n}; exec "$0" gateway --config "$1"', STOX, str(stage.config)],
                              capture_output=True, text=True, timeout=30)
        need(done.returncode == 3 and "cannot start: too many open files" in done.stderr, f"with {n} descriptors: {done}")
