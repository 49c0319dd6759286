"""doc/howto/nagios.md: Nagios itself takes the configuration, runs the plugin, and has its line."""

import os
import re
import shutil
from pathlib import Path

from howto import Bench, Failure, Page, all_running, run, trust

PLUGINS = "/usr/lib/nagios/plugins"


def nagios_main(page):
    """Debian's own main file and objects, with this test's folders, and seconds for minutes."""
    b, etc = page.bench, page.at("/etc/nagios4")
    shutil.copytree("/etc/nagios4/objects", etc / "objects")
    (etc / "resource.cfg").write_text(f"$USER1$={page.places[PLUGINS]}\n")
    text = Path("/etc/nagios4/nagios.cfg").read_text()
    for key, value in (("use_syslog", 0), ("interval_length", 1), ("max_service_check_spread", 1), ("max_host_check_spread", 1),
                       ("status_update_interval", 1), ("check_result_reaper_frequency", 1), ("check_external_commands", 0)):
        text = re.sub(rf"(?m)^{key}=.*$", f"{key}={value}", text)
    text = re.sub(r"/var/(?:lib|log|run)/nagios4", f"{b.dir}/nagios", text)
    text = re.sub(r"(?m)^cfg_file=\S*localhost.*$", "", text)
    (etc / "nagios.cfg").write_text(page.here(text))
    for folder in ("nagios", "nagios/archives", "nagios/spool", "nagios/spool/checkresults"):
        (b.dir / folder).mkdir()
        if os.geteuid() == 0:
            shutil.chown(b.dir / folder, "nagios", "nagios")


def start_nagios(page):
    b, status = page.bench, page.bench.dir / "nagios/status.dat"
    b.start("nagios", ["nagios4", page.at("/etc/nagios4/nagios.cfg")])

    def has_line():
        text = status.read_text(errors="replace") if status.exists() else ""
        return "service_description=IM to contoso.test" in text and re.search(r"plugin_output=STOX \w+: .", text)

    b.wait_for("nagios", has_line, "never ran the plugin")
    text = status.read_text()
    if "plugin_output=STOX OK: answered in" not in text or "performance_data='time'=0." not in text:
        raise Failure(f"what Nagios has: {re.findall('(?:plugin_output|performance_data)=.*', text)}")
    print("ok: Nagios has the line and the figures")


def main(stox):
    with Bench(stox) as b:
        all_running(b)
        page = Page(b, "nagios.md")
        page.place("/etc/nagios4/stox")
        page.place("/etc/nagios4/conf.d")
        page.place("/etc/nagios4")
        plugin = page.place(PLUGINS)
        shutil.copy(stox, plugin / "check_stox")
        for name in Path(PLUGINS).iterdir():
            if name.name != "check_stox":
                (plugin / name.name).symlink_to(name)
        nagios_main(page)
        page.services = {"nagios4": lambda: start_nagios(page)}
        # The issuer of the test's certificates is in a folder that nagios can read.
        page.programs = {"chown": lambda line: (trust(page, "/etc/nagios4/stox/stox.yaml"), page.shell(line))}
        if os.geteuid():
            page.programs.update({name: lambda line: page.shell(re.sub(r"-[og] nagios|runuser -u nagios --", "", line))
                                  for name in ("install", "runuser")}, chown=lambda line: trust(page, "/etc/nagios4/stox/stox.yaml"))
        page.do()


run(main)
