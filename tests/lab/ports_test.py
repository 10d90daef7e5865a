#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ports of ./lab: taken ones, invalid ones, and the ones that it suggests."""
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import contains, expect  # noqa: E402
from private_lab import Lab  # noqa: E402


def test_ports_in_use(directory):
    """The message names all taken ports, and one command that avoids them. Nothing is started before it."""
    with Lab(directory) as lab, socket.socket() as one, socket.socket() as another:
        for sock, name in ((one, "LAB_SLACK_PORT"), (another, "LAB_PROMETHEUS_PORT")):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", int(lab.ports[name])))
            sock.listen()
        text = lab("up", status=1, **lab.ports)
        contains(text, f" {lab.ports['LAB_SLACK_PORT']} (meant for slack-mock)", f" {lab.ports['LAB_PROMETHEUS_PORT']} (meant for prometheus)",
                 f"LAB_MINISHOP_PORT={lab.ports['LAB_MINISHOP_PORT']} ", "LAB_SLACK_PORT=", "./lab up", f"LAB_DIR='{lab.directory}' ")
        contains(lab("down"), "Nothing was running")


def test_a_response_of_another_program_is_not_health(directory):
    """Another program may take the port while the lab is built. Its responses do not make the service healthy."""
    class Ready(labtest.Handler):
        def do_GET(self):
            self.respond(200, b"ready")

    with labtest.HttpThread(Ready) as server, subprocess.Popen(["sleep", "60"]) as service:
        for pid, wanted in ((os.getpid(), "healthy"), (service.pid, "not")):
            script = (f'. lab.d/ui.sh; . lab.d/process.sh; . lab.d/up.sh; process_pid() {{ echo {pid}; }}; slack_port={server.port} '
                      f'slack_url=http://127.0.0.1:{server.port}; service_healthy slack-mock && echo healthy || echo not')
            expect("slack-mock", labtest.output("sh", "-euc", script, cwd=labtest.TOP).strip(), wanted)
        service.kill()


def test_other_ports_are_free(directory):
    """The suggested port is valid, free, and not that of another program of the lab."""
    taken, meant = "18080 55536 28090", "10000"
    script = (f'. lab.d/ui.sh; . lab.d/up.sh; port_taken() {{ case " {taken} " in *" $1 "*) ;; *) false ;; esac; }}; minishop_port=8080 slack_port=8090 '
              f'prometheus_port=28080 alertmanager_port={meant} scratch_port=1; ports_other="LAB_X_PORT=18090 "; for port; do port_other "$port"; done')
    found = labtest.output("sh", "-euc", script, "sh", "8080", "8090", "55536", "28080", cwd=labtest.TOP)
    expect("other ports", found.split(), ["38080", "38090", "20000", "38080"])


def test_names_in_a_turkish_locale(directory):
    """Its capital letter of i is not I."""
    made = subprocess.run(["localedef", "-i", "tr_TR", "-f", "UTF-8", directory / "tr_TR.UTF-8"], capture_output=True, check=False)
    if made.returncode != 0:
        raise labtest.Skip("localedef cannot make the locale tr_TR.UTF-8 (package locales)")
    lab = Lab(directory)
    text = lab("up", status=1, **{**lab.ports, "LAB_MINISHOP_PORT": "0"}, LOCPATH=str(directory), LC_ALL="tr_TR.UTF-8")
    contains(text, "LAB_MINISHOP_PORT takes a port")


def test_ports_that_are_none(directory):
    lab = Lab(directory)
    for port in ("shop", "0", "65536", "-1", "08080", "+8080", " 8080", "8080.0", "0x50", "1" * 30):
        contains(lab("up", status=1, **{**lab.ports, "LAB_SLACK_PORT": port}), f"LAB_SLACK_PORT takes a port, 1 to 65535, not '{port}'")
    contains(lab("up", status=1, **{**lab.ports, "LAB_SLACK_PORT": lab.ports["LAB_MINISHOP_PORT"]}), "another program of the lab already has port")
    contains(lab("up", status=1, **lab.ports, LAB_SCRATCH_PORT="x"), "LAB_SCRATCH_PORT takes a port, 1 to 65535, not 'x'")
    contains(lab("up", status=1, **lab.ports, LAB_SCRATCH_PORT=lab.ports["LAB_SLACK_PORT"]), "LAB_SCRATCH_PORT: another program of the lab already has port")


if __name__ == "__main__":
    labtest.run_tests(globals())
