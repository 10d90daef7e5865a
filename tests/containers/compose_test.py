#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The unchanged docker-compose.yml, from a clone made under umask 077, in a separate Compose project on free ports: up, orders, all three
signals, three replicas, an incident and its end in Slack, load on everything, a fresh start, the other choices of .env, down.

images.py chooses the images: those of .env where they can be pulled, else stand-ins. The test says which, and what it skips.
--compose-v2: by Compose v2, built from its Go module, instead of docker-compose.
Skips (77) where docker, go or root is missing. A dockerd that does not run is started, and stopped at the end.
"""
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), *(
    str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("e2e", "observability"))]
import grafana  # noqa: E402
import images  # noqa: E402
import labtest  # noqa: E402
from compose_stack import (  # noqa: E402
    CLUMSY_ORDER, INCIDENT, MEMORY_PROMISED, PORTS, Stack, copy_of_project, docker_daemon, service)
from image_checks import test_images, test_out_of_memory  # noqa: E402
from images import skip  # noqa: E402
from labtest import TestFailure, claim, output, wait_until  # noqa: E402
from oncall_cases import on_call  # noqa: E402

DEFAULT = ("alertmanager", "discovery", "door", "grafana", "jaeger", "loki", "minishop", "otel-collector", "prometheus", "slack-mock", "traffic")


def hardened(stack):
    """The promises of every container, as reported by Docker rather than the file. Returns the memory limit of one container of each."""
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
        wait_until(f"{route} returns {status}",
                   lambda route=route, status=status: stack.metric(f'request_total{{route="{route}",status="{status}"}} > 5'), 60, 1)
    print("ok   shoppers order and pay")
    failed = wait_until("a failed payment's line", lambda: stack.lines("payment failed"), 60, 1)[0]
    claim("a failed payment is a line where logs go, with reason and trace id", failed["reason"] and len(failed["trace_id"]) == 32, failed)
    if not stack.images.real("loki"):
        print('SKIP {app="minishop"} |= "payment failed" finds it in Loki: no Loki here; what stands in its place got the line')
    paid = wait_until("a payment's line", lambda: stack.lines("payment succeeded"), 60, 1)[-1]
    trace = wait_until("its trace in Jaeger", lambda: stack.trace(paid["trace_id"]), 30, 1)
    claim("its trace in Jaeger has its two spans",
          sorted(span["operationName"] for span in trace["spans"]) == ["ChargeCard", "ProcessPayment"], trace)
    tags = {tag["key"]: tag["value"] for tag in trace["processes"]["p1"]["tags"]}
    instances = {labels["instance"] for labels, _ in stack.metric('up{job="minishop"}')}
    claim("metric, line and trace call the replica by one name", instances == {paid["instance"]} == {tags["service.instance.id"]},
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
        claim(f"lines and traces of {instance} can be told from the others'", tags["service.instance.id"] == instance, tags)
    by_hand(stack)
    strays = [line for line in stack.lines("unknown_order") if CLUMSY_ORDER not in json.dumps(line)]
    claim("each payment went to the replica that has its order", not strays, strays)


def by_hand(stack):
    """At the README's address, an order can be paid with any number of replicas."""
    wait_until("the door is open", lambda: labtest.http_get(f"{stack.url('MINISHOP')}/readyz"), 30, 1)
    for _ in range(6):
        with urllib.request.urlopen(urllib.request.Request(f"{stack.url('MINISHOP')}/order", b""), timeout=10) as response:
            order = json.load(response)["order_id"]
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
    """Returns when the alert fired. Its end takes longer, and the caller waits for it."""
    begin = time.monotonic()
    stack.incident("payment-outage")
    message = wait_until("the alert is in Slack", lambda: stack.slack("FIRING"), 120, 1)[0]
    print(f"ok   incident by SIGHUP: the alert is in Slack after {time.monotonic() - begin:.0f} s: {message}", flush=True)
    stack.incident(None)
    return time.monotonic()


def in_grafana(stack, *absent):
    """Grafana's API reports working data sources, all dashboards, and data for every query in them."""
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


def carries(stack, shipper):
    """The log arrives through this shipper. If the shipper's stand-in only listens, no line arrives."""
    last = newest(stack)
    if stack.images.real(shipper):
        for what in ("carries the log", "goes on"):
            wait_until(f"{shipper} {what}", lambda: newest(stack) > last, 30, 1)
            last = newest(stack)
        print(f"ok   {shipper} carries the log")
    else:
        time.sleep(6)
        claim(f"the collector leaves the log to {shipper}, which is not here", newest(stack) == last)
        print(f"SKIP {shipper} carries the log: no {shipper} here")


