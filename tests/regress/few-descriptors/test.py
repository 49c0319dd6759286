import subprocess
from stage import POOL, RECEIVER, STOX, USER, Stage, need

with Stage() as stage:
    password = stage.dir / "password"
    password.touch(0o600)
    password.write_text("x\n")
    commands = (("gateway", "--config", stage.config),
                ("test", "--target", f"pool.{POOL}", "--registrar", f"sip:127.0.0.1:{stage.port};transport=tcp",
                 "--user", f"sip:{USER}", "--password-file", password, "--receiver", RECEIVER, "--no-lock"))
    for command in commands:
        for n in (6, 7):
            done = subprocess.run(["sh", "-c", f'ulimit -n {n}; exec "$0" "$@"', STOX, *command],
                                  capture_output=True, text=True, timeout=30)
            need(done.returncode == 3 and "cannot start: too many open files" in done.stderr,
                 f"{command[0]} with {n} descriptors: {done}")
