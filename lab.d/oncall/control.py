# SPDX-License-Identifier: MIT
"""The changes that a case makes to the lab, and their undoing.

A file with a fault exists only until the program confirms that it has read it.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from .engines import Away, timestamp

CONFIRM_S = 15
COMPOSE_S = 90
REPLICAS = ("minishop-b", "minishop-c")
IN_VOLUME = "/etc/minishop/incident"
RELOADS = re.compile(r'^minishop_config_reloads_total\{result="(?:applied|rejected)"\} (\d+)', re.M)
STARTED = re.compile(r"^process_start_time_seconds (\S+)", re.M)


class Failed(Exception):
    """A change to the lab failed; the text is for people."""


def wait(what, condition):
    deadline = time.monotonic() + CONFIRM_S
    while time.monotonic() < deadline:
        with contextlib.suppress(Away):
            if condition():
                return
        time.sleep(0.1)
    raise Failed(f"timeout: after {CONFIRM_S} s, the lab still waits until {what}; see ./lab status")


def put_file(path, text):
    """Replaces a file at once, so that no reader sees a part of it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def settings(values, rest=""):
    """A configuration file of {path: value}."""
    lines = {}
    for path, value in values.items():
        group, name = path.split(".")
        shown = f'"{value}"' if isinstance(value, str) else f"{value}"
        lines.setdefault(group, []).append(f"{name} = {shown};")
    # A group may appear only once, and the line that minishop must reject has its own group.
    text = "".join(f"{group} = {{ {' '.join(body)} }};\n" for group, body in lines.items())
    return rest + "\n" if rest else text


