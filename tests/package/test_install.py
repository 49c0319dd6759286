"""test_install.py BINARY-DIR: what scripts/install puts below a prefix, that it runs from there, and that all of it goes again."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BINARY = sys.argv[1]


def need(ok, what):
    if not ok:
        sys.exit(f"FAILED: {what}")


def install(*args):
    done = subprocess.run([TOP / "scripts/install", *args], capture_output=True, text=True, umask=0o077)
    need(done.returncode == 0, f"scripts/install: {done.stderr}")
    return done.stdout


def all_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def check_installed(prefix):
    for unit, setting in (("stox-gateway", f"ExecStart={prefix}/bin/stox gateway --config {prefix}/etc/stox/stox.yaml"),
                          ("stox-gateway", f"LoadCredential=secrets:{prefix}/etc/stox/secrets"),
                          ("stox-watch", f"ExecStart={prefix}/bin/stox watch --config {prefix}/etc/stox/stox.yaml"),
                          ("stox-textfile", f"ExecStart={prefix}/bin/stox test --config {prefix}/etc/stox/stox.yaml")):
        text = (prefix / f"lib/systemd/system/{unit}.service").read_text()
        need(setting in text and "/usr/bin/stox" not in text, f"{unit}.service has the paths of the prefix: {text}")
    for folder in (path for path in prefix.rglob("*") if path.is_dir()):
        need(folder.stat().st_mode & 0o777 == (0o711 if folder.name == "secrets" else 0o755), f"others can read in {folder}")
    help_ = subprocess.run([prefix / "lib/nagios/plugins/check_stox", "--help"], capture_output=True, text=True,
                           env={**os.environ, "LC_ALL": "fr_FR.UTF-8"})
    need("utilisation" in help_.stdout, f"the plugin and the catalogues below the prefix: {help_}")


def main(folder):
    prefix = folder / "prefix"
    (prefix / "share/man").mkdir(parents=True)
    (prefix / "share/man").chmod(0o755)
    (prefix / "share").chmod(0o755)
    prefix.chmod(0o755)
    install(BINARY, prefix)
    check_installed(prefix)
    config = prefix / "etc/stox/stox.yaml"
    need(not install("--remove", prefix), "nothing stays")
    need(all_below(prefix) == ["share", "share/man"], f"this stays: {all_below(prefix)}")

    install(BINARY, prefix)
    config.write_text("partners: []\n")
    install(BINARY, prefix)
    need(config.read_text() == "partners: []\n", "a second installation keeps the configuration")
    need("stox.yaml was edited" in install("--remove", prefix), "it says that the configuration stays")
    need(all_below(prefix) == ["etc", "etc/stox", "etc/stox/stox.yaml", "share", "share/man"], f"this stays: {all_below(prefix)}")
    print("ok: installed with the paths of the prefix, twice, and removed without a rest")


with tempfile.TemporaryDirectory() as name:
    main(Path(name).resolve())