def other_choices(stack):
    stack.choose(LOG_SHIPPER="promtail", TRACE_STORE="both")
    stack.compose("up", "-d", "--scale", "minishop=3")
    stack.wait_for((*DEFAULT, "promtail", "tempo"))
    print("ok   Promtail and Tempo by one variable each: their containers run")
    memory = hardened(stack)
    claim(f"with all of them and one MiniShop the memory limits are {memory >> 20} MiB, below 2 GiB", memory < MEMORY_PROMISED)
    wait_until("the collector sends traces to Tempo and to Jaeger", lambda: {
        labels["exporter"] for labels, _ in stack.metric('{__name__=~"otelcol_exporter_sent_spans(_total)?"} > 0')
    } >= {"otlp_http/tempo", "otlp_grpc/jaeger"}, 60, 1)
    print("ok   the collector sends traces to Tempo and to Jaeger")
    carries(stack, "promtail")
    if stack.images.real("tempo"):
        wait_until("one trace in Jaeger and in Tempo", lambda: any(
            sorted(labtest.tempo_spans(stack.url("TEMPO"), trace_id)) == ["ChargeCard", "ProcessPayment"]
            for trace_id in stack.payments()), 60, 1)
        print("ok   a payment's two spans are in Jaeger and in Tempo")
        in_grafana(stack)
    else:
        print("SKIP a payment's two spans are in Tempo: no Tempo here")
    # As .env says: docker-compose knows the containers of a choice only while the choice is set.
    stack.compose("down")
    stack.choose(LOG_SHIPPER="alloy")
    stack.compose("up", "-d")
    stack.wait_for((*DEFAULT, "alloy", "tempo"))
    print("ok   Alloy by one variable: its container runs")
    carries(stack, "alloy")


def newest(stack):
    """The time of the newest line; "" without any, as in a stand-in for Loki that has just started."""
    lines = stack.lines(limit=1)
    return lines[0]["timestamp"] if lines else ""


def misspelled(stack):
    """A misspelled choice is refused before the first container starts. The message names it and the valid words."""
    before = sorted(stack.directory.rglob("*"))
    for name, word, words in (("LOG_SHIPPER", "promtial", "collector_promtail_or_alloy"), ("TRACE_STORE", "jeager", "jaeger_tempo_or_both")):
        text = (stack.directory / ".env").read_text()
        stack.choose(**{name: word})
        done = subprocess.run([stack.command, "up", "-d"], cwd=stack.directory, env=stack.env, capture_output=True, text=True, check=False)
        (stack.directory / ".env").write_text(text)
        claim(f"{name}={word} is refused with the valid words", done.returncode != 0 and f"{name}_is_{words}/{word}" in done.stderr, done)
    claim("and starts nothing, and leaves nothing in the clone", not stack.containers() and sorted(stack.directory.rglob("*")) == before)


def shown(stack):
    """The first outputs that a user sees: the service's log through Compose, and the links of the console page."""
    def logs():
        text = stack.compose("logs", "minishop")
        return text if '"WARN"' in text else None
    text = wait_until("docker-compose logs minishop has its warnings", logs, interval=1)  # after the first refused card
    claim("docker-compose logs minishop has its start, its warnings, and where the rest is",
          all(word in text for word in ('"service ready"', "/var/log/minishop/")) and '"order created"' not in text, text[-2000:])
    urls = {one["labels"]["job"]: one["labels"].get("url", "") for one in labtest.http_json(
        f"{stack.url('PROMETHEUS')}/api/v1/targets?state=active")["data"]["activeTargets"]}
    wanted = {name.lower().replace("_", "-"): stack.url(name) for name in PORTS if name != "TEMPO"}
    claim("the links of the targets have the ports of .env",
          all(urls[job].startswith(url) for job, url in wanted.items()), (urls, wanted))
    pages = [stack.url("PROMETHEUS") + path for path in ("/consoles/minishop.html", "/user/prometheus/assets/console.css", "/user/runbook.md")]
    claim("the console page, what it loads, and the runbook are there", all(labtest.http_get(page) for page in pages), pages)


def early_signals(stack):
    """Sends a signal right after the start, and a little later each time."""
    victim = next(one["Id"] for one in stack.containers() if service(one) == "minishop")

    def state():
        return json.loads(output("docker", "inspect", victim))[0]["State"]
    for name in ("TERM", "HUP"):
        for pause in range(0, 30, 5):
            output("docker", "stop", victim)
            output("docker", "start", victim)
            time.sleep(pause / 1000)
            output("docker", "kill", "-s", name, victim)
            if name == "TERM":
                wait_until(f"SIGTERM {pause} ms after the start ends the container", lambda: not state()["Running"], 5, 0.1)
            else:
                wait_until(f"MiniShop is healthy, in spite of SIGHUP {pause} ms after its start",
                           lambda: state()["Running"] and state()["Health"]["Status"] == "healthy", 30, 0.2)
        output("docker", "start", victim)
    print("ok   SIGTERM and SIGHUP at once after the start do what they do later")


