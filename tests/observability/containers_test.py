#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks docker-compose.yml, .env and Dockerfile without running them; tests/containers/compose_test.py runs them. The containers of
each choice in .env fit into the memory that the README promises, and the limits of one component fit those of the next.
"""
import fnmatch
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import Skip, TestFailure  # noqa: E402

try:
    import yaml
except ImportError:
    print("SKIP containers: yaml missing (tests/requirements.txt)")
    sys.exit(labtest.SKIPPED)

CHOICES = [(shipper, store) for shipper in ("collector", "promtail", "alloy") for store in ("jaeger", "tempo", "both")]
CONTAINERS = labtest.OBSERVABILITY / "containers"
MOUNTED = "/etc/minishop-lab/"
MIB = 1 << 20
PROMISED = 2048
# Keys that Compose v2 accepts and docker-compose 1.29 refuses; and keys that 1.29 accepts and ignores.
TOO_NEW = ("name", "include", "configs", "secrets", "develop", "extends", "additional_contexts")


def compose_file():
    return yaml.safe_load((labtest.TOP / "docker-compose.yml").read_text())


def environment():
    lines = (labtest.TOP / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def services(shipper, store):
    """The services that run with this choice: without a profile, or with a profile that .env derives from it."""
    profiles = environment()["COMPOSE_PROFILES"].replace("${LOG_SHIPPER}", shipper).replace("${TRACE_STORE}", store).split(",")
    return {name: service for name, service in compose_file()["services"].items()
            if not service.get("profiles") or set(service["profiles"]) & set(profiles)}


def megabytes(text):
    return int(re.fullmatch(r"(\d+)m", text)[1])


def test_memory_is_as_promised(_):
    for shipper, store in CHOICES:
        total = sum(megabytes(service["mem_limit"]) for service in services(shipper, store).values())
        if total >= PROMISED:
            raise TestFailure(f"{shipper} and {store} may take {total} MiB")
        print(f"     {shipper}, {store}: {total} MiB at most")


def test_one_way_for_each_signal(_):
    for shipper, store in CHOICES:
        running = set(services(shipper, store))
        wanted = {"jaeger": {"jaeger"}, "tempo": {"tempo"}, "both": {"jaeger", "tempo"}}[store]
        wanted |= {shipper} - {"collector"}
        if running & {"jaeger", "tempo", "promtail", "alloy"} != wanted:
            raise TestFailure(f"{shipper} and {store} bring up {sorted(running)}")


def test_every_service_is_hardened(_):
    for name, service in compose_file()["services"].items():
        problems = [problem for problem, bad in {
            "a root file system that can be written": service.get("read_only") is not True,
            "capabilities": service.get("cap_drop") != ["ALL"] or "cap_add" in service or "privileged" in service,
            "new privileges": service.get("security_opt") != ["no-new-privileges:true"],
            "no limit of processes": "pids_limit" not in service,
            "logs without end": "max-size" not in service["logging"]["options"],
            "the host's": any(service.get(key) == "host" for key in ("network_mode", "pid", "ipc")),
            "no numeric user": not service["image"].startswith("minishop-lab:") and not re.match(r"[1-9]\d*:\d+$", str(service.get("user"))),
            "a port for everybody": any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", [])),
            "docker's socket": any("docker.sock" in volume for volume in service.get("volumes", [])),
            "the clone, whose modes and labels are the user's": any(volume.startswith(".") for volume in service.get("volumes", [])),
            "a configuration that can be written": name != "prepare" and any(
                volume.startswith("configuration:") and ":ro" not in volume for volume in service.get("volumes", [])),
            # Prometheus sets it itself; the programs of our own images are in C.
            "a garbage collector that does not know the memory limit": name != "prometheus" and not service["image"].startswith("minishop-lab") and not
            0.5 < int(service["environment"].get("GOMEMLIMIT", "0MiB").removesuffix("MiB")) / megabytes(service["mem_limit"]) < 0.9,
            "an image without a version": not re.search(r":\$\{[A-Z_]+_(VERSION|TAG)\}$", service["image"]),
        }.items() if bad]
        if problems:
            raise TestFailure(f"{name}: {', '.join(problems)}")
    user = re.findall(r"^USER (\S+)$", (labtest.TOP / "Dockerfile").read_text(), re.MULTILINE)
    if user != ["10001:10001"]:
        raise TestFailure(f"the Dockerfile's user is {user}")
    moving = [f"{name}={value}" for name, value in environment().items() if name.endswith("_VERSION")
              and not re.fullmatch(r"v?\d+\.\d+\.\d+", value)]
    if moving:
        raise TestFailure(f"these are not pinned: {moving}")


def test_a_container_that_gets_sighup_is_restarted(_):
    """Docker restarts a container that got a signal only with "always" and a stop signal."""
    sent = {name for path in [*(labtest.TOP / "docs").glob("*.md"), *(labtest.TOP / "lab.d").rglob("*.[ps][yh]"), *labtest.OBSERVABILITY.glob("*.md")]
            for name in re.findall(r'kill"?,? "?-s"?,? "?HUP"?,? "?([a-z-]+)', path.read_text())}
    labtest.expect("they get SIGHUP", sent, {"minishop", "prometheus"})
    for name in sent | {"alertmanager"}:  # the runbook: a new webhook
        service = compose_file()["services"][name]
        image = re.findall(r"^STOPSIGNAL (\w+)$", (labtest.TOP / "Dockerfile").read_text(), re.MULTILINE) if name == "minishop" else []
        labtest.expect(name, (service["restart"], [service.get("stop_signal", *image)]), ("always", ["SIGTERM"]))


def test_images_are_of_the_version_that_is_tested(_):
    """The versions that tests/engines builds equal those of .env."""
    engines = labtest.TOP / "tests/engines"

    def found(pattern, path):
        return re.search(pattern, (engines / path).read_text(), re.MULTILINE)[1]
    tested = {
        # A module may not call itself 3 without saying so in its path, so Prometheus 3.16 is v0.316.
        "PROMETHEUS_VERSION": "v3." + found(r"github.com/prometheus/prometheus v0\.3(\d+\.\d+)", "prometheus/go.mod"),
        "ALERTMANAGER_VERSION": found(r"/cmd/\$program@(v\S+)\"", "alertmanager/recipe.sh"),
        "OTELCOL_VERSION": found(r"^  version: (\S+)", "otelcol/builder.yaml"),
        # One source, two numbers: Jaeger 1.76 was released as 2.13 too.
        "JAEGER_VERSION": {"v1.76.0": "2.13.0"}.get(found(r"github.com/jaegertracing/jaeger (v\S+)", "jaeger/go.mod")),
    }
    cluster = (labtest.TOP / "deploy/kubernetes/overlays/clusters/prometheus.yaml").read_text()
    if f"\n  version: {tested['PROMETHEUS_VERSION']}\n" not in cluster:
        raise TestFailure(f"the cluster's Prometheus is another one than {tested['PROMETHEUS_VERSION']}")
    other = [f"{name}={environment()[name]}, tested is {version}" for name, version in tested.items() if environment()[name] != version]
    if other:
        raise TestFailure("; ".join(other))


def test_both_composes_understand_it(_):
    text = compose_file()
    found = [key for key in TOO_NEW if key in text] + [
        f"{name}: {key}" for name, service in text["services"].items() for key in (*TOO_NEW, "deploy") if key in service]
    found += [f"{name}: port {port}" for name, service in text["services"].items() for port in service.get("ports", [])
              if not isinstance(port, str)]
    found += re.findall(r"\$\{[A-Z_]+:?[-+?][^}]*\$\{.*", (labtest.TOP / "docker-compose.yml").read_text())
    if found or "version" in text:
        raise TestFailure(f"not for docker-compose 1.29 and Compose v2 alike: {found or 'version'}")


def test_every_volume_has_its_owner(_):
    """`prepare` mounts each volume on a folder of its image. All other users wait for `prepare`, and mount it with nocopy."""
    services = compose_file()["services"]
    folders = dict(volume.split(":") for volume in services["prepare"]["volumes"] if not volume.startswith("$"))
    stages = (labtest.TOP / "Dockerfile").read_text().replace("\\\n", " ").split("\nFROM ")
    [prepared] = [stage for stage in stages if stage.partition("\n")[0].endswith(" AS prepare")]
    made = {word for made in re.findall(r"install -d ([^&\n]+)", prepared) for word in made.split() if word.startswith("/")}
    wrong = [name for name in compose_file()["volumes"] if folders.get(name) not in made]
    for name, service in services.items():
        mounts = [volume for volume in service.get("volumes", []) if volume.split(":")[0] in folders and name != "prepare"]
        wrong += [f"{name}: {volume}" for volume in mounts if not volume.endswith("nocopy")]
        wrong += [name] if mounts and "prepare" not in service.get("depends_on", {}) else []
    if wrong:
        raise TestFailure(f"not prepared: {wrong}")


def test_what_is_named_is_there(_):
    """Each volume, and each file of the configuration on a command line."""
    names = set(compose_file()["volumes"])
    for shipper, store in CHOICES:
        for name, service in services(shipper, store).items():
            text = str(service).replace("${LOG_SHIPPER}", shipper).replace("${TRACE_STORE}", store)
            absent = [volume for volume in service.get("volumes", []) if not volume.startswith("$") and volume.split(":")[0] not in names]
            absent += [path for path in re.findall(rf"{MOUNTED}([\w./-]+)", text) if not (labtest.OBSERVABILITY / path).exists()]
            if absent:
                raise TestFailure(f"{name} uses {absent}, which is not there")


def test_each_choice_is_a_file_that_its_folder_names(_):
    """docker-compose prints the folder's name if a choice is misspelled."""
    for folder, words in (("LOG_SHIPPER", {shipper for shipper, _ in CHOICES}), ("TRACE_STORE", {store for _, store in CHOICES})):
        [path] = (CONTAINERS / "choices").glob(f"{folder}_is_*")
        if {file.name for file in path.iterdir()} != words or set(path.name.split("_is_")[1].split("_")) - {"or"} != words:
            raise TestFailure(f"{path.name} has {sorted(file.name for file in path.iterdir())}")
        for word in words:
            labtest.expect(f"{path.name}/{word}", (path / word).read_text().splitlines()[-1], f"{folder}={word}")


