#!/usr/bin/env python3
"""deploy/kubernetes: built by kustomize, held against Kubernetes' schemas (PyPI's kubernetes-validate) and the Prometheus Operator's
(from its Go module), against each other, and against the files they repeat. There is no cluster here: nothing is applied.
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import Skip, TestFailure  # noqa: E402

DEPLOY = labtest.TOP / "deploy/kubernetes"
KUSTOMIZATIONS = ("base", "overlays/clusters", "overlays/thanos")
# The oldest one with sidecars as they are used here and without surprises, and the newest that is known.
VERSIONS = ("1.29", "1.37")
NAME = "app.kubernetes.io/name"

try:
    import jsonschema
    import kubernetes_validate
    import yaml
except ImportError as error:
    print(f"SKIP kubernetes: {error.name} missing (tests/requirements.txt)")
    sys.exit(labtest.SKIPPED)


class Loader(yaml.SafeLoader):
    """Takes a lone "=" for the text that it is in the Operator's definitions."""


Loader.add_constructor("tag:yaml.org,2002:value", yaml.SafeLoader.construct_yaml_str)


def engine(name):
    """The folder of what tests/engines/build.sh has built. This test builds nothing."""
    done = subprocess.run([labtest.TOP / "tests/engines/build.sh", "--where", name], capture_output=True, text=True, check=True)
    folder = pathlib.Path(done.stdout.strip())
    if not (folder / "done").exists():
        raise Skip(f"{name} is not built: tests/engines/build.sh {name}")
    return folder


BUILT = {}


def built(name):
    """The resources of a kustomization."""
    if name not in BUILT:
        done = subprocess.run([str(engine("kubernetes") / "kustomize"), "build", str(DEPLOY / name)], capture_output=True, text=True, check=False)
        if done.returncode != 0 or done.stderr:
            raise TestFailure(f"kustomize build {name}:\n{done.stderr}")
        BUILT[name] = list(yaml.safe_load_all(done.stdout))
    return BUILT[name]


def of(name, kind):
    return [one for one in built(name) if one["kind"] == kind]


def title(resource):
    return f"{resource['kind']} {resource['metadata']['name']}"


def strict(schema):
    """A field that a schema does not name is a mistake, where Kubernetes would silently drop it."""
    if isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)


