#!/usr/bin/env python3
"""docker-compose.yml as it is, from a copy of the project, in a compose project and on ports of its own: up, orders, all three
signals, three replicas, an incident and its end in Slack, the other choices of .env, down.

images.py chooses the images: those of .env where they can be pulled, else stand-ins. The test says which, and what it skips.
--compose-v2: by Compose v2, built from its Go module, instead of docker-compose.
Skips (77) where docker, go or root is missing. A dockerd that does not run is started, and stopped at the end.
"""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), *(
    str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("e2e", "observability"))]
import grafana  # noqa: E402
import images  # noqa: E402
import labtest  # noqa: E402
from images import skip  # noqa: E402
from labtest import TestFailure, wait_until  # noqa: E402

MEMORY_PROMISED = 2 << 30
PORTS = ("MINISHOP", "SLACK_MOCK", "PROMETHEUS", "ALERTMANAGER", "GRAFANA", "LOKI", "JAEGER", "TEMPO")
CLUMSY_ORDER = "ord_00000000000000000000"


def run(*argv, **options):
    """The command's output; TestFailure with it unless it succeeds."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise TestFailure(f"{' '.join(argv)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-6000:]}")
    return done.stdout


def answers(*argv):
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def expect(what, condition, detail=""):
    if not condition:
        raise TestFailure(f"{what} {detail}")
    print(f"ok   {what}", flush=True)


@contextlib.contextmanager
def docker_daemon(directory):
    """A docker that answers: the one that runs, or, as root, one of this test."""
    if answers("docker", "info"):
        yield
        return
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        skip("docker does not answer, and only root can start dockerd")
    with labtest.Engine("dockerd", ["dockerd"], directory):
        try:
            wait_until("dockerd answers", lambda: answers("docker", "info"), 60, 0.5)
        except TestFailure:
            skip("dockerd cannot run here")
        yield


def free_range(count):
    """The first of so many neighbouring ports that are free, below those that the system gives to connections."""
    for first in random.sample(range(20000, 32000, count), 100):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first
    raise TestFailure(f"no {count} neighbouring ports are free")


def copy_of_project(to):
    """What a clone would hold, where every user may read it."""
    os.umask(0o022)
    if (labtest.TOP / ".git").exists():
        names = run("git", "-C", str(labtest.TOP), "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        for name in filter(None, names):
            if (labtest.TOP / name).is_file():
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(labtest.TOP / name, to / name)
    else:
        shutil.copytree(labtest.TOP, to, ignore=shutil.ignore_patterns(".lab*", "build*"), dirs_exist_ok=True)
    run("chmod", "-R", "a+rX", str(to))


class Stack:
    """The compose project of this test."""

    def __init__(self, directory, command, chosen):
        self.directory = directory
        self.images = chosen
        self.project = f"minishoptest{os.getpid()}"
        self.command = command
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("OTEL_", "MINISHOP_", "COMPOSE"))} | chosen.variables
        self.env |= {"COMPOSE_PROJECT_NAME": self.project}
        for name, port in zip(PORTS, labtest.free_ports(len(PORTS))):
            self.env[f"{name}_PORT"] = str(port)
        first = free_range(8)
        self.env["MINISHOP_PORTS"] = f"{first}-{first + 7}"

    def compose(self, *argv):
        return run(self.command, *argv, cwd=self.directory, env=self.env)

    def choose(self, **choices):
        """Changes .env as a person would."""
        path = self.directory / ".env"
        lines = path.read_text().splitlines()
        for name, value in choices.items():
            lines = [f"{name}={value}" if line.startswith(f"{name}=") else line for line in lines]
        path.write_text("\n".join(lines) + "\n")

    def url(self, name):
        return f"http://127.0.0.1:{self.env[f'{name}_PORT']}"

    def containers(self):
        ids = run("docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={self.project}").split()
        return json.loads(run("docker", "inspect", *ids)) if ids else []

    def states(self):
        """service -> state of each of its containers, without those of prepare, which ends."""
        states = {}
        for one in self.containers():
            state = one["State"]
            if service(one) != "prepare":
                states.setdefault(service(one), []).append(state.get("Health", {}).get("Status") or state["Status"])
        return states

    def wait_for(self, services):
        """Until these services run, and no other ones, and are healthy where that can be asked."""
        def not_yet():
            states = self.states()
            return {name: states.get(name) for name in {*services, *states}
                    if name not in services or not set(states.get(name, ["absent"])) <= {"running", "healthy"}}
        try:
            wait_until("all containers", lambda: not not_yet(), 90, 1)
        except TestFailure:
            raise TestFailure(f"not as they should be after 90 s: {not_yet()}") from None

    def metric(self, expression):
        """label set -> value"""
        url = f"{self.url('PROMETHEUS')}/api/v1/query?query={urllib.parse.quote(expression)}"
        return [(one["metric"], float(one["value"][1])) for one in labtest.http_json(url)["data"]["result"]]

    def targets(self):
        active = labtest.http_json(f"{self.url('PROMETHEUS')}/api/v1/targets?state=active")["data"]["activeTargets"]
        return [(one["labels"]["job"], one["labels"]["instance"], one["health"], one["lastError"]) for one in active]

    def lines(self, *words, limit=1000):
        """MiniShop's log lines with these words, newest first: from Loki, or from what stands in its place."""
        if self.images.real("loki"):
            query = '{app="minishop"}' + "".join(f" |= `{word}`" for word in words)
            parameters = urllib.parse.urlencode({"query": query, "limit": limit})
            streams = labtest.http_json(f"{self.url('LOKI')}/loki/api/v1/query_range?{parameters}")["data"]["result"]
            found = sorted((int(when), text) for stream in streams for when, text in stream["values"])
            return [json.loads(text) for _, text in reversed(found)]
        with urllib.request.urlopen(f"{self.url('LOKI')}/kept", timeout=30) as kept:
            lines = images.kept_lines(kept.read())
        return [json.loads(line) for line in reversed(lines) if all(word in line for word in words)][:limit]

    def trace(self, trace_id):
        return labtest.http_json(f"{self.url('JAEGER')}/api/traces/{trace_id}")["data"][0]

    def payments(self):
        """The trace ids of the last minute's payments in Jaeger."""
        now = int(time.time() * 1e6)
        query = f"service=minishop&operation=ProcessPayment&limit=20&start={now - 60_000_000}&end={now}"
        return [trace["traceID"] for trace in labtest.http_json(f"{self.url('JAEGER')}/api/traces?{query}")["data"]]

    def slack(self, word):
        """The titles of the messages on MiniShopHighErrorRate that begin with this word."""
        messages = labtest.http_get(f"{self.url('SLACK_MOCK')}/messages")
        return [part for part in titles(json.loads(messages)) if part.startswith(word)]

    def incident(self, name):
        active = self.directory / "observability/incidents/active/incident.conf"
        if name:
            shutil.copyfile(self.directory / f"observability/incidents/{name}.conf", active)
        else:
            active.unlink()
        self.compose("kill", "-s", "HUP", "minishop")

    def left(self):
        label = f"label=com.docker.compose.project={self.project}"
        return [run("docker", *what, "-q", "--filter", label).split() for what in
                (("ps", "-a"), ("volume", "ls"), ("network", "ls"))]


