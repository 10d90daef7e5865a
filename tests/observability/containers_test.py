#!/usr/bin/env python3
"""docker-compose.yml, .env and Dockerfile as far as they can be judged without running them; tests/containers/compose_test.py runs
them. What a choice in .env brings up fits into the memory that the README promises.
"""
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

CHOICES = [(shipper, store) for shipper in ("collector", "promtail") for store in ("jaeger", "tempo", "both")]
PROMISED = 2048
# What Compose v2 knows and docker-compose 1.29 does not, where it would be in this file; and what 1.29 takes and ignores.
TOO_NEW = ("name", "include", "configs", "secrets", "develop", "extends", "additional_contexts")


def compose_file():
    return yaml.safe_load((labtest.TOP / "docker-compose.yml").read_text())


def environment():
    lines = (labtest.TOP / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def services(shipper, store):
    """Those that run with this choice: without a profile, or with one that .env makes of it."""
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
        wanted |= {"promtail"} if shipper == "promtail" else set()
        if running & {"jaeger", "tempo", "promtail"} != wanted:
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
            "a configuration that can be written": any(volume.startswith("./") and not volume.endswith(":ro")
                                                       for volume in service.get("volumes", [])),
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


def test_images_are_of_the_version_that_is_tested(_):
    """What tests/engines builds, and what .env pulls."""
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
    """The first to mount it is our own image, which has a folder for it; all who use one wait for that."""
    services = compose_file()["services"]
    folders = dict(volume.split(":") for volume in services["prepare"]["volumes"])
    dockerfile = (labtest.TOP / "Dockerfile").read_text().replace("\\\n", " ")
    made = {word for made in re.findall(r"install -d ([^&\n]+)", dockerfile) for word in made.split() if word.startswith("/")}
    wrong = [name for name in compose_file()["volumes"] if folders.get(name) not in made]
    wrong += [name for name, service in services.items() if name != "prepare" and any(
        volume.split(":")[0] in folders for volume in service.get("volumes", [])) and "prepare" not in service.get("depends_on", {})]
    if wrong:
        raise TestFailure(f"not prepared: {wrong}")


def test_what_is_mounted_is_there(_):
    names = set(compose_file()["volumes"])
    for shipper, store in CHOICES:
        for name, service in services(shipper, store).items():
            for volume in service.get("volumes", []):
                source = re.sub(r"\$\{SLACK_URL_FILE:-([^}]+)\}", r"\1", volume).split(":")[0]
                source = source.replace("${LOG_SHIPPER}", shipper).replace("${TRACE_STORE}", store)
                if source.startswith("./") and not (labtest.TOP / source).exists() or "/" not in source and source not in names:
                    raise TestFailure(f"{name} mounts {source}, which is not there")


def test_docker_compose_takes_it(_):
    """docker-compose 1.29 if it is installed, and Compose v2 if tests/engines has built it."""
    v2 = subprocess.run([labtest.TOP / "tests/engines/build.sh", "--where", "compose"], capture_output=True, text=True, check=True)
    commands = list(filter(None, (shutil.which("docker-compose"), shutil.which("docker-compose", path=v2.stdout.strip()))))
    if not commands:
        raise Skip("docker-compose is missing")
    for command in commands:
        for shipper, store in CHOICES:
            done = subprocess.run([command, "config", "-q"], cwd=labtest.TOP, capture_output=True, text=True, check=False,
                                  env={**os.environ, "LOG_SHIPPER": shipper, "TRACE_STORE": store})
            if done.returncode != 0 or done.stderr:
                raise TestFailure(done.stderr)
    print(f"     {', '.join(commands)}")


def test_dockerfile_lint(_):
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(pathlib.Path(sys.executable).parent))
    if not hadolint:
        raise Skip("hadolint is missing (tests/requirements.txt)")
    done = subprocess.run([hadolint, "-c", str(labtest.TOP / ".hadolint.yaml"), str(labtest.TOP / "Dockerfile")],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TestFailure(done.stdout + done.stderr)


if __name__ == "__main__":
    labtest.run_tests(globals())
