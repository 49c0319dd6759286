"""test_debian.py BUILD: the packages, built twice and compared, then given to lintian, then to a minimal Debian (inside.py).

The minimal Debian comes by debootstrap from the mirror of this machine's apt and is kept as BUILD/chroot.tar with what the packages
depend on.  Where that cannot be had, dpkg alone installs them into an empty folder."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()
TAR, KEY = BUILD / "chroot.tar", BUILD / "chroot.key"
# No cache of objects: it would answer for the second build with the first one's.
ENV = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DEB_", "CMAKE_", "CCACHE_"))}


def need(ok, what):
    if not ok:
        sys.exit(f"FAILED: {what}")


def ok(what):
    print(f"ok: {what}", flush=True)


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL, text=True, **more)


def output(*command, **more):
    return run(*command, stdout=subprocess.PIPE, **more).stdout


# ---- the packages

def build(folder, **env):
    """In a place and an environment of its own: neither may show in what comes out."""
    run(TOP / "scripts/build-package", folder, env={**ENV, **env}, stdout=subprocess.DEVNULL)
    return {path.name: path for path in folder.glob("stox*") if path.suffix in (".deb", ".dsc", ".xz")}


def differing_files(one, two):
    lines = [set(subprocess.run(f"dpkg-deb --ctrl-tarfile {deb} | tar -xO ./md5sums", shell=True, capture_output=True, text=True)
                 .stdout.splitlines()) for deb in (one, two)]
    return sorted(lines[0] ^ lines[1])


def build_twice(folder):
    one = build(folder / "one")
    need(len(one) == 5, f"three packages and their source are built: {list(one)}")
    two = build(folder / "another/place", TZ="Pacific/Auckland", LC_ALL="C", LANG="C", HOME="/nonexistent")
    differ = [name for name in one if one[name].read_bytes() != two[name].read_bytes()]
    need(one.keys() == two.keys() and not differ, f"built twice, this differs: {differ} "
         f"{[file for name in differ if name.endswith('.deb') for file in differing_files(one[name], two[name])]}")
    sizes = ", ".join(f"{path.name} {path.stat().st_size}" for path in one.values() if path.suffix == ".deb")
    ok(f"built twice, all equal: {sizes} bytes")
    return folder / "one"


def check_lintian(folder):
    done = subprocess.run(["lintian", "--info", "--display-info", "--pedantic", "--allow-root", *folder.glob("*.changes")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    need(done.returncode == 0 and not done.stdout, f"lintian: {done.stdout}")
    ok("lintian says nothing")


def make_newer(folder, newer):
    """The same packages under a higher version."""
    newer.mkdir()
    for deb in folder.glob("*.deb"):
        tree = newer / "tree"
        run("dpkg-deb", "-R", deb, tree)
        control = tree / "DEBIAN/control"
        text = re.sub(r"(?m)^(Version: .*)$", r"\1+1", control.read_text())
        control.write_text(re.sub(r"\(= ([^)]+)\)", r"(= \1+1)", text))
        run("dpkg-deb", "--root-owner-group", "-b", tree, newer / deb.name, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)


# ---- the minimal Debian

def sources():
    """What this machine's apt has of Debian, as (site, release, component)."""
    ask = ("apt-get", "indextargets", "--format", "$(ORIGIN)|$(SITE)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages")
    lines = output(*ask)
    if not lines:  # it knows what it has fetched
        run("apt-get", "update", "-qq")
        lines = output(*ask)
    release = re.search(r"(?m)^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text())[1]
    found = dict.fromkeys(tuple(line.split("|")[1:]) for line in lines.splitlines() if line.startswith("Debian|"))
    base = [source for source in found if source[1:] == (release, "main")]
    need(base, f"apt has a mirror of {release}")
    return base + [source for source in found if source not in base]


def in_namespace(step, *args, network=True):
    """A step of this script where mounts and processes end with it; on a tmpfs, since dpkg syncs each file that it writes."""
    spaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
    command = ["unshare", *spaces, *([] if network else ["--net"]), sys.executable, "-B", __file__, BUILD, step, *args]
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, env=ENV)


def mount_root(folder, tar=None):
    root = Path(folder) / "root"
    root.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root)
    if tar:
        run("tar", "-C", root, "-xf", tar)
    return root