def service(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def titles(value):
    """Every "title" of an attachment, wherever the mock puts it."""
    if isinstance(value, dict):
        return ([value["title"]] if isinstance(value.get("title"), str) else []) + \
            [title for part in value.values() for title in titles(part)]
    return [title for part in value for title in titles(part)] if isinstance(value, list) else []


DEFAULT = ("alertmanager", "discovery", "door", "grafana", "jaeger", "loki", "minishop", "otel-collector", "prometheus", "slack-mock", "traffic")


def hardened(stack):
    """What every container promises, as docker has it and not as the file says it. Returns the memory that one of each may take."""
    memory = {}
    for one in stack.containers():
        name, host = one["Name"], one["HostConfig"]
        memory[service(one)] = host["Memory"]
        user = one["Config"]["User"].split(":")[0]
        problems = [problem for problem, bad in {
            f"user {user!r}": not user.isdigit() or int(user) == 0,
            "a root file system that can be written": not host["ReadonlyRootfs"],
            "capabilities": host["CapDrop"] != ["ALL"] or host["CapAdd"],
            "new privileges": not any(option.startswith("no-new-privileges") for option in host["SecurityOpt"] or []),
            "no memory limit": host["Memory"] == 0,
            "no limit of processes": not host["PidsLimit"],
            "a port for everybody": any(binding["HostIp"] != "127.0.0.1" for bindings in (host["PortBindings"] or {}).values()
                                        for binding in bindings or []),
        }.items() if bad]
        if problems:
            raise TestFailure(f"{name} has {', '.join(problems)}")
    return sum(memory.values())


def signals(stack):
    wait_until("every target of Prometheus is up", lambda: len(stack.targets()) >= 8 and
               all(health == "up" for _, _, health, _ in stack.targets()), 60, 1)
    print(f"ok   every target of Prometheus is up: {', '.join(sorted({job for job, *_ in stack.targets()}))}")
    for route, status in (("/order", "201"), ("/payment/pay", "200")):
        wait_until(f"{route} answers {status}",
                   lambda route=route, status=status: stack.metric(f'request_total{{route="{route}",status="{status}"}} > 5'), 60, 1)
    print("ok   shoppers order and pay")
    failed = wait_until("a failed payment's line", lambda: stack.lines("payment failed"), 60, 1)[0]
    expect("a failed payment is a line where logs go, with reason and trace id", failed["reason"] and len(failed["trace_id"]) == 32, failed)
    if not stack.images.real("loki"):
        print('SKIP {app="minishop"} |= "payment failed" finds it in Loki: no Loki here; what stands in its place got the line')
    paid = wait_until("a payment's line", lambda: stack.lines("payment succeeded"), 60, 1)[-1]
    trace = wait_until("its trace in Jaeger", lambda: stack.trace(paid["trace_id"]), 30, 1)
    expect("its trace in Jaeger has its two spans",
           sorted(span["operationName"] for span in trace["spans"]) == ["ChargeCard", "ProcessPayment"], trace)
    tags = {tag["key"]: tag["value"] for tag in trace["processes"]["p1"]["tags"]}
    instances = {labels["instance"] for labels, _ in stack.metric('up{job="minishop"}')}
    expect("metric, line and trace call the replica by one name", instances == {paid["instance"]} == {tags["service.instance.id"]},
           (instances, paid["instance"], tags))


def replicas(stack):
    stack.compose("up", "-d", "--no-recreate", "--scale", "minishop=3")
    wait_until("Prometheus scrapes three replicas",
               lambda: sum(job == "minishop" and health == "up" for job, _, health, _ in stack.targets()) == 3, 60, 1)
    instances = {instance for job, instance, *_ in stack.targets() if job == "minishop"}
    print(f"ok   Prometheus found three replicas: {', '.join(sorted(instances))}")
    for instance in instances:
        wait_until(f"{instance} sells", lambda instance=instance: stack.metric(
            f'request_total{{instance="{instance}",route="/payment/pay",status="200"}} > 3'), 90, 1)
        line = wait_until(f"a line of {instance}", lambda instance=instance: stack.lines(
            f'"instance":"{instance}"', "payment succeeded", limit=1), 60, 1)[0]
        trace = wait_until("its trace", lambda line=line: stack.trace(line["trace_id"]), 30, 1)
        tags = {tag["key"]: tag["value"] for tag in trace["processes"]["p1"]["tags"]}
        expect(f"lines and traces of {instance} can be told from the others'", tags["service.instance.id"] == instance, tags)
    by_hand(stack)
    strays = [line for line in stack.lines("unknown_order") if CLUMSY_ORDER not in json.dumps(line)]
    expect("every payment went where its order was", not strays, strays)


def by_hand(stack):
    """At the one address, as the README has it, however many replicas there are: an order can be paid."""
    wait_until("the door is open", lambda: labtest.http_get(f"{stack.url('MINISHOP')}/readyz"), 30, 1)
    for _ in range(6):
        with urllib.request.urlopen(urllib.request.Request(f"{stack.url('MINISHOP')}/order", b""), timeout=10) as answer:
            order = json.load(answer)["order_id"]
        request = urllib.request.Request(f"{stack.url('MINISHOP')}/payment/pay", json.dumps({"order_id": order}).encode(),
                                         {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            code = json.load(error)["code"]
            if code == "unknown_order":
                raise TestFailure(f"{order} was taken by another replica than the one that was to be paid") from None
    print("ok   orders at the one address are paid there")


def incident(stack):
    """Returns when it fired; the end takes longer and is waited for by the caller."""
    begin = time.monotonic()
    stack.incident("payment-outage")
    message = wait_until("the alert is in Slack", lambda: stack.slack("FIRING"), 120, 1)[0]
    print(f"ok   incident by SIGHUP: the alert is in Slack after {time.monotonic() - begin:.0f} s: {message}", flush=True)
    stack.incident(None)
    return time.monotonic()


def in_grafana(stack, *absent):
    """What Grafana's own API says of the data sources, the dashboards, and every query in them."""
    if not stack.images.real("grafana"):
        print("SKIP Grafana: data sources healthy, dashboards provisioned, every panel's query brings data: no Grafana here")
        return
    asked = grafana.Grafana(stack.url("GRAFANA"))
    values = {"instance": ".*", "route": ".*", "slow_ms": "30"}
    deadline = time.monotonic() + 90
    while True:
        try:
            asked.check(values, absent)
            break
        except TestFailure:
            if time.monotonic() > deadline:
                raise
        time.sleep(5)
    print("ok   Grafana: data sources healthy, dashboards provisioned, every panel's query brings data", flush=True)


def other_choices(stack):
    stack.choose(LOG_SHIPPER="promtail", TRACE_STORE="both")
    stack.compose("up", "-d", "--scale", "minishop=3")
    stack.wait_for((*DEFAULT, "promtail", "tempo"))
    print("ok   Promtail and Tempo by one variable each: their containers run")
    memory = hardened(stack)
    expect(f"with all of them and one MiniShop the memory limits are {memory >> 20} MiB, below 2 GiB", memory < MEMORY_PROMISED)
    wait_until("the collector sends traces to Tempo and to Jaeger", lambda: {
        labels["exporter"] for labels, _ in stack.metric('{__name__=~"otelcol_exporter_sent_spans(_total)?"} > 0')
    } >= {"otlp_http/tempo", "otlp_grpc/jaeger"}, 60, 1)
    print("ok   the collector sends traces to Tempo and to Jaeger")
    last = newest(stack)
    if stack.images.real("promtail"):
        wait_until("Promtail carries the log", lambda: newest(stack) > last, 30, 1)
        last = newest(stack)
        wait_until("Promtail goes on", lambda: newest(stack) > last, 30, 1)
        print("ok   Promtail carries the log")
    else:
        time.sleep(6)
        expect("the collector leaves the log to Promtail, which is not here", newest(stack) == last)
        print("SKIP Promtail carries the log: no Promtail here")
    if stack.images.real("tempo"):
        wait_until("one trace in Jaeger and in Tempo", lambda: any(
            sorted(labtest.tempo_spans(stack.url("TEMPO"), trace_id)) == ["ChargeCard", "ProcessPayment"]
            for trace_id in stack.payments()), 60, 1)
        print("ok   a payment's two spans are in Jaeger and in Tempo")
        in_grafana(stack)
    else:
        print("SKIP a payment's two spans are in Tempo: no Tempo here")


def newest(stack):
    return stack.lines(limit=1)[0]["timestamp"]


def comes_back(stack):
    """It was sent SIGHUP several times by now, which Docker may take for being stopped on purpose."""
    victim = next(one for one in stack.containers() if service(one) == "minishop")
    subprocess.run(["kill", "-KILL", str(victim["State"]["Pid"])], check=True)

    def again():
        state = next(one["State"] for one in stack.containers() if one["Id"] == victim["Id"])
        return state["Running"] and state["Pid"] != victim["State"]["Pid"] and state["Health"]["Status"] == "healthy"
    wait_until("who died is started again", again, 30, 1)
    print("ok   a MiniShop that died is started again, also after SIGHUP")


def end(stack):
    began = time.monotonic()
    stack.compose("stop", "minishop")
    took = time.monotonic() - began
    codes = [one["State"]["ExitCode"] for one in stack.containers() if service(one) == "minishop"]
    expect(f"all three replicas stop in time, with 0 ({took:.1f} s)", codes == [0, 0, 0] and took < 12, (codes, took))
    stack.compose("down", "-v")
    expect("down leaves nothing: no container, no volume, no network", stack.left() == [[], [], []], stack.left())


def everything(stack):
    stack.compose("config", "-q")
    began = time.monotonic()
    stack.compose("up", "-d")
    size = int(run("docker", "image", "inspect", "-f", "{{.Size}}", f"minishop-lab:{stack.env['MINISHOP_TAG']}"))
    print(f"ok   up: the image is built and its tests pass ({time.monotonic() - began:.0f} s, {size >> 20} MiB with its base)", flush=True)
    began = time.monotonic()
    stack.wait_for(DEFAULT)
    print(f"ok   every container runs, healthy where that can be asked ({time.monotonic() - began:.0f} s)", flush=True)
    memory = hardened(stack)
    expect(f"no root, read-only, no capabilities, limits of {memory >> 20} MiB together", memory < MEMORY_PROMISED)
    signals(stack)
    by_hand(stack)
    over = incident(stack)
    replicas(stack)
    wait_until("the end of the alert is in Slack", lambda: stack.slack("RESOLVED"), max(10, 180 - (time.monotonic() - over)), 1)
    print("ok   and so is its end", flush=True)
    in_grafana(stack, "tempo")
    other_choices(stack)
    comes_back(stack)
    end(stack)


def main():
    v2 = "--compose-v2" in sys.argv[1:]
    missing = [name for name in ("docker", *(() if v2 else ("docker-compose",))) if not shutil.which(name)]
    if missing:
        skip(f"{', '.join(missing)} missing (Debian: docker.io, docker-compose)")
    command = str(images.built("compose") / "docker-compose") if v2 else "docker-compose"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="minishop-compose.") as scratch, docker_daemon(scratch):
        chosen = images.choose()
        # What an earlier test built would be taken as it is.
        subprocess.run(["docker", "image", "rm", "-f", f"minishop-lab:{chosen.variables['MINISHOP_TAG']}"], check=False, capture_output=True)
        project = pathlib.Path(scratch) / "project"
        project.mkdir()
        copy_of_project(project)
        stack = Stack(project, command, chosen)
        try:
            everything(stack)
        except TestFailure:
            for one in stack.containers():
                tail = subprocess.run(["docker", "logs", "--tail=6", one["Id"]], capture_output=True, text=True, check=False)
                print(f"--- {one['Name']} ({one['State']['Status']})\n{(tail.stdout + tail.stderr)[-1500:]}")
            raise
        finally:
            subprocess.run([stack.command, "down", "-v", "--remove-orphans"], cwd=project, env=stack.env, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    try:
        main()
    except TestFailure as failure:
        print(f"FAIL {failure}")
        sys.exit(1)