def operator_schemas():
    """(kind, version) -> schema"""
    schemas = {}
    for path in (engine("kubernetes") / "crds").glob("*.yaml"):
        definition = yaml.load(path.read_text(), Loader)["spec"]
        for version in definition["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            # The definitions leave out what every resource has.
            schema["properties"]["metadata"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            strict(schema)
            schemas[definition["names"]["kind"], version["name"]] = schema
    return schemas


def test_repeats_are_the_same(_):
    done = subprocess.run([sys.executable, str(DEPLOY / "generate.py"), "--check"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TestFailure(done.stdout + done.stderr)
    rules = [group for name in ("recording.yml", "alerts.yml")
             for group in yaml.safe_load((labtest.OBSERVABILITY / "prometheus/rules" / name).read_text())["groups"]]
    for name in KUSTOMIZATIONS:
        if of(name, "PrometheusRule")[0]["spec"]["groups"] != rules:
            raise TestFailure(f"{name}: the PrometheusRule has other rules than observability/prometheus/rules")
        configuration = next(one for one in of(name, "ConfigMap") if one["metadata"]["name"].startswith("minishop-")
                             and "minishop.conf" in one["data"])
        if configuration["data"]["minishop.conf"] != (labtest.TOP / "etc/minishop.conf").read_text():
            raise TestFailure(f"{name}: the ConfigMap is not etc/minishop.conf")
    for one, source in (("config.yaml", "config.yaml"), ("logs.yaml", "logs-collector.yaml"), ("traces.yaml", "traces-tempo.yaml")):
        data = next(one for one in of("overlays/clusters", "ConfigMap") if "clusters.yaml" in one["data"])["data"]
        if data[one] != (labtest.OBSERVABILITY / "otel-collector" / source).read_text():
            raise TestFailure(f"the collector's {one} is not observability/otel-collector/{source}")


def test_schemas(_):
    operator = operator_schemas()
    checked = 0
    for name in KUSTOMIZATIONS:
        for resource in built(name):
            group, _, version = resource["apiVersion"].rpartition("/")
            try:
                if group == "monitoring.coreos.com":
                    jsonschema.Draft7Validator(operator[resource["kind"], version]).validate(resource)
                else:
                    for kubernetes in VERSIONS:
                        kubernetes_validate.validate(resource, kubernetes, strict=True)
            except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
                raise TestFailure(f"{name}: {title(resource)}: {error.message} at {'/'.join(map(str, error.path))}") from None
            checked += 1
    if checked < 40:
        raise TestFailure(f"only {checked} resources were checked")
    # The check can fail.
    broken = yaml.safe_load(yaml.safe_dump(of("base", "ServiceMonitor")[0]))
    broken["spec"]["endpoints"][0]["intervall"] = "15s"
    if not list(jsonschema.Draft7Validator(operator["ServiceMonitor", "v1"]).iter_errors(broken)):
        raise TestFailure("a misspelled field of a ServiceMonitor passes")


def pod(name):
    return of(name, "Deployment")[0]["spec"]["template"]


def test_pods_are_restricted(_):
    """What the Pod Security Standard "restricted" wants, and more."""
    for name in KUSTOMIZATIONS:
        spec = pod(name)["spec"]
        containers = spec["containers"] + spec.get("initContainers", [])
        problems = [problem for problem, bad in {
            "may be root": not spec["securityContext"]["runAsNonRoot"] or not spec["securityContext"]["runAsUser"],
            "no seccomp profile": spec["securityContext"]["seccompProfile"]["type"] != "RuntimeDefault",
            "a token of the API": spec["automountServiceAccountToken"],
            "the host's": any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")),
            "a volume of the host": any(set(volume) - {"name"} > {"configMap", "emptyDir"} or "hostPath" in volume
                                        for volume in spec["volumes"]),
            "an emptyDir without limit": any("sizeLimit" not in volume.get("emptyDir", {"sizeLimit": 1}) for volume in spec["volumes"]),
        }.items() if bad]
        for container in containers:
            context = container["securityContext"]
            problems += [f"{container['name']}: {problem}" for problem, bad in {
                "a root file system that can be written": not context["readOnlyRootFilesystem"],
                "may gain privileges": context["allowPrivilegeEscalation"],
                "capabilities": context["capabilities"] != {"drop": ["ALL"]},
                "no memory limit": "memory" not in container["resources"]["limits"],
                "no requests": set(container["resources"]["requests"]) != {"cpu", "memory"},
                "no liveness probe": "livenessProbe" not in container,
                "an image without a version": not re.search(r":v?\d+\.\d+\.\d+$", container["image"]),
            }.items() if bad]
        if problems:
            raise TestFailure(f"{name}: {', '.join(problems)}")


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items()) and selector


def check_references(name):
    template = pod(name)
    labels, spec = template["metadata"]["labels"], template["spec"]
    containers = spec["containers"] + spec.get("initContainers", [])
    ports = {port["name"] for container in containers for port in container.get("ports", [])}
    maps = {one["metadata"]["name"] for one in of(name, "ConfigMap")}
    service = of(name, "Service")[0]
    monitor = of(name, "ServiceMonitor")[0]["spec"]
    used = {volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume}
    used |= {source["configMapRef"]["name"] for container in containers for source in container.get("envFrom", [])}
    mounted = {mount["name"] for container in containers for mount in container.get("volumeMounts", [])}
    policies = of(name, "NetworkPolicy")
    open_ports = {port["port"] for policy in policies for rule in policy["spec"].get("ingress", []) for port in rule["ports"]}
    return {
        "the Service selects no pod": not selects(service["spec"]["selector"], labels),
        "the Service's port is none of the pod's": {port["targetPort"] for port in service["spec"]["ports"]} - ports,
        "the rules ask for job minishop, which is the Service's name": service["metadata"]["name"] != "minishop",
        "the ServiceMonitor selects no Service": not selects(monitor["selector"]["matchLabels"], service["metadata"]["labels"]),
        "the ServiceMonitor's port is none of the Service's":
            {one["port"] for one in monitor["endpoints"]} - {port["name"] for port in service["spec"]["ports"]},
        "a disruption budget for nobody": not selects(of(name, "PodDisruptionBudget")[0]["spec"]["selector"]["matchLabels"], labels),
        "a network policy for nobody": not all(selects(one["spec"]["podSelector"]["matchLabels"], labels) for one in policies),
        "a network policy opens a port that nobody has": open_ports - ports,
        "the autoscaler scales something else":
            of(name, "HorizontalPodAutoscaler")[0]["spec"]["scaleTargetRef"]["name"] != of(name, "Deployment")[0]["metadata"]["name"],
        "replicas stand against the autoscaler": "replicas" in of(name, "Deployment")[0]["spec"],
        "a ConfigMap that is not there": used - maps,
        "a ConfigMap that nobody uses": maps - used,
        "a volume that is not there": mounted - {volume["name"] for volume in spec["volumes"]},
        "a probe of a port that is not there": {container[probe]["httpGet"]["port"] for container in containers
                                                for probe in ("startupProbe", "readinessProbe", "livenessProbe")
                                                if probe in container} - ports,
        "too little time to end": spec["terminationGracePeriodSeconds"] < 5 + 8,
        "something outside the namespace": [title(one) for one in built(name) if one["kind"] != "Namespace"
                                            and one["metadata"].get("namespace") != "minishop"],
    }


def test_references(_):
    for name in KUSTOMIZATIONS:
        problems = [f"{problem} {bad if bad is not True else ''}" for problem, bad in check_references(name).items() if bad]
        if problems:
            raise TestFailure(f"{name}: {'; '.join(problems)}")


def test_prometheus_finds_what_is_there(_):
    for name in KUSTOMIZATIONS[1:]:
        prometheus = of(name, "Prometheus")[0]["spec"]
        for selector, kind in (("serviceMonitorSelector", "ServiceMonitor"), ("podMonitorSelector", "PodMonitor"),
                               ("ruleSelector", "PrometheusRule")):
            labels = of(name, kind)[0]["metadata"].get("labels", {})
            if not selects(prometheus[selector]["matchLabels"], labels):
                raise TestFailure(f"{name}: Prometheus does not select the {kind} ({labels})")
        monitor = of(name, "PodMonitor")[0]["spec"]
        if not selects(monitor["selector"]["matchLabels"], pod(name)["metadata"]["labels"]):
            raise TestFailure(f"{name}: the PodMonitor selects no pod")
        account = of(name, "ServiceAccount")[0]["metadata"]["name"]
        subject = of(name, "RoleBinding")[0]["subjects"][0]
        if prometheus["serviceAccountName"] != account or (subject["name"], subject["namespace"]) != (account, "minishop"):
            raise TestFailure(f"{name}: Prometheus's account {account} has no role: {subject}")
        url = prometheus["remoteWrite"][0]["url"]
        allowed = [value for policy in of(name, "NetworkPolicy") for rule in policy["spec"].get("egress", []) for to in rule["to"]
                   for expression in to["namespaceSelector"].get("matchExpressions", []) for value in expression["values"]]
        backends = next(one for one in of(name, "ConfigMap") if "TENANT" in one["data"])["data"]
        for address in [value for value in backends.values() if "://" in value] + [url]:
            if re.match(r"http://[^.]+\.([^.]+)\.svc", address)[1] not in allowed:
                raise TestFailure(f"{name}: the network policy does not let anything out to {address}")


def test_the_collector_takes_its_configuration(directory):
    otelcol = engine("otelcol") / "otelcol"
    for name in KUSTOMIZATIONS[1:]:
        container = pod(name)["spec"]["initContainers"][0]
        environment = {one["name"]: one["value"] for one in container["env"]}
        for one in of(name, "ConfigMap"):
            if "TENANT" in one["data"]:
                environment |= one["data"]
            if "clusters.yaml" in one["data"]:
                for file, text in one["data"].items():
                    (directory / file).write_text(text)
        environment["OTELCOL_STORAGE"] = str(directory)
        arguments = [argument.replace("/etc/otelcol/", f"{directory}/") for argument in container["args"]]
        done = subprocess.run([str(otelcol), "validate", *arguments], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TestFailure(f"{name}: {done.stderr}")


if __name__ == "__main__":
    labtest.run_tests(globals())