def test_the_slack_secret_is_alertmanagers_alone(_):
    users = {name for name, service in compose_file()["services"].items() for volume in service.get("volumes", []) if volume.startswith("slack-url:")}
    labtest.expect("services that can read the webhook's address", users, {"prepare", "alertmanager"})


def test_containers_reach_each_other_without_a_proxy(_):
    services = compose_file()["services"]
    for name, service in services.items():
        environment = service.get("environment", {})
        for variable in ("NO_PROXY", "no_proxy"):
            missing = {*services, "localhost", "127.0.0.1"} - {"prepare", "discovery", "traffic"} - set(environment.get(variable, "").split(","))
            if missing and name != "prepare":
                raise TestFailure(f"{name}: {variable} lacks {sorted(missing)}")


def test_threads_fit_into_their_limits(_):
    """One thread per connection, in containers and in Kubernetes. 64: the program's other threads, and the processes that watch its log."""
    shop = compose_file()["services"]["minishop"]
    [pod] = yaml.safe_load((labtest.TOP / "deploy/kubernetes/base/deployment.yaml").read_text())["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one.get("value") for one in pod["env"]}
    cluster = int(re.fullmatch(r"(\d+)Mi", pod["resources"]["limits"]["memory"])[1])
    for where, connections, orders, memory in (
            ("containers", shop["environment"]["MINISHOP_SERVER_CONNECTIONS"], shop["environment"]["MINISHOP_ORDERS_CAPACITY"],
             megabytes(shop["mem_limit"])),
            ("Kubernetes", variables["MINISHOP_SERVER_CONNECTIONS"], variables["MINISHOP_ORDERS_CAPACITY"], cluster)):
        # Measured: 34 KiB per connection (26 of them in the kernel), 410 bytes per order, and the program.
        needed = (int(connections) * 34 + int(orders) * 0.41 + 8 * 1024) / 1024
        if needed > memory:
            raise TestFailure(f"{where}: {connections} connections and {orders} orders need {needed:.0f} MiB, the limit is {memory}")
    if int(shop["environment"]["MINISHOP_SERVER_CONNECTIONS"]) + 64 > shop["pids_limit"]:
        raise TestFailure(f"pids_limit {shop['pids_limit']} is less than a thread for each connection")


def configuration(path):
    """YAML, with the defaults of its variables."""
    text = (labtest.OBSERVABILITY / path).read_text()
    return yaml.safe_load(re.sub(r"\$\{(?:env:)?\w+:-([^}]*)\}", r"\1", text))


def test_a_message_fits_into_what_its_receiver_takes(_):
    """Compares each sender's maximum message with the receiver's limit. 8 KiB: more than any line or span has."""
    collector, jaeger, loki, tempo = (configuration(path) for path in (
        "otel-collector/config.yaml", "jaeger/config.yaml", "loki/loki.yaml", "tempo/tempo.yaml"))
    queues = [exporter["sending_queue"] for path in sorted((labtest.OBSERVABILITY / "otel-collector").glob("*.yaml"))
              for exporter in configuration(path).get("exporters", {}).values() if "sending_queue" in exporter]
    batch = max(queue["batch"]["max_size"] for queue in queues if "batch" in queue) * 8 << 10
    # Loki's and Tempo's default for the clients of their own servers, and Grafana's for one response: 5,000 lines.
    client = 16 * MIB
    response = 5000 * 3 << 10
    pairs = [("collector", batch, "Jaeger", jaeger["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * MIB),
             ("collector", batch, "another collector", collector["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * MIB),
             ("collector", batch, "Tempo's OTLP receiver, by default", 20 * MIB)]
    for name, server in (("Loki", loki["server"]), ("Tempo", tempo["server"])):
        for way, size in itertools.product(("recv", "send"), (batch, client, response)):
            pairs.append((f"{name}'s clients", size, f"{name}'s server ({way})", server[f"grpc_server_max_{way}_msg_size"]))
    wrong = [pair for pair in pairs if pair[1] > pair[3]]
    if wrong:
        raise TestFailure(f"does not fit: {wrong}")


def test_the_shippers_know_the_names_of_rotated_files(_):
    """The collector reads rotated files, because it identifies a file by its content; Promtail and Alloy would send them again. No shipper reads
    compressed ones."""
    rotated = re.search(r"^\tdateformat (\S+)$", (labtest.TOP / "etc/minishop.logrotate").read_text(), re.MULTILINE)[1]
    rotated = rotated.replace("%Y", "2026").replace("%m", "11").replace("%d", "26").replace("%s", "1795650000")
    receiver = configuration("otel-collector/logs-collector.yaml")["receivers"]["file_log/minishop"]
    exclude = [pattern.replace("{gz,xz,bz2,zst}", end) for pattern in receiver["exclude"] for end in ("gz", "xz", "bz2", "zst")]
    promtail = [one["labels"]["__path__"] for one in configuration("promtail/promtail.yaml")["scrape_configs"][0]["static_configs"]]
    alloy = re.findall(r'path_targets = \[{__path__ = coalesce\(sys.env\("MINISHOP_LOGS"\), "([^"]+)"\) \+ "([^"]+)"',
                       (labtest.OBSERVABILITY / "alloy/config.alloy").read_text())
    labtest.expect("Alloy's files", ["".join(parts) for parts in alloy], promtail)
    for name, collected, promtailed in (("minishop.log", True, True), ("minishop.log.1", True, False), (f"minishop.log{rotated}", True, False),
                                        (f"minishop.log{rotated}.gz", False, False), ("minishop.log-20261126", True, False)):
        path = f"/var/log/minishop/{name}"
        seen = [any(fnmatch.fnmatch(path, pattern) for pattern in receiver["include"]) and not any(fnmatch.fnmatch(path, pattern) for pattern in exclude),
                any(fnmatch.fnmatch(path, pattern) for pattern in promtail)]
        labtest.expect(f"{name}: read by the collector, by Promtail", seen, [collected, promtailed])


def test_alloys_file_is_in_its_language(directory):
    """Alloy's own parser and formatter accept the file. Only Alloy itself could check its components, and it is not built here."""
    program = labtest.engine_folder("alloysyntax") / "alloysyntax"
    if not program.exists():
        raise Skip(f"{program.name} is not built (tests/engines/build.sh {program.name}): observability/alloy/config.alloy was not parsed")
    path = labtest.OBSERVABILITY / "alloy/config.alloy"
    done = subprocess.run([program, path], capture_output=True, text=True, check=False)
    labtest.expect("status and errors", (done.returncode, done.stderr), (0, ""))
    labtest.expect("as Alloy formats it", path.read_text(), done.stdout + "\n")
    broken = directory / "broken.alloy"
    broken.write_text(path.read_text().replace("forward_to =", "forward_to", 1))
    if subprocess.run([program, broken], capture_output=True, check=False).returncode != 1:
        raise TestFailure("a mistake in it is not seen")


def hours(text):
    return int(re.fullmatch(r"(\d+)[hs]", text)[1])


def test_loki_takes_a_backlog_of_a_day(_):
    """If old and new lines arrive together, Loki accepts lines that are at most half of max_chunk_age older than the newest one."""
    loki = configuration("loki/loki.yaml")
    labtest.expect("unordered_writes", loki["limits_config"]["unordered_writes"], True)
    if hours(loki["ingester"]["max_chunk_age"]) / 2 < 24:
        raise TestFailure("Loki refuses lines that are a day older than the newest one")
    # Lines that are still in the ingester must be queried there: 0 means always.
    labtest.expect("query_ingesters_within", loki["querier"]["query_ingesters_within"], "0s")
    if hours(loki["limits_config"]["reject_old_samples_max_age"]) < hours(loki["limits_config"]["retention_period"]):
        raise TestFailure("Loki refuses lines that it would still keep")


def shell(script, directory, commands, **env):
    """A script of observability/containers with these stand-ins first in the path."""
    tools = directory / "bin"
    tools.mkdir(exist_ok=True)
    for name, text in commands.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    path = directory / "script.sh"
    path.write_text(script)
    return subprocess.run(["sh", str(path)], capture_output=True, text=True, check=False, timeout=30,
                          env={"PATH": f"{tools}:{os.environ['PATH']}", **env})


PORTS = {"MINISHOP": "8090", "SLACK_MOCK": "8080", "PROMETHEUS": "19090", "ALERTMANAGER": "9093", "GRAFANA": "3100", "LOKI": "3000",
         "JAEGER": "26686", "TEMPO": "3200"}


def prepare(directory, replicas=False, slack=None, **choices):
    """Runs prepare.sh on folders below directory. Returns the delivered files by name."""
    script = (CONTAINERS / "prepare.sh").read_text()
    for path, place in (("/usr/share/minishop-lab", labtest.OBSERVABILITY), ("/etc/minishop-lab", directory / "to"),
                        ("/etc/slack-url", directory / "secret"), ("/etc/minishop/incident", directory / "incident"), ("/var/log/minishop", directory / "logs"),
                        ("slack_url_file=/slack_url", f"slack_url_file={slack or '/dev/null'}")):
        script = script.replace(path, str(place))
    for folder in ("to", "secret", "incident", "logs"):
        (directory / folder).mkdir(exist_ok=True)
    done = shell(script, directory, {"getent": f"exit {0 if replicas else 2}"},
                 **{f"{name}_PORT": port for name, port in PORTS.items()}, **{"LOG_SHIPPER": "collector", "TRACE_STORE": "jaeger", **choices})
    return done, directory / "to"


def delivered(done, to):
    if done.returncode != 0 or done.stderr:
        raise TestFailure(f"prepare.sh: {done.returncode} {done.stderr}")
    return to


def test_prepare_delivers_the_configuration_with_the_ports_of_env(directory):
    to = delivered(*prepare(directory))
    labtest.expect("MiniShop's address", "http://127.0.0.1:8090/metrics" in (to / "prometheus/targets/containers/minishop.yml").read_text(), True)
    labtest.expect("slack-mock's address", "http://127.0.0.1:8080/" in (to / "prometheus/targets/containers/slack-mock.yml").read_text(), True)
    everything = "".join(path.read_text() for path in to.rglob("*") if path.is_file())
    for default in ("9090", "16686"):
        labtest.expect(f"127.0.0.1:{default}", re.findall(rf"127\.0\.0\.1:{default}\b", everything), [])
    before = {path: path.stat().st_mtime_ns for path in to.rglob("*") if path.is_file()}
    (to / "grafana/dashboards/gone.json").write_text("{}")
    delivered(*prepare(directory))
    labtest.expect("files that did not change, a second time", {path: path.stat().st_mtime_ns for path in to.rglob("*") if path.is_file()}, before)


def test_prepare_delivers_what_was_chosen(directory):
    for shipper, store in CHOICES:
        to = delivered(*prepare(directory, LOG_SHIPPER=shipper, TRACE_STORE=store)) / "prometheus/targets/containers"
        labtest.expect(f"{shipper}, {store}", [f"{name}:" in (to / file).read_text() for file, names in (
            ("stack-logs.yml", ("promtail", "alloy")), ("stack-traces.yml", ("jaeger", "tempo"))) for name in names],
            [shipper == "promtail", shipper == "alloy", store in ("jaeger", "both"), store in ("tempo", "both")])


def test_grafana_leads_to_the_trace_store_that_runs(directory):
    """With one store no link, list or query leads to the other; with both the files are those of the project."""
    for store, other in (("jaeger", "tempo"), ("tempo", "jaeger"), ("both", None)):
        to = delivered(*prepare(directory, TRACE_STORE=store)) / "grafana"
        boards = {path.name: json.loads(path.read_text()) for path in sorted((to / "dashboards").glob("*.json"))}
        text = json.dumps(boards)
        sources = yaml.safe_load((to / "provisioning/datasources/minishop.yaml").read_text())["datasources"]
        links = [link for source in sources for key in ("exemplarTraceIdDestinations", "derivedFields") for link in source["jsonData"].get(key, [])]
        stores = {link["datasourceUid"] for link in links}
        lists = [panel for panel in boards["minishop.json"]["panels"] if panel["title"].startswith("Slow traces")]
        if store == "both":
            labtest.expect("both: links", stores, {"jaeger", "tempo"})
            continue
        labtest.expect(f"{store}: links", (stores, len(links)), ({store}, 3))
        labtest.expect(f"{store}: a source of the dashboards", [f'"uid": "{name}"' in text for name in (store, other)], [True, False])
        labtest.expect(f"{store}: Jaeger's page", f"127.0.0.1:{PORTS['JAEGER']}/search" in text, store == "jaeger")
        labtest.expect(f"{store}: the link of each dashboard", [link["tooltip"] for board in boards.values() for link in board["links"]
                                                                if link["title"] == "Traces"], 3 * [store.capitalize()])
        [target] = lists[0]["targets"]
        asked = {"jaeger": {"queryType": "search", "service": "minishop", "operation": "ProcessPayment", "minDuration": "${slow_ms}ms"},
                 "tempo": {"queryType": "traceql", "query": '{name="ProcessPayment" && duration > ${slow_ms}ms}', "tableType": "traces"}}[store]
        labtest.expect(f"{store}: the list of slow traces", target, {"refId": "A", "limit": 20, "datasource": {"type": store, "uid": store}} | asked)


def test_an_incident_lasts_as_long_as_the_shop(directory):
    incident = directory / "incident/incident.conf"
    delivered(*prepare(directory))
    incident.write_text("payment = { failure_rate = 0.5; };\n")
    delivered(*prepare(directory, replicas=True))
    labtest.expect("an incident, and `up -d` once more", incident.exists(), True)
    delivered(*prepare(directory))
    labtest.expect("an incident when the stack starts afresh", incident.exists(), False)


def test_the_address_of_slack_is_the_mocks_or_that_of_a_file(directory):
    delivered(*prepare(directory))
    address = directory / "secret/slack_url"
    labtest.expect("the mock's", "slack-mock:8090" in address.read_text(), True)
    own = directory / "own"
    own.write_text("https://hooks.slack.com/services/T0/B0/x\n")
    to = delivered(*prepare(directory, slack=own))
    labtest.expect("the user's own address", address.read_text(), own.read_text())
    # It must not be in the folder that Prometheus serves to browsers (--web.user-assets).
    labtest.expect("files with the secret", [path.name for path in to.rglob("*") if path.is_file() and "hooks.slack.com/services/T0" in path.read_text()], [])
    done, _ = prepare(directory, slack=directory / "logs")
    labtest.expect("a directory, which Docker creates if the file is missing", (done.returncode, "SLACK_URL_FILE" in done.stderr), (1, True))
    done, _ = prepare(directory, slack=directory / "absent")
    labtest.expect("a file that cannot be read", (done.returncode, "setfacl" in done.stderr), (1, True))


def test_a_replica_has_the_address_that_prometheus_scrapes(directory):
    """The result does not depend on other networks of the container, or their order."""
    script = (CONTAINERS / "replica.sh").read_text().replace("/usr/sbin/minishop", "minishop").replace("/var/log/minishop", str(directory))
    for own, scraped, wanted in (("10.1.0.2", "10.1.0.2", "10.1.0.2"), ("172.16.0.9 10.1.0.2", "10.1.0.3\n10.1.0.2", "10.1.0.2"),
                                 ("10.1.0.2 172.16.0.9", "10.1.0.2", "10.1.0.2"), ("10.1.0.2 172.16.0.9", "", "10.1.0.2")):
        lines = "".join(f"echo '{address} STREAM minishop'; " for address in scraped.split("\n") if address)
        done = shell(script, directory, {"getent": lines or "exit 2", "hostname": f'case ${{1-}} in -I) echo "{own} ";; *) echo h;; esac',
                                         "tail": ":", "minishop": 'echo "$MINISHOP_INSTANCE $*"'})
        labtest.expect(f"{own}, scraped {scraped!r}", done.stdout.splitlines()[-1:],
                       [f"{wanted}:8080 --listen 0.0.0.0:8080 --log-file {directory}/h.log"])


def test_the_log_of_a_replica_is_shown_without_its_successes(directory):
    script = (CONTAINERS / "replica.sh").read_text().replace("/usr/sbin/minishop", "minishop").replace("/var/log/minishop", str(directory))
    trace = '"trace_id":"be945f95f6a86fe838bdd6fcfd8bd056"'
    lines = {'{"level":"INFO","message":"service ready"}': True, f'{{"level":"INFO","message":"order created",{trace}}}': False,
             f'{{"level":"WARN","message":"payment failed",{trace}}}': True, f'{{"level":"ERROR","message":"order failed",{trace}}}': True,
             f'{{"level":"DEBUG","message":"probe",{trace}}}': False, '{"level":"WARN","message":"span export fails"}': True}
    (directory / "lines").write_text("\n".join(lines) + "\n")
    done = shell(script, directory, {"tail": f"cat {directory}/lines", "minishop": ":"})
    labtest.expect("shown", done.stdout.splitlines()[1:], [line for line, shown in lines.items() if shown])


def test_the_rate_of_the_shoppers(directory):
    """It is the same in every locale. mawk would write the comma of a German locale, and wrk's Lua does not read that."""
    script = (labtest.OBSERVABILITY / "traffic/shoppers.sh").read_text().replace("${1%:*}", "shop").replace("${1##*:}", "80")
    tools = {"getent": "echo '10.1.0.2 STREAM'; echo '10.1.0.3 STREAM'", "timeout": ":", "nice": 'echo "$SHOPPERS_RATE"; kill -TERM $PPID'}
    made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", directory / "de_DE.UTF-8"], capture_output=True, check=False).returncode == 0
    locale = {"LC_ALL": "de_DE.UTF-8" if made else "C", "LOCPATH": str(directory)}
    for rate, each in (("5", "2.5"), ("0.5", "0.25"), ("12", "6")):
        done = shell(script, directory, tools, SHOPPERS_RATE=rate, **locale)
        labtest.expect(rate, (done.returncode, done.stderr, done.stdout.splitlines()[:1]), (0, "", [each]))
    for rate in ("0", "0.0", "-1", "many", "1e3", "2,5", "1 2"):
        done = shell(script, directory, tools, SHOPPERS_RATE=rate)
        labtest.expect(rate, (done.returncode, f"above 0, such as 12 or 0.5, not '{rate}'" in done.stderr), (2, True))


def test_haproxy_takes_its_configuration(_):
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if not haproxy:
        raise Skip("haproxy is missing: the configuration of the shop's door is valid")
    labtest.output(haproxy, "-c", "-f", labtest.OBSERVABILITY / "door/haproxy.cfg")


def test_docker_compose_takes_it(_):
    """docker-compose 1.29 if it is installed, and Compose v2 if tests/engines has built it."""
    commands = list(filter(None, (shutil.which("docker-compose"), shutil.which("docker-compose", path=labtest.engine_folder("compose")))))
    if not commands:
        raise Skip("docker-compose is missing")
    for command in commands:
        for shipper, store in CHOICES:
            done = subprocess.run([command, "config", "-q"], cwd=labtest.TOP, capture_output=True, text=True, check=False,
                                  env={**os.environ, "LOG_SHIPPER": shipper, "TRACE_STORE": store})
            if done.returncode != 0 or done.stderr:
                raise TestFailure(done.stderr)
        for name, word, said in (("LOG_SHIPPER", "promtial", "LOG_SHIPPER_is_collector_promtail_or_alloy/promtial"),
                                 ("TRACE_STORE", "jeager", "TRACE_STORE_is_jaeger_tempo_or_both/jeager"),
                                 ("TRACE_STORE", "", "TRACE_STORE_is_jaeger_tempo_or_both")):
            done = subprocess.run([command, "config", "-q"], cwd=labtest.TOP, capture_output=True, text=True, check=False,
                                  env={**os.environ, name: word})
            if done.returncode == 0 or said not in done.stderr:
                raise TestFailure(f"{command}, {name}={word}: {done.returncode} {done.stderr}")
    print(f"     {', '.join(commands)}")


def test_the_image_gets_the_sources_alone(_):
    """A build inside the source tree leaves files with which configure refuses to build elsewhere. Git ignores all of them."""
    if not (labtest.TOP / ".git").exists():
        raise Skip("only a clone has .gitignore, whose patterns are in .dockerignore")
    def lines(name):
        return [line for line in (labtest.TOP / name).read_text().splitlines() if line and not line.startswith("#")]
    wanted = ["!" * line.startswith("!") + re.sub(r"^/|^", lambda root: "" if root[0] else "**/", line.lstrip("!"), count=1).rstrip("/") for line in lines(".gitignore")]
    labtest.expect("patterns of .gitignore", sorted(set(wanted) - set(lines(".dockerignore"))), [])
    patterns = [(line.startswith("!"), re.escape(line.lstrip("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")) for line in lines(".dockerignore")]

    def left_out(name):
        return [kept for kept, pattern in [(False, "$^"), *patterns] if re.fullmatch(f"{pattern}(/.*)?", name)][-1:] == [False]
    labtest.expect("left out", list(map(left_out, ("config.status", "src/app/app.o", "tests/a/test_b", "tests/a/test_b.c"))), [True, True, True, False])
    tracked = labtest.output("git", "ls-files", cwd=labtest.TOP).split()
    labtest.expect("files of the project", list(filter(left_out, tracked)), [])


def test_dockerfile_lint(_):
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(pathlib.Path(sys.executable).parent))
    if not hadolint:
        raise Skip("hadolint is missing (tests/requirements.txt)")
    labtest.output(hadolint, "-c", labtest.TOP / ".hadolint.yaml", labtest.TOP / "Dockerfile")


if __name__ == "__main__":
    labtest.run_tests(globals())