def load(stack):
    """Under load up to their own limits, all parts stay within their memory limits: nothing is killed."""
    before = {one["Id"]: one["State"]["StartedAt"] for one in stack.containers() if service(one) != "prepare"}
    [shop] = [one["NetworkSettings"]["Networks"][f"{stack.project}_default"]["IPAddress"] for one in stack.containers() if service(one) == "minishop"]
    running = []
    for connections, url in ((700, "http://door:8080/order"), (1100, f"http://{shop}:8080/order"), (300, "http://slack-mock:8090/messages"),
                             (40, "http://alertmanager:9093/api/v2/alerts"), (20, "http://prometheus:9090/api/v1/query?query=request_total"),
                             (10, "http://jaeger:16686/api/traces?service=minishop&limit=100")):
        method = "POST" if url.endswith("/order") else "GET"
        command = f"echo 'wrk.method = \"{method}\"' >/tmp/wrk.lua; ulimit -n 4096; exec wrk -t2 -c{connections} -d15s -s /tmp/wrk.lua '{url}'"
        running.append((url, subprocess.Popen(
            ["docker", "run", "--rm", f"--network={stack.project}_default", f"minishop-lab:{stack.env['MINISHOP_TAG']}", "sh", "-c", command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)))
    for url, process in running:
        said = process.communicate()[0]
        if "Requests/sec" not in said:
            raise TestFailure(f"wrk and {url}: {said[-300:]}")
        print(f"     {url}: {said[said.index('Requests/sec'):].splitlines()[0]}")
    after = stack.containers()
    killed = [one["Name"] for one in after if one["State"]["OOMKilled"] or one["RestartCount"] and service(one) != "prepare"]
    restarted = [one["Name"] for one in after if before.get(one["Id"], one["State"]["StartedAt"]) != one["State"]["StartedAt"]]
    claim("a full load on every container kills none", not killed and not restarted, (killed, restarted))
    by_hand(stack)


def https(stack, scratch):
    """The image has the CA certificates that an https endpoint needs; this test adds its own."""
    output("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
           "-keyout", f"{scratch}/key.pem", "-out", f"{scratch}/cert.pem")
    os.chmod(f"{scratch}/cert.pem", 0o644)
    os.chmod(scratch, 0o755)
    store = stack.inside("cat", "/etc/ssl/certs/ca-certificates.crt")
    claim("the image knows the usual certificate authorities", store.count("BEGIN CERTIFICATE") > 50)
    posts = []

    class Endpoint(labtest.Handler):
        def do_POST(self):
            self.body()
            posts.append(self.path)
            self.respond(200, b"", "application/x-protobuf")
    endpoint = labtest.HttpThread(Endpoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{scratch}/cert.pem", f"{scratch}/key.pem")
    endpoint.server.socket = context.wrap_socket(endpoint.server.socket, server_side=True)
    port = labtest.free_port()
    with endpoint:
        name = output("docker", "run", "-d", "--rm", "--network=host", f"--volume={scratch}/cert.pem:/etc/ssl/certs/ca-certificates.crt:ro",
                      "-e", f"OTEL_EXPORTER_OTLP_ENDPOINT=https://127.0.0.1:{endpoint.port}", f"minishop-lab:{stack.env['MINISHOP_TAG']}",
                      "/usr/sbin/minishop", "--listen", f"127.0.0.1:{port}").strip()
        try:
            wait_until("MiniShop is ready", lambda: labtest.http_get(f"http://127.0.0.1:{port}/readyz"), 20)
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/order", b""), timeout=10).close()
            wait_until("spans come by https", lambda: posts, 30)
        finally:
            output("docker", "stop", name)
    claim("spans go to an https endpoint", set(posts) == {"/v1/traces"}, posts)


def fresh_start(stack):
    """down, which keeps the volumes, and up again, in the middle of an incident and with one more network."""
    stack.incident("payment-outage")
    wait_until("the incident has begun", lambda: "reloaded" in stack.compose("logs", "--tail=20", "minishop"), 20)
    before = {labels["instance"] for labels, _ in stack.metric('up{job="minishop"}')}
    stack.compose("down")
    more = stack.directory / "more.yml"
    more.write_text("services: {minishop: {networks: {default: , aaa: }}}\nnetworks: {aaa: }\n")
    stack.compose("-f", "docker-compose.yml", "-f", "more.yml", "up", "-d")
    stack.wait_for(DEFAULT)
    [shop] = [one["Id"] for one in stack.containers() if service(one) == "minishop"]
    addresses = output("docker", "exec", shop, "hostname", "-I").split()
    claim("MiniShop is in two networks", len(addresses) == 2, addresses)
    scraped = wait_until("it is scraped", lambda: [instance for job, instance, health, _ in stack.targets()
                                                   if job == "minishop" and health == "up"], 30)
    line = wait_until("it logs", lambda: stack.lines(f'"instance":"{scraped[0]}"'), 30, 1)[0]
    claim(f"its metrics and lines agree on one address, {scraped[0]}", line["instance"] == scraped[0])
    wait_until(f"Prometheus counts one instance, not those of before ({', '.join(before)}) as well",
               lambda: [value for _, value in stack.metric('count(up{job="minishop"})')] == [1], 40, 1)
    print("ok   instances of before are soon forgotten")
    gone = subprocess.run(["docker", "exec", shop, "test", "-e", INCIDENT], check=False).returncode
    claim("a fresh start has no incident", gone == 1)
    stack.compose("up", "-d")
    output("docker", "network", "rm", f"{stack.project}_aaa")
    more.unlink()


def comes_back(stack):
    """Docker may mistake SIGHUP for a stop by the user. MiniShop has received it several times."""
    stack.compose("kill", "-s", "HUP", "prometheus")
    for name in ("minishop", "prometheus"):
        victim = next(one for one in stack.containers() if service(one) == name)
        subprocess.run(["kill", "-KILL", str(victim["State"]["Pid"])], check=True)

        def again(victim=victim):
            state = next(one["State"] for one in stack.containers() if one["Id"] == victim["Id"])
            return state["Running"] and state["Pid"] != victim["State"]["Pid"] and state["Health"]["Status"] == "healthy"
        wait_until(f"the killed {name} is started again", again, 60, 1)
    print("ok   a MiniShop and a Prometheus that died are started again, also after SIGHUP")


def end(stack):
    stack.compose("up", "-d", "--no-recreate", "--scale", "minishop=3")
    wait_until("three replicas", lambda: stack.states()["minishop"] == ["healthy"] * 3, 60, 1)
    began = time.monotonic()
    stack.compose("stop", "minishop")
    took = time.monotonic() - began
    codes = [one["State"]["ExitCode"] for one in stack.containers() if service(one) == "minishop"]
    claim(f"all three replicas stop in time, with 0 ({took:.1f} s)", codes == [0, 0, 0] and took < 12, (codes, took))
    stack.compose("down", "-v")
    claim("down leaves nothing: no container, no volume, no network", stack.left() == [[], [], []], stack.left())


def everything(stack, scratch):
    stack.compose("config", "-q")
    misspelled(stack)
    began = time.monotonic()
    stack.compose("up", "-d")
    size = int(output("docker", "image", "inspect", "-f", "{{.Size}}", f"minishop-lab:{stack.env['MINISHOP_TAG']}"))
    print(f"ok   up: the image is built and its tests pass ({time.monotonic() - began:.0f} s, {size >> 20} MiB with its base)", flush=True)
    test_images(stack)
    test_out_of_memory(stack)
    began = time.monotonic()
    stack.wait_for(DEFAULT)
    print(f"ok   every container runs, healthy where that can be asked ({time.monotonic() - began:.0f} s)", flush=True)
    memory = hardened(stack)
    claim(f"no root, read-only, no capabilities, limits of {memory >> 20} MiB together", memory < MEMORY_PROMISED)
    signals(stack)
    shown(stack)
    by_hand(stack)
    over = incident(stack)
    replicas(stack)
    wait_until("the end of the alert is in Slack", lambda: stack.slack("RESOLVED"), max(10, 180 - (time.monotonic() - over)), 1)
    print("ok   and so is its end", flush=True)
    stack.compose("up", "-d", "--scale", "minishop=1")
    on_call(stack)
    early_signals(stack)
    load(stack)
    fresh_start(stack)
    https(stack, scratch)
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
        # A separate tag, because Compose would reuse the image of an earlier test.
        chosen = images.choose()
        chosen.variables["MINISHOP_TAG"] = f"test-{os.getpid()}"
        project = pathlib.Path(scratch) / "project"
        project.mkdir()
        copy_of_project(project)
        stack = Stack(project, command, chosen)
        try:
            everything(stack, scratch)
        except TestFailure:
            for one in stack.containers():
                tail = subprocess.run(["docker", "logs", "--tail=6", one["Id"]], capture_output=True, text=True, check=False)
                print(f"--- {one['Name']} ({one['State']['Status']})\n{(tail.stdout + tail.stderr)[-1500:]}")
            raise
        finally:
            subprocess.run([stack.command, "down", "-v", "--remove-orphans"], cwd=project, env=stack.env, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run(["docker", "image", "rm", *(f"{name}:{chosen.variables['MINISHOP_TAG']}" for name in ("minishop-lab", "minishop-lab-prepare"))],
                           check=False, capture_output=True)


if __name__ == "__main__":
    labtest.run_main(main)