class Control:
    """Changes one lab; engines: its addresses."""

    def __init__(self, engines):
        self.engines = engines
        self.run = engines.directory / "run"
        self.project = pathlib.Path(__file__).resolve().parent.parent.parent
        self.shops = ["minishop"]  # natively, a case may start more of them

    # Processes, as lab.d/process.sh remembers them; containers, as Compose does.

    def pid(self, name):
        """The process id of a service of the native lab. Failed if it does not run."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid, started, boot = (self.run / f"{name}.id").read_text().split()
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            if stat[0] != "Z" and stat[19] == started and boot == pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip():
                return int(pid)
        raise Failed(f"{name} does not run: ./lab up starts it")

    def compose(self, *words, text=None):
        try:
            done = subprocess.run([*self.engines.compose, *words], input=text, stdin=None if text is not None else subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=COMPOSE_S, cwd=self.project, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(f"{' '.join(self.engines.compose)} {words[0]} has failed: {error}") from error
        if done.returncode:
            raise Failed(f"{' '.join(self.engines.compose)} {words[0]} has failed: {done.stderr.strip()[-300:]}")
        return done.stdout

    # The shop's configuration.

    def state(self, shop="minishop"):
        """(start time, number of reloads) of the shop: changes if a user restarts or reloads it."""
        text = self.engines.ask(shop, "/metrics")
        return STARTED.findall(text), sum(map(int, RELOADS.findall(text)))

    def configure(self, text, shop="minishop"):
        """Makes a shop read `text` as its incident file, or no file for "". Returns when the shop has read it; the file is removed then."""
        before = self.state(shop)
        try:
            self._put(text, shop)
            if self.engines.native:
                os.kill(self.pid(shop), signal.SIGHUP)
            else:
                self.compose("kill", "-s", "HUP", "minishop")
            wait("minishop confirms its configuration", lambda: self.state(shop)[1] > before[1])
            if not self.engines.native:
                time.sleep(0.5)  # the other replicas
        finally:
            self._put("", shop)

    def _incident(self, shop):
        return self.run / f"incident{shop[len('minishop'):]}.conf"

    def _put(self, text, shop="minishop"):
        if self.engines.native:
            if text:
                put_file(self._incident(shop), text)
            else:
                self._incident(shop).unlink(missing_ok=True)
        else:
            self.compose("exec", "-T", "minishop", "sh", "-c", f"cat >{IN_VOLUME}/incident.conf", text=text)

    # Prometheus reads other files until it has loaded them.

    def prometheus(self, unloaded=None, unscraped=None):
        """Makes Prometheus reload its configuration, without one alert's rule or without one scrape job."""
        if not self.engines.native:
            return self._prometheus_in_containers(unloaded, unscraped)
        folder, source = self.run / "prometheus", self.project / "observability/prometheus"
        try:
            self._lay_out(folder, source, unloaded, unscraped)
            os.kill(self.pid("prometheus"), signal.SIGHUP)
            self._wait_for_prometheus(unloaded, unscraped)
        finally:
            self.restore_prometheus_files()
        return None

    def _lay_out(self, folder, source, unloaded, unscraped):
        put_file(folder / "prometheus.yml", without_targets((source / "prometheus.yml").read_text(), unscraped))
        if unloaded:
            (folder / "rules").unlink()
            (folder / "rules").mkdir()
            for file in (source / "rules").glob("*.yml"):
                (folder / "rules" / file.name).write_text(without_rule(file.read_text(), unloaded))

    def restore_prometheus_files(self):
        """The links that ./lab up makes."""
        folder, source = self.run / "prometheus", self.project / "observability/prometheus"
        rules = folder / "rules"
        if rules.is_dir() and not rules.is_symlink():
            shutil.rmtree(rules)
        for name in ("prometheus.yml", "rules"):
            new = folder / f"{name}.link"
            new.unlink(missing_ok=True)
            new.symlink_to(source / name)
            new.replace(folder / name)

    def _prometheus_in_containers(self, unloaded, unscraped):
        """The configuration is in a volume, which `prepare` fills from its image: also after a case that was killed."""
        folder, source = "/etc/minishop-lab/prometheus", self.project / "observability/prometheus"
        self._prepare()
        try:
            if unscraped:
                self._edit_in_volume(f"{folder}/prometheus.yml", without_targets, unscraped)
            for file in (source / "rules").glob("*.yml") if unloaded else ():
                if without_rule(file.read_text(), unloaded) != file.read_text():
                    self._edit_in_volume(f"{folder}/rules/{file.name}", without_rule, unloaded)
            self.compose("kill", "-s", "HUP", "prometheus")
            self._wait_for_prometheus(unloaded, unscraped)
        finally:
            if unloaded or unscraped:
                self._prepare()

    def _prepare(self, *command, text=None):
        return self.compose("run", "--rm", "-T", "--no-deps", "prepare", *command, text=text)

    def _edit_in_volume(self, path, edit, name):
        text = edit(self._prepare("cat", path), name)
        self._prepare("sh", "-c", f"cat >{path}.new && mv {path}.new {path}", text=text)

    def _wait_for_prometheus(self, unloaded, unscraped):
        def loaded():
            names, jobs = set(self.engines.rules()), {target["labels"]["job"] for target in self.engines.targets()}
            rules = unloaded not in names if unloaded else all_alerts(self.project) <= names
            return rules and {"slack-mock", "alertmanager"} - jobs == {unscraped} - {None}
        wait("Prometheus loads its configuration", loaded)

    # The rest.

    def restart_shop(self, version=None):
        """Stops the native shop and starts it in the same way as before; with a version, as another build."""
        argv, env, cwd = self._started("minishop")
        program = argv[0]
        os.kill(self.pid("minishop"), signal.SIGTERM)
        wait("minishop ends", lambda: not self._runs("minishop"))
        if version:
            program = self.run / "minishop.new"
            program.write_bytes(other_build(pathlib.Path(os.fsdecode(argv[0])).read_bytes(), self.version(argv[0]), version))
            program.chmod(0o755)
        with open(self.engines.directory / "log/minishop.log", "ab") as log:
            started = subprocess.Popen(argv, executable=program, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        remember(self.run, "minishop", started.pid)
        (self.run / "minishop.new").unlink(missing_ok=True)  # it runs already
        wait("minishop responds", lambda: self.engines.metrics())

    def start_replicas(self):
        """Two more shops beside the native one, of the same build, in the same log, scraped like it."""
        argv, env, cwd = self._started("minishop")
        for shop in REPLICAS:
            with socket.socket() as held:  # no other program gets the port before the shop listens: for that, both need SO_REUSEADDR
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind(("127.0.0.1", 0))
                address = f"127.0.0.1:{held.getsockname()[1]}"
                own = replaced(argv, {b"--listen": address.encode(), b"--pid-file": os.fsencode(self.run / f"{shop}.pid")})
                with open(self.engines.directory / "log/minishop.log", "ab") as log:
                    started = subprocess.Popen(own, env={**env, b"MINISHOP_INSTANCE": address.encode(),
                                                         b"MINISHOP_INCIDENT_FILE": os.fsencode(self._incident(shop))},
                                               cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
                remember(self.run, shop, started.pid)
                self.engines.urls[shop] = f"http://{address}"
                wait(f"{shop} responds", lambda shop=shop: self.engines.ask(shop, "/readyz"))
            self.shops.append(shop)
        self._scrape(self.engines.instances)

    def _scrape(self, addresses):
        put_file(self.run / "prometheus/targets/minishop.yml",
                 "".join(f'- targets: ["{address}"]\n  labels: {{url: "http://{address}/metrics"}}\n' for address in addresses))

    def stop_replicas(self):
        """Includes those of an interrupted case."""
        if any((self.run / f"{shop}.id").exists() for shop in REPLICAS):
            self._scrape(self.engines.instances[:1])
            # Prometheus follows the file within seconds. Until then, a stopped replica would count as down.
            with contextlib.suppress(Failed):  # Prometheus may hang
                wait("Prometheus scrapes one shop", lambda: not self._runs("prometheus") or
                     sum(target["labels"]["job"] == "minishop" for target in self.engines.targets()) == 1)
        for shop in REPLICAS:
            with contextlib.suppress(Failed):
                os.kill(self.pid(shop), signal.SIGTERM)
                wait(f"{shop} ends", lambda shop=shop: not self._runs(shop))
            for path in (self.run / f"{shop}.id", self.run / f"{shop}.pid", self._incident(shop)):
                path.unlink(missing_ok=True)

    def _started(self, name):
        """How a process of the native lab was started: arguments, environment, directory."""
        process = pathlib.Path(f"/proc/{self.pid(name)}")
        return (process.joinpath("cmdline").read_bytes().rstrip(b"\0").split(b"\0"),
                dict(item.split(b"=", 1) for item in process.joinpath("environ").read_bytes().split(b"\0") if b"=" in item),
                os.readlink(process / "cwd"))

    @staticmethod
    def version(program):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=CONFIRM_S, check=False).stdout
        found = re.search(r"\d+\.\d+\.\d+", said)
        if not found:
            raise Failed(f"{os.fsdecode(program)} --version prints no version")
        return found[0]

    def restart(self, container):
        self.compose("start", container)

    def stop(self, container):
        self.compose("stop", container)

    def heartbeat(self, firing):
        """An alert that only shows that messages reach Slack."""
        now = time.time()
        end = now + 240 if firing else now - 1
        self.engines.ask("alertmanager", "/api/v2/alerts", [{
            "labels": {"alertname": "Heartbeat", "service": "lab", "severity": "info"},
            "annotations": {"summary": "Heartbeat: messages reach Slack", "description": "The on-call exercise sends this at intervals.",
                            "resolved": "Heartbeat: messages reach Slack"},
            "startsAt": rfc3339(now - 1), "endsAt": rfc3339(end)}])

    def tidy(self, since):
        """Undoes every change that a case may have made since then. Returns the changes that it could not undo."""
        troubles = []
        for undo in (self.stop_replicas if self.engines.native else list, self._tidy_shop, self._tidy_slack, lambda: self._tidy_alertmanager(since),
                     self._tidy_prometheus, self._tidy_containers):
            try:
                undo()
            except (Away, Failed, OSError) as error:
                troubles.append(str(error))
        return troubles

    def _tidy_shop(self):
        if self.engines.native:
            self._put("")
            with contextlib.suppress(Failed):  # it does not run, so it has no state to undo
                if os.readlink(f"/proc/{self.pid('minishop')}/exe").endswith(" (deleted)"):
                    self.restart_shop()
                self.configure("")
        else:
            self.configure("")

    def _tidy_slack(self):
        if not self.engines.native or self._runs("slack-mock"):
            self.engines.slack_mode("ok")

    def _tidy_alertmanager(self, since):
        if self.engines.native and not self._runs("alertmanager"):
            return
        self.heartbeat(False)
        for silence in self.engines.silences(None):
            if silence["status"]["state"] != "expired" and timestamp(silence["startsAt"]) >= since - 5:
                self.engines.expire(silence["id"])

    def _tidy_prometheus(self):
        if self.engines.native:
            self.restore_prometheus_files()
            if not self._runs("prometheus"):
                return
        self.prometheus()

    def _tidy_containers(self):
        if not self.engines.native:
            self.restart("otel-collector")

    def _runs(self, name):
        with contextlib.suppress(Failed):
            return self.pid(name) > 0
        return False


def replaced(argv, values):
    """Arguments with other values behind some options."""
    return [values.get(before, word) for before, word in zip([None, *argv], argv)]


def other_build(program, version, other):
    """The bytes of a program that reports another version, of the same length."""
    found = version.encode() + b"\0"
    if len(other) != len(version) or found not in program:
        raise Failed(f"cannot make the build {other} from this one ({version})")
    return program.replace(found, other.encode() + b"\0")


def remember(run, name, pid):
    """Records the identity of a process, as lab.d/process.sh does."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (run / f"{name}.id").write_text(f"{pid} {stat[19]} {boot}\n")


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + "Z"


def all_alerts(project):
    return {name for file in (project / "observability/prometheus/rules").glob("*.yml") for name in re.findall(r"^ +- alert: (\w+)$", file.read_text(), re.M)}


def without_rule(text, alert):
    """A file of rules without this alert."""
    return re.sub(rf"^( +)- alert: {re.escape(alert)}\n(?:\1 .*\n|\s*\n)*", "", text, flags=re.M)


def without_targets(text, job):
    """A configuration of Prometheus in which this scrape job drops all its targets, so their series end at once. After the removal of the
    whole job, its last values would stay for five minutes."""
    return text.replace(f"  - job_name: {job}\n", f"  - job_name: {job}\n    relabel_configs: [{{action: drop, source_labels: [job], regex: .*}}]\n")
