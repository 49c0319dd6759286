"""A unit file, and the part of systemd that gives its service folders, credentials and an environment."""

import os
import shutil
import stat
from pathlib import Path

LISTS = {"SystemCallFilter", "RestrictAddressFamilies", "LoadCredential", "Environment", "ExecStart", "ExecStartPost",
         "ReadWritePaths", "SuccessExitStatus"}
# What confine.py imitates, and what was thought about and left out.  Any other line is an error.
KNOWN = LISTS | {"Type", "ExecReload", "WatchdogSec", "Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStartSec", "TimeoutStopSec",
                 "LimitNOFILE", "User", "DynamicUser", "StateDirectory", "StateDirectoryMode", "RuntimeDirectory", "UMask",
                 "CapabilityBoundingSet", "DevicePolicy", "LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges",
                 "PrivateDevices", "PrivateTmp", "PrivateUsers", "ProcSubset", "ProtectClock", "ProtectControlGroups",
                 "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
                 "ProtectProc", "ProtectSystem", "RemoveIPC", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
                 "SystemCallArchitectures", "SystemCallErrorNumber"}
DYNAMIC_ID = 61184  # of systemd's range for DynamicUser=


class Unit:
    def __init__(self, root, name):
        self.root, self.name = Path(root), name
        self.settings = {}
        section = None
        for line in (self.root / "lib/systemd/system" / name).read_text().splitlines():
            if line.startswith("["):
                section = line
            elif section == "[Service]" and line and line[0] not in "#;":
                key, value = line.split("=", 1)
                if key not in KNOWN:
                    raise SystemExit(f"FAILED: {name}: tests/package/unit.py knows nothing of {key}=")
                if key in LISTS:
                    self.settings.setdefault(key, []).append(value)
                else:
                    self.settings[key] = value
        self.uid, self.gid = self._ids()

    def _ids(self):
        if self.on("DynamicUser"):
            return DYNAMIC_ID, DYNAMIC_ID
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == self.settings["User"]:
                return int(uid), int(gid)
        raise SystemExit(f"FAILED: {self.name}: no user {self.settings['User']}")

    def groups(self):
        """Those of the user in the group file."""
        lines = (line.split(":") for line in (self.root / "etc/group").read_text().splitlines())
        return [int(gid) for _, _, gid, names in lines if self.settings.get("User") in names.split(",")]

    def on(self, key):
        # DynamicUser= turns these on: systemd.exec(5).
        implied = key in ("NoNewPrivileges", "PrivateTmp", "RemoveIPC", "RestrictSUIDSGID") and self.on("DynamicUser")
        return implied or self.settings.get(key) == "yes"

    def folders(self):
        """What the service may write to: folder in the root, its variable, its mode."""
        for key, base, mode in (("RuntimeDirectory", "run", "0755"), ("StateDirectory", "var/lib", "0755")):
            if key in self.settings:
                yield f"{base}/{self.settings[key]}", key, int(self.settings.get(key + "Mode", mode), 8)

    def prepare(self):
        """As before each start; returns the environment."""
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
        for folder, key, mode in self.folders():
            path = self.root / folder
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, self.uid, self.gid)
            path.chmod(mode)
            env[{"RuntimeDirectory": "RUNTIME_DIRECTORY", "StateDirectory": "STATE_DIRECTORY"}[key]] = f"/{folder}"
        for value in self.settings.get("Environment", []):
            name, value = value.replace("%S", "/var/lib").split("=", 1)
            env[name] = value
        if "LoadCredential" in self.settings:
            env["CREDENTIALS_DIRECTORY"] = self._load_credentials()
        if "WatchdogSec" in self.settings:
            env["WATCHDOG_USEC"] = f"{int(self.settings['WatchdogSec'])}000000"
        return env

    def _load_credentials(self):
        inside = f"/run/credentials/{self.name}"
        folder = Path(f"{self.root}{inside}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for value in self.settings["LoadCredential"]:
            ident, path = value.split(":", 1)
            source = Path(f"{self.root}{path}")
            # A missing one fails the start, as systemd has it.
            for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
                if not stat.S_ISREG(file.lstat().st_mode):
                    continue
                name = "_".join([ident, *file.relative_to(source).parts]) if source.is_dir() else ident
                (folder / name).write_bytes(file.read_bytes())
                (folder / name).chmod(0o400)
                os.chown(folder / name, self.uid, self.gid)
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o500)
        return inside

    def drop_runtime(self):
        """As after each stop."""
        for folder, key, _ in self.folders():
            if key == "RuntimeDirectory":
                shutil.rmtree(self.root / folder, ignore_errors=True)
        shutil.rmtree(f"{self.root}/run/credentials", ignore_errors=True)
