#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command ./lab as a person uses it: up, status, an incident and its end, logs, down. It uses a separate directory and free
ports, so that it does not disturb a running lab."""
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import source_tables  # noqa: E402
from labtest import TestFailure, contains, expect, wait_until  # noqa: E402
from private_lab import LAB, Lab  # noqa: E402

DECLINES = {word for word, (group, _) in source_tables.payment_failures().items() if group == "CARD"}


def test_usage(directory):
    lab = Lab(directory)
    contains(lab("help"), "up", "incident NAME", "test [--quick")
    for words in (["--help"], ["trace", "--help"], ["incident", "-h"], ["test", "--help"]):
        contains(lab(*words), "usage")
    contains(lab(status=2), "usage")
    contains(lab("explode", status=2), "unknown command 'explode'")
    contains(lab("up", "now", status=2), "takes no argument 'now'")
    contains(lab("test", "--fast", status=2), "--quick or --full")
    contains(lab("logs", "--red", status=2), "--raw")
    contains(lab("incident", "../../etc/passwd", status=2), "unknown incident")
    contains(lab("incident"), "payment-outage", "service-down", "clear")
    for words in (("incident", "payment-outage"), ("incident", "clear"), ("status",), ("logs",), ("logs", "ord_1"), ("trace",), ("trace", "failed")):
        text = lab(*words, status=1)
        contains(text, "the lab does not run: ./lab up first, or docker-compose up -d for the containers")
        if len(text.splitlines()) != 1:
            raise TestFailure(f"more than one line:\n{text}")
    contains(lab("logs", "a b", status=2), "an id")
    contains(lab("logs", "ord_1", "ord_2", status=2), "one id")
    for what in ("xyz", "--fast", "../x"):
        contains(lab("trace", what, status=2), "is not a trace id", "slow, or failed")
    contains(lab("trace", "ord_1", status=2), "takes the id of a trace", "./lab logs ord_1")
    contains(lab("bench", "--foo", status=2), "bench takes --quick or --minutes N, not '--foo'")
    for words in ([""], ["--minutes"], ["--minutes", ""], ["--minutes", "0"], ["--minutes", "1abc"], ["--minutes=1000"], ["--minutes 5"], ["--quick", ""]):
        contains(lab("bench", *words, status=2), "bench takes --quick or --minutes N, not '")
    contains(lab("down"), "Nothing was running")


def test_directories(directory):
    """The message names the directory that is wrong."""
    lab = Lab(directory)
    for name, words in (("a b", ("up",)), ("a$b", ("test", "--quick")), ("a:b", ("bench",)), ("a~", ("up",)), ("josé b", ("up",))):
        place = directory / name
        contains(lab(*words, status=1, LAB_DIR=str(place)), f"has a blank or a special character: {place}. Set LAB_DIR to another directory")
    # make can build there, so up gets to the ports.
    contains(lab("up", status=1, LAB_DIR=str(directory / "josé-Ω"), LAB_MINISHOP_PORT="0"), "LAB_MINISHOP_PORT takes a port")
    contains(lab("status", status=1, LAB_DIR="/dev/null/lab"), "cannot create /dev/null/lab, where the lab keeps its files: set LAB_DIR")
    link = directory / "link-to-lab"
    link.symlink_to(LAB)
    contains(labtest.run_lab(link, ["help"], lab.env), "usage: ./lab COMMAND")


def test_a_full_disk_may_leave_an_empty_file(directory):
    lab = Lab(directory)
    (lab.directory / "run").mkdir(parents=True)
    (lab.directory / "run/ports").touch()
    contains(lab("status", status=1), "minishop       does not run")


def test_programs_that_are_missing(directory):
    """On a minimal system, or where only the containers run."""
    lab, programs = Lab(directory), directory / "few"
    programs.mkdir()
    for program in [*pathlib.Path("/usr/bin").iterdir(), *pathlib.Path("/bin").iterdir()]:
        if not re.fullmatch(r"(curl|jq|python3.*)", program.name) and not (programs / program.name).exists():
            (programs / program.name).symlink_to(program.resolve())
    for words in (("status",), ("guide",), ("incident",), ("answer", "2"), ("oncall",), ("trace",), ("logs",), ("mend",)):
        text = lab(*words, status=1, PATH=str(programs))
        missing = "curl jq" if words[0] in ("status", "incident") else "python3"
        expect(" ".join(words), text, f"lab: not installed: {missing}. On Debian ./lab up installs what the lab needs; elsewhere use your package manager\n")
    contains(lab("down", PATH=str(programs)), "Nothing was running")


def test_any_terminal(directory):
    """A terminal may lack characters of a page."""
    for words, part in ((("guide", "5"), "Never average quantiles"), (("guide",), "13  Instrument a service"), (("answer", "5.1"), "./lab guide 5")):
        contains(Lab(directory)(*words, PYTHONIOENCODING="ascii"), part)


def test_an_interrupt_shows_no_traceback(directory):
    """Ctrl-C, already while a command imports its modules."""
    for name in ("argparse", "json"):
        (directory / f"{name}.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(10)\n")
    env = {**os.environ, "PYTHONPATH": str(directory), "LAB_DIR": str(directory)}
    for program in ("guide.py", "logs.py", "trace.py", "oncall/main.py"):
        done = subprocess.run([sys.executable, "-B", labtest.TOP / "lab.d" / program, "score"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        expect(program, (done.returncode, done.stdout + done.stderr), (-signal.SIGINT, ""))


def test_a_clock_that_jumps(directory):
    """Somebody sets the clock while `down` waits for a process: the process still has its time to end."""
    lab = Lab(directory)
    (lab.directory / "run").mkdir(parents=True)
    clock = directory / "bin/date"
    clock.write_text(f"#!/bin/sh\nread -r last <{directory}/clock\necho $((last + 3600)) | tee {directory}/clock\n")
    clock.chmod(0o755)
    (directory / "clock").write_text("1700000000\n")
    script = "trap 'sleep 0.5; exit' TERM; echo ready; while :; do sleep 0.1; done"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as slow:
        slow.stdout.readline()
        remember(lab.directory / "run/minishop.id", slow.pid)
        contains(lab("down"), f"minishop       stopped (process {slow.pid})")


def test_two_terminals(directory):
    """A case that begins while another command waits for the lock is not disturbed."""
    lab = Lab(directory)
    run = lab.directory / "run"
    run.mkdir(parents=True)
    (run / "ports").touch()
    with open(lab.directory / "lock", "w", encoding="ascii") as lock, subprocess.Popen(["sleep", "60"]) as case:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([LAB, "incident", "payment-outage"], env=lab.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as command:
            contains(command.stdout.readline(), "another ./lab runs in this directory; waiting for it")
            remember(run / "oncall.id", case.pid)
            fcntl.flock(lock, fcntl.LOCK_UN)
            contains(command.stdout.read(), "a case on call runs")
        case.kill()


def test_two_commands_find_a_case_that_died(directory):
    """The second one waits, and leaves a new case alone."""
    lab = Lab(directory)
    run = lab.directory / "run"
    run.mkdir(parents=True)
    (run / "oncall.case").write_text("1.0\n")
    with open(lab.directory / "lock", "w", encoding="ascii") as lock, subprocess.Popen(["sleep", "60"]) as case:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([LAB, "incident"], env=lab.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as command:
            contains(command.stdout.readline(), "another ./lab runs in this directory; waiting for it")
            remember(run / "oncall.id", case.pid)
            fcntl.flock(lock, fcntl.LOCK_UN)
            contains(command.stdout.read(), "payment-outage")
        expect("files of the new case", sorted(path.name for path in run.iterdir()), ["oncall.case", "oncall.id"])
        case.kill()
    contains(lab("incident"), "A case was interrupted")
    expect("files of a case that died", list(run.iterdir()), [])


def remember(path, pid):
    """As lab.d/process.sh does."""
    started = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]
    path.write_text(f"{pid} {started} {pathlib.Path('/proc/sys/kernel/random/boot_id').read_text()}")


def test_life(directory):
    """All promises of `up`, in one run of the lab."""
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER, "wrk", "curl", "jq")
    with Lab(directory) as lab:
        contains(lab.up(), "All services are ready", lab.url, "./lab incident payment-outage")
        contains(lab("status"), "minishop       healthy", "prometheus     healthy", "traffic        healthy", "incident       none")
        pids = {name: lab.pid(name) for name in ("minishop", "slack-mock", "prometheus", "alertmanager", "traffic")}
        for name, pid in pids.items():
            if os.getsid(pid) == os.getsid(0):
                raise TestFailure(f"{name} would end with the terminal")

        if lab.asked.exists():
            raise TestFailure("Docker was asked though the native lab runs")
        contains(lab.up(), "minishop       runs")
        if pids != {name: lab.pid(name) for name in pids}:
            raise TestFailure("a second up has restarted something")

        os.kill(pids["prometheus"], signal.SIGKILL)
        lab.wait_until_ended("prometheus")
        contains(lab.up(), "prometheus     started", "minishop       runs")

        os.kill(lab.pid("minishop"), signal.SIGKILL)
        lab.wait_until_ended("minishop")
        contains(lab("incident", "payment-outage", status=1), "minishop does not run")
        contains(lab.up(), "minishop       started")
        contains(lab("status"), "incident       none", str(lab.directory / "log/minishop.json"))

        wait_until("shoppers have come", lambda: 'route="/order",status="201"} 0\n' not in labtest.http_get(f"{lab.url}/metrics"))
        incident_and_its_end(lab)
        one_incident_after_another(lab)
        an_end_can_be_repeated(lab)
        service_stopped(lab)
        logs_are_readable(lab)
        old_lines_are_found(lab)
        traces_are_shown(lab)
        spans_go_where_status_says(lab)

        minishop = lab.pid("minishop")
        contains(lab("down"), f"minishop       stopped (process {minishop})", "traffic        stopped")
        if (lab.directory / "data/alertmanager/nflog").exists():
            raise TestFailure("Alertmanager will keep silent about what it told before")
        wait_until("the ports are free", lambda: all(port_is_free(int(port)) for port in lab.ports.values()))
        contains(lab("down"), "Nothing was running")


def incident_and_its_end(lab):
    contains(lab("incident", "payment-outage"), "What to watch", "the Slack channel")
    contains(lab("status"), "incident       payment-outage")
    contains(lab.up(), "Still broken on purpose: payment-outage")
    failures = lambda: sum(float(line.rsplit(" ", 1)[1]) for line in labtest.http_get(f"{lab.url}/metrics").splitlines()  # noqa: E731
                           if line.startswith("error_total{"))
    before = failures()
    wait_until("payments fail", lambda: failures() > before + 5)
    codes = wait_until("the log says why", lambda: (found := {record["reason"] for record in records(lab) if record["message"] == "payment failed"}) and
                       "gateway_error" in found and found)
    if not codes <= {"gateway_error", "gateway_timeout", *DECLINES}:
        raise TestFailure(f"an outage of the provider looks like {codes}")
    before, text, after = alerts_fire(lab), lab("incident", "clear"), alerts_fire(lab)
    contains(text, "payment-outage is over")
    if before == after:  # an alert fires if the commands above took more than half a minute
        contains(text, "within three minutes the Slack channel shows" if after else "No alert had fired")
    contains(lab("incident", "clear"), "Nothing was broken")


def alerts_fire(lab):
    return bool(labtest.http_json(f"http://127.0.0.1:{lab.ports['LAB_ALERTMANAGER_PORT']}/api/v2/alerts?silenced=false&inhibited=false"))


def records(lab):
    return [json.loads(line) for line in (lab.directory / "log/minishop.json").read_bytes().split(b"\n")[:-1]]  # the last line may not be whole yet


def one_incident_after_another(lab):
    contains(lab("incident", "slow-payments"), "a message within two minutes")
    contains(lab("incident", "slack-outage"), "slow-payments ends: slack-outage takes its place", "silent as long as Slack is broken")
    contains(lab("incident", "slack-outage"), "slack-outage already runs")
    contains(lab("status"), "incident       slack-outage")
    contains(lab("incident", "card-declines"), "slack-outage ends: card-declines takes its place")
    slack = labtest.http_json(f"http://127.0.0.1:{lab.ports['LAB_SLACK_PORT']}/control")["mode"]
    labtest.expect("slack-mock after its incident", slack, "ok")
    contains(lab("incident", "collector-down"), "minishop       started")
    contains(lab("status"), "exported to http://127.0.0.1:9, which does NOT respond (chosen by the incident collector-down)")
    # One incident replaces another without an unnecessary restart.
    again = lab("incident", "collector-down")
    if "minishop       started" in again or "minishop       stopped" in again:
        raise TestFailure(f"restarted for nothing:\n{again}")
    stopped = lab("incident", "service-down")
    contains(stopped, "collector-down ends: service-down takes its place", "minishop       stopped")
    if "started" in stopped or stopped.count("minishop       stopped") != 1:
        raise TestFailure(f"started only to be stopped:\n{stopped}")
    started = lab("incident", "collector-down")
    if started.count("minishop       started") != 1 or "stopped (" in started:
        raise TestFailure(f"not started exactly once:\n{started}")
    contains(lab("incident", "clear"), "minishop       started", "collector-down is over")
    hints_fit(lab)


def an_end_can_be_repeated(lab):
    """An end that fails, or that Ctrl-C interrupts, leaves the incident current: otherwise it would stay broken and nobody would know."""
    slack = lambda: labtest.http_json(f"http://127.0.0.1:{lab.ports['LAB_SLACK_PORT']}/control")["mode"]  # noqa: E731
    lab("incident", "slack-outage")
    os.kill(lab.pid("slack-mock"), signal.SIGSTOP)
    contains(lab("incident", "clear", status=1), "did not accept the command")
    os.kill(lab.pid("slack-mock"), signal.SIGCONT)
    contains(lab("status"), "incident       slack-outage")
    contains(lab("incident", "clear"), "slack-outage is over")
    labtest.expect("slack-mock", slack(), "ok")
    lab("incident", "payment-outage")
    os.kill(lab.pid("minishop"), signal.SIGSTOP)
    with subprocess.Popen([LAB, "incident", "clear"], env=lab.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as end:
        wait_until("the end has begun", lambda: "payment = {" not in (lab.directory / "run/incident.conf").read_text())
        os.killpg(end.pid, signal.SIGINT)
        os.kill(lab.pid("minishop"), signal.SIGCONT)
        labtest.expect("output", end.stdout.read(), "")
    contains(lab("oncall", status=1), "the incident payment-outage runs")
    contains(lab("incident", "clear"), "payment-outage is over")
    contains(lab("incident", "clear"), "Nothing was broken")


def hints_fit(lab):
    """Each incident describes itself in sentences, and says what to watch."""
    for name in ("slow-payments", "service-down", "collector-down"):
        said = lab("incident", name)
        if said.split("\n")[0].count(":") > 1 and "ends:" not in said.split("\n")[0]:
            raise TestFailure(f"two colons in one sentence:\n{said}")
        contains(said, *re.findall(r"^# (?:console|slack|request): (.*)$", (labtest.OBSERVABILITY / f"incidents/{name}.conf").read_text(), re.MULTILINE))
    contains(lab("incident", "service-down"), "none; the last lines")
    contains(lab.up(), "minishop       started", "service-down is over: ./lab up has started minishop again")
    contains(lab("status"), "incident       none")


def service_stopped(lab):
    contains(lab("incident", "service-down"), "minishop       stopped")
    contains(lab("trace", status=1), "minishop does not run", "./lab incident clear starts it")
    contains(lab("status", status=1), "minishop       does not run")
    contains(lab("incident", "clear"), "minishop       started")
    contains(lab("status"), "minishop       healthy")


ORDER_LINE = re.compile(r".* order_id=ord_\w+ .*duration_ms=[\d.]+ trace_id=[0-9a-f]{32}\n")


def logs_are_readable(lab):
    """Old lines come first, then new ones of the shoppers: reads at least ten, up to the first line of an order."""
    lines = []
    with subprocess.Popen([LAB, "logs"], env=lab.env, stdout=subprocess.PIPE, text=True, start_new_session=True) as logs:
        try:
            while len(lines) < 10 or len(lines) < 500 and not any(map(ORDER_LINE.fullmatch, lines)):
                lines.append(logs.stdout.readline())
        finally:
            os.killpg(logs.pid, signal.SIGTERM)
    for line in lines:
        if not re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} (INFO |WARN |ERROR) [a-z ]+( [a-z_]+=.*)*\n", line):
            raise TestFailure(f"not for people: {line}")
    if not any(map(ORDER_LINE.fullmatch, lines)):
        raise TestFailure(f"no line of an order in {lines}")


def old_lines_are_found(lab):
    """The command finds lines in rotated files too, by any of their ids, and ends."""
    old = next(record for record in records(lab) if record["message"] == "order created")
    log = lab.directory / "log/minishop.json"
    shutil.copy(log, f"{log}.3")
    os.kill(lab.pid("minishop"), signal.SIGHUP)
    with open(log, "w", encoding="ascii"):
        pass
    for name in (old["trace_id"], old["trace_id"][:8], old["order_id"], old["request_id"]):
        contains(lab("logs", name), f"order created order_id={old['order_id']}", old["trace_id"])
    contains(lab("logs", "--raw", old["request_id"]), json.dumps(old, separators=(",", ":")))
    contains(lab("logs", "ord_ffffffffffffffffffff", status=1), "no line of the log has the id")


def traces_are_shown(lab):
    """Traces come from the shop's own page, which ./lab up switches on. The trace of an order leads to its log line and back."""
    contains(lab("status"), f"kept in the process: {lab.url}/debug/tracez", "chosen by ./lab up")
    text = wait_until("an order's trace", lambda: (found := lab("trace")) and "DeductInventory" in found and found, interval=0.3)
    trace_id = re.search(r"^Trace ([0-9a-f]{32})$", text, re.MULTILINE)[1]
    contains(text, "CreateOrder", "Log:", f"./lab logs {trace_id}")
    contains(lab("trace", trace_id[:12]), f"Trace {trace_id}", "DeductInventory")
    contains(lab("logs", trace_id), "order created", trace_id)
    contains(lab("trace", "slow"), "Trace ")
    expect("instances in the log, as Prometheus names them", {record["instance"] for record in records(lab)}, {lab.url.removeprefix("http://")})
    contains(lab("trace", "f" * 32, status=1), "no trace ffff")