def step_bootstrap(folder):
    root = mount_root(folder)
    (site, release, _), *_ = sources()
    with open(f"{folder}/log", "w") as log:
        run("debootstrap", "--variant=minbase", release, root, site, stdout=log, stderr=log)
        (root / "etc/apt/sources.list").write_text("".join(f"deb {' '.join(source)}\n" for source in sources()))
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        run("chroot", root, "apt-get", "update", "-q", stdout=log, stderr=log)
    run("tar", "-C", root, "-cf", f"{folder}/base.tar", ".")


def step_depends(folder, debs):
    """What apt would take along."""
    root = mount_root(folder, f"{folder}/base.tar")
    shutil.copytree(debs, root / "tmp/debs")
    wanted = output("chroot", root, "sh", "-c", "apt-get install -s -q --no-install-recommends /tmp/debs/stox*.deb")
    names = [name for name in re.findall(r"(?m)^Inst (\S+)", wanted) if not name.startswith("stox")]
    shutil.rmtree(root / "tmp/debs")
    run("mount", "-t", "proc", "proc", root / "proc")
    with open(f"{folder}/log", "a") as log:
        run("chroot", root, "apt-get", "install", "-y", "-q", "--no-install-recommends", *names, stdout=log, stderr=log,
            env={**ENV, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})
    run("umount", root / "proc")
    run("chroot", root, "apt-get", "clean")
    run("tar", "-C", root, "-cf", TAR, ".")


def step_inside(folder, debs, newer):
    root = mount_root(folder, TAR)
    run(sys.executable, "-B", TOP / "tests/package/inside.py", "stox", root, debs, newer)


def key_of(debs):
    return "\n".join([str(sources()), *(output("dpkg-deb", "-f", deb, "Depends") for deb in sorted(debs.glob("*.deb")))])


def have_chroot(folder, debs, bootstrapping):
    """BUILD/chroot.tar, with all that these packages depend on."""
    if TAR.exists() and KEY.exists() and KEY.read_text() == key_of(debs):
        return True
    TAR.unlink(missing_ok=True)
    bootstrapping = bootstrapping or in_namespace("bootstrap", folder)
    if bootstrapping.wait() or in_namespace("depends", folder, debs).wait():
        print(f"debootstrap cannot run here: {(folder / 'log').read_text()[-2000:]}", flush=True)
        return False
    KEY.write_text(key_of(debs))
    return True


# ---- without one

def check_alone(folder, debs, newer):
    """dpkg --root: no dependencies, no other programs; the files, the scripts and the configuration."""
    root = folder / "alone"
    for name in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / name).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    dpkg = [*(["fakeroot"] if os.geteuid() else []), "dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless",
            "--force-depends", f"--log={folder}/dpkg.log"]
    config = root / "etc/stox/stox.yaml"

    def life(*args):
        done = subprocess.run([*dpkg, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        need(done.returncode == 0, f"dpkg: {done.stdout}")

    life("-i", *debs.glob("*.deb"))
    out = output(root / "usr/bin/stox", "lab", "--test", "-v")
    need("Result        : Success" in out, out)
    ok("installed with dpkg --root, the demo runs from these files")
    config.write_text(text := config.read_text().replace("contoso.test", "fabrikam.test"))
    life("-i", *newer.glob("*.deb"))
    need(config.read_text() == text, "an upgrade keeps what was edited")
    life("-r", "stox-gateway", "stox-watch", "stox")
    need(config.exists() and not (root / "usr/bin/stox").exists(), "removed, the configuration stays")
    life("-P", "stox-gateway", "stox-watch", "stox")
    left = [str(path) for path in root.rglob("*stox*") if "dpkg" not in path.parts]
    need(not left, f"purged, this is left: {left}")
    ok("upgraded, removed and purged with dpkg --root")


def main(folder):
    bootstrapping = None
    if os.geteuid() == 0 and not TAR.exists():
        bootstrapping = in_namespace("bootstrap", folder)
    debs, newer = build_twice(folder), folder / "newer"
    check_lintian(debs)
    make_newer(debs, newer)
    if os.geteuid() == 0 and have_chroot(folder, debs, bootstrapping):
        need(in_namespace("inside", folder, debs, newer, network=False).wait() == 0, "in the minimal Debian")
    else:
        check_alone(folder, debs, newer)


STEPS = {"bootstrap": step_bootstrap, "depends": step_depends, "inside": step_inside}
if len(sys.argv) > 2:
    STEPS[sys.argv[2]](*sys.argv[3:])
else:
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="package-", dir=BUILD) as name:
        main(Path(name))
