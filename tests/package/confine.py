"""confine.py ROOT UNIT COMMAND...: runs COMMAND in ROOT under the restrictions of the unit that is installed there, as far as
one can without systemd.  Called as root in a mount namespace whose mounts go nowhere; the command takes this process's place."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import seccomp

from unit import Unit

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWUSER = 0x20000, 0x4000000, 0x10000000
CLONE_ANY_NEW = 0x7E020080  # of clone(2), RestrictNamespaces=
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
EPERM, ENOSYS = 1, 38
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


def check(result, what):
    if result < 0:
        err = ctypes.get_errno()
        raise OSError(err, f"{what}: {os.strerror(err)}")


def mount(source, target, kind, flags, data=None):
    check(LIBC.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data and data.encode()),
          f"mount {target}")


def bind(source, target, flags=0):
    mount(source, target, "", MS_BIND | MS_REC)
    if flags:
        mount("none", target, "", MS_REMOUNT | MS_BIND | flags)


def empty(target, mode, flags=0):
    mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV | flags, f"mode={mode}")


def private_devices(root):
    kept = {name: os.open(f"/dev/{name}", os.O_PATH) for name in ("null", "zero", "full", "random", "urandom", "tty")}
    empty(f"{root}/dev", "755")
    for name, fd in kept.items():
        open(f"{root}/dev/{name}", "w").close()
        bind(f"/proc/self/fd/{fd}", f"{root}/dev/{name}")
    mount("none", f"{root}/dev", "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC)


def file_system(unit):
    root, set_to = str(unit.root), unit.settings.get
    check(LIBC.unshare(CLONE_NEWNS | CLONE_NEWUTS), "unshare")
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
          ",".join([f"hidepid={set_to('ProtectProc', 'default')}".replace("default", "off")]
                   + ["subset=pid"] * (set_to("ProcSubset") == "pid")))
    if unit.on("PrivateDevices"):
        private_devices(root)
    if unit.on("PrivateTmp"):
        empty(f"{root}/tmp", "1777")
        empty(f"{root}/var/tmp", "1777")
    if unit.on("ProtectHome"):
        for folder in ("home", "root"):
            empty(f"{root}/{folder}", "000", MS_RDONLY)
    writable = [folder for folder, _, _ in unit.folders()] + ["tmp", "var/tmp"]
    if set_to("ProtectSystem") == "strict":
        for folder in writable:
            bind(f"{root}/{folder}", f"{root}/{folder}")
        mount("none", root, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)


def private_users(unit):
    """Root and the service's user are themselves in there, all others nobody: systemd.exec(5)."""
    us, (ready, say_ready) = os.getpid(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(say_ready)
        os.read(ready, 1)
        for kind, number in (("uid", unit.uid), ("gid", unit.gid)):
            Path(f"/proc/{us}/{kind}_map").write_text(f"0 0 1\n{number} {number} 1\n")
        os._exit(0)
    check(LIBC.unshare(CLONE_NEWUSER), "unshare users")
    os.close(say_ready)
    os.close(ready)
    if os.waitpid(child, 0)[1]:
        sys.exit("the users could not be mapped")


def call_sets(root):
    """Of each set, as @system-service, the calls."""
    sets, name = {}, None
    for line in subprocess.run(["chroot", root, "systemd-analyze", "syscall-filter"], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = []
        elif line.startswith("    ") and "#" not in line:
            sets.get(name, []).append(line.strip())

    def all_of(name):
        return {call for item in sets[name] for call in (all_of(item) if item[0] == "@" else [item])}

    return {name: all_of(name) for name in sets}


def allowed_calls(unit, sets):
    allowed = set(sets["@default"])
    for value in unit.settings["SystemCallFilter"]:
        names = value.lstrip("~").split()
        calls = {call for name in names for call in (sets[name] if name[0] == "@" else [name])}
        allowed = allowed - calls if value[0] == "~" else allowed | calls
    return allowed


def rules(unit, call):
    """Alternatives, each a list of what must hold of the arguments; no list at all: never."""
    arg, equal, masked = seccomp.Arg, seccomp.EQ, seccomp.MASKED_EQ
    families = [FAMILIES[name] for value in unit.settings["RestrictAddressFamilies"] for name in value.split()]
    if call == "socket":
        return [[arg(0, equal, family)] for family in families]
    if call == "mmap" and unit.on("MemoryDenyWriteExecute"):
        return [[arg(2, masked, PROT_WRITE | PROT_EXEC, prot)] for prot in (0, PROT_WRITE, PROT_EXEC)]
    if call in ("mprotect", "pkey_mprotect") and unit.on("MemoryDenyWriteExecute"):
        return [[arg(2, masked, PROT_EXEC, 0)]]
    if call == "clone" and unit.on("RestrictNamespaces"):
        return [[arg(0, masked, CLONE_ANY_NEW, 0)]]
    if call in ("unshare", "setns", "clone3"):
        return []
    return [[]]


def filter_calls(unit, sets):
    ret = seccomp.SyscallFilter(seccomp.ERRNO(EPERM))
    for call in allowed_calls(unit, sets):
        for conditions in rules(unit, call):
            try:
                ret.add_rule(seccomp.ALLOW, call, *conditions)
            except (OSError, RuntimeError):  # a call of another architecture
                break
    ret.add_rule(seccomp.ERRNO(ENOSYS), "clone3")  # its flags are out of sight: libc takes clone() then
    ret.load()


def become(unit, groups):
    os.setgroups(groups)
    for capability in range(64 if unit.settings.get("CapabilityBoundingSet") == "" else 0):
        if LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    os.setresgid(unit.gid, unit.gid, unit.gid)
    os.setresuid(unit.uid, unit.uid, unit.uid)
    if unit.on("NoNewPrivileges"):
        check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    os.umask(int(unit.settings["UMask"], 8))


def main(root, name, *command):
    unit = Unit(root, name)
    sets, groups = call_sets(root), unit.groups()
    file_system(unit)
    if unit.on("PrivateUsers"):
        private_users(unit)
    os.chroot(root)
    os.chdir("/")
    become(unit, groups)
    filter_calls(unit, sets)
    os.execv(command[0], command)


main(*sys.argv[1:])