def spans_go_where_status_says(lab):
    contains(lab("status"), "spans          not exported (chosen by ./lab up: nothing listens at port 4318)"
             if port_is_free(4318) else "spans          exported to http://localhost:4318")
    contains(lab.up(OTEL_TRACES_EXPORTER="console"), "minishop       started")
    spans = lab.directory / "log/spans.json"
    contains(lab("status"), f"written to {spans}", "chosen by OTEL_TRACES_EXPORTER in your environment")
    wait_until("spans are there", lambda: '"CreateOrder"' in spans.read_text())
    json.loads(spans.read_text().splitlines()[0])
    with labtest.HttpThread(labtest.Handler) as collector:
        lab.up(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        contains(lab("status"), f"exported to {collector.url}, which responds (chosen by OTEL_EXPORTER_OTLP_ENDPOINT in your environment)")
    contains(lab("status"), f"exported to {collector.url}, which does NOT respond")


def test_a_file_of_spans_is_bounded(directory):
    """Keeps two files of complete lines, the newest ones, and also writes the output during the program's shutdown."""
    path, limit = directory / "spans.json", 100_000
    script = "trap 'echo the end; exit' TERM; echo $$ >&2; seq 100000 150000; while :; do sleep 0.1; done"

    def written():
        return "".join(file.read_text() for file in sorted(directory.glob("spans.json*"), reverse=True))

    with subprocess.Popen([sys.executable, labtest.TOP / "lab.d/rotated.py", path, str(limit), "sh", "-c", script], text=True,
                          stderr=subprocess.PIPE, start_new_session=True) as program:
        try:
            labtest.expect("process", int(program.stderr.readline()), program.pid)
            wait_until("all is written", lambda: written().endswith("150000\n"))
        finally:
            os.killpg(program.pid, signal.SIGTERM)
    wait_until("the last line", lambda: written().endswith("the end\n"))
    files = sorted(directory.iterdir())
    labtest.expect("files", [file.name for file in files], ["spans.json", "spans.json.1"])
    if max(file.stat().st_size for file in files) > limit + 65536:
        raise TestFailure(f"larger than {limit}: {[file.stat().st_size for file in files]}")
    lines = written().splitlines()
    labtest.expect("lines", lines, [str(n) for n in range(150001 - (len(lines) - 1), 150001)] + ["the end"])


def port_is_free(port):
    with socket.socket() as sock:
        sock.settimeout(10)
        return sock.connect_ex(("127.0.0.1", port)) != 0


def test_incidents_are_those_of_the_runbook(directory):
    """Each incident is in both lists, and its description names its alert."""
    listed = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", Lab(directory)("incident"), re.MULTILINE))
    runbook = (labtest.OBSERVABILITY / "runbook.md").read_text()
    labtest.expect("incidents of the runbook", set(re.findall(r"`\./lab incident ([a-z-]+)", runbook)), set(listed))
    alerts = re.findall(r"^ +- alert: (\w+)$", (labtest.OBSERVABILITY / "prometheus/rules/alerts.yml").read_text(), re.MULTILINE)
    for name, description in listed.items():
        section = next((part for part in runbook.split("\n## ") if f"`./lab incident {name}`" in part), "").split("\n")[0]
        if name != "clear" and not (section in alerts and section in description):
            raise TestFailure(f"{name} is practised for {section or 'nothing'}, and its description says: {description}")


def test_the_console_page_has_one_name(directory):
    """Each message that has the address of the console page calls it so."""
    found = [(path, line) for path in sorted((labtest.TOP / "lab.d").rglob("*.[ps][yh]")) for line in path.read_text().splitlines() if "/consoles/minishop.html" in line]
    labtest.expect("messages with its address", len(found) >= 4, True)
    for path, line in found:
        if "console page" not in line:
            raise TestFailure(f"{path.name} has another name for the console page: {line}")


def test_recycled_process_id_is_left_alone(directory):
    """A file may name a live process that no longer belongs to the lab: down must not harm it."""
    lab = Lab(directory)
    (lab.directory / "run").mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        (lab.directory / "run/minishop.id").write_text(f"{innocent.pid} 1 {boot}\n")
        lab("down")
        time.sleep(0.3)
        alive = innocent.poll() is None
        innocent.kill()
    if not alive:
        raise TestFailure("down has ended a process that it did not start")


if __name__ == "__main__":
    labtest.run_tests(globals())
