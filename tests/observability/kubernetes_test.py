#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""deploy/kubernetes: kustomize builds the manifests. The tests compare them with Kubernetes' schemas (PyPI's kubernetes-validate) and the
Prometheus Operator's (from its Go module), also with kubeconform, with each other, and with the files that they copy. No cluster is
needed.
"""
import functools
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import Skip, TestFailure  # noqa: E402

DEPLOY = labtest.TOP / "deploy/kubernetes"
KUSTOMIZATIONS = ("base", "overlays/clusters", "overlays/thanos", "overlays/gateways")
# The oldest version with the sidecars that the manifests use, and the newest known one.
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
    """Reads a lone "=" as text, as in the Operator's definitions."""


Loader.add_constructor("tag:yaml.org,2002:value", yaml.SafeLoader.construct_yaml_str)


def engine(name):
    """The folder of the programs from tests/engines/build.sh. This test builds nothing."""
    folder = labtest.engine_folder(name)
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


@functools.cache
def operator_schemas():
    """(kind, version) -> schema"""
    schemas = {}
    for path in (engine("kubernetes") / "crds").glob("*.yaml"):
        definition = yaml.load(path.read_text(), Loader)["spec"]
        for version in definition["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            # The definitions omit the fields that every resource has.
            schema["properties"]["metadata"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            strict(schema)
            schemas[definition["names"]["kind"], version["name"]] = schema
    return schemas


def test_repeats_are_the_same(_):
    labtest.output(sys.executable, DEPLOY / "generate.py", "--check")
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


def conformity(schemas, text, kubernetes):
    """kubeconform's results for these resources, by the schemas in this folder: [(kind and name, status, message)]."""
    done = subprocess.run([engine("kubernetes") / "kubeconform", "-strict", "-verbose", "-output=json", f"-kubernetes-version={kubernetes}.0",
                           f"-schema-location={schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", "-"],
                          input=text, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise TestFailure(f"kubeconform: {done.stderr}")
    return [(f"{one['kind']} {one['name']}", one["status"], one["msg"]) for one in json.loads(done.stdout)["resources"]]


def write_schemas(directory, kubernetes):
    """Those of the Operator, and those of Kubernetes that the manifests need. kubernetes-validate's refer to one file by its path in an
    archive; each of these has its definitions in it."""
    for (kind, version), schema in operator_schemas().items():
        (directory / f"{kind.lower()}-monitoring-{version}.json").write_text(json.dumps(schema))
    source = pathlib.Path(kubernetes_validate.__file__).parent / f"kubernetes-json-schema/v{kubernetes}.0-local-strict"
    definitions = json.loads((source / "_definitions.json").read_text())["$defs"]

    def needed(part, found):
        """The definitions that this part of a schema refers to, directly or indirectly."""
        for name in re.findall(r'#/\$defs/([\w.-]+)"', json.dumps(part)):
            if name not in found:
                found[name] = definitions[name]
                needed(definitions[name], found)
        return found
    for kind, api in {(one["kind"].lower(), one["apiVersion"]) for name in KUSTOMIZATIONS for one in built(name)}:
        group, _, version = api.rpartition("/")
        path = source / f"{'-'.join(filter(None, (kind, group.split('.')[0], version)))}.json"
        if path.exists():
            schema = json.loads(path.read_text())
            schema["$defs"] = needed(schema, {})
            (directory / path.name).write_text(re.sub(r'"[\w/]*_definitions\.json#', '"#', json.dumps(schema)))


def test_kubeconform_takes_them(directory):
    """A second opinion of the schemas, by the checker that users of kustomize run in their own pipelines."""
    for kubernetes in VERSIONS:
        schemas = directory / kubernetes
        schemas.mkdir()
        write_schemas(schemas, kubernetes)
        for name in KUSTOMIZATIONS:
            results = conformity(schemas, yaml.safe_dump_all(built(name)), kubernetes)
            labtest.expect(f"{name}: resources that kubeconform saw", len(results), len(built(name)))
            bad = [result for result in results if result[1] != "statusValid"]
            if bad:
                raise TestFailure(f"{name}: Kubernetes {kubernetes}: {bad}")
    # The check can fail: a field, a type, an API version that was removed, a kind without a schema.
    text = yaml.safe_dump_all(built("base"))
    for right, wrong, status in (("targetPort", "targetprot", "statusInvalid"), ("containerPort: 8080", "containerPort: http", "statusInvalid"),
                                 ("apiVersion: autoscaling/v2", "apiVersion: autoscaling/v2beta2", "statusError"),
                                 ("kind: ServiceMonitor", "kind: ServiceMonitro", "statusError")):
        if right not in text:
            raise TestFailure(f"{right} is not in the manifests any more")
        results = conformity(directory / VERSIONS[0], text.replace(right, wrong), VERSIONS[0])
        if status not in {result[1] for result in results}:
            raise TestFailure(f"{wrong} passes: {results}")


def pod(name):
    return of(name, "Deployment")[0]["spec"]["template"]


def pods(name):
    """The pod templates, MiniShop's first."""
    return [one["spec"]["template"] for kind in ("Deployment", "StatefulSet") for one in of(name, kind)]


def containers_of(template):
    return template["spec"]["containers"] + template["spec"].get("initContainers", [])


def test_pods_are_restricted(_):
    """Checks the Pod Security Standard "restricted", and more."""
    for name, template in [(name, template) for name in KUSTOMIZATIONS for template in pods(name)]:
        spec = template["spec"]
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
    templates = pods(name)
    labels = [template["metadata"]["labels"] for template in templates]
    containers = [container for template in templates for container in containers_of(template)]
    ports = {port["name"] for container in containers for port in container.get("ports", [])}
    maps = {one["metadata"]["name"] for one in of(name, "ConfigMap")}
    services = {one["metadata"]["name"]: one for one in of(name, "Service")}
    monitor = of(name, "ServiceMonitor")[0]["spec"]
    used = {volume["configMap"]["name"] for template in templates for volume in template["spec"]["volumes"] if "configMap" in volume}
    used |= {source["configMapRef"]["name"] for container in containers for source in container.get("envFrom", [])}
    mounted = {mount["name"] for container in containers for mount in container.get("volumeMounts", [])}
    volumes = {volume["name"] for template in templates for volume in template["spec"]["volumes"]}
    volumes |= {claim["metadata"]["name"] for one in of(name, "StatefulSet") for claim in one["spec"]["volumeClaimTemplates"]}
    policies = of(name, "NetworkPolicy")
    open_ports = {port["port"] for policy in policies for rule in policy["spec"].get("ingress", []) for port in rule["ports"]}

    def selects_none(selector):
        return not any(selects(selector, these) for these in labels)
    return {
        "a Service selects no pod": any(selects_none(service["spec"]["selector"]) for service in services.values()),
        "a Service's port is none of the pods'": {port["targetPort"] for service in services.values() for port in service["spec"]["ports"]} - ports,
        "the rules ask for job minishop, which is the Service's name": "minishop" not in services,
        "the ServiceMonitor selects no Service": not selects(monitor["selector"]["matchLabels"], services["minishop"]["metadata"]["labels"]),
        "the ServiceMonitor's port is none of the Service's":
            {one["port"] for one in monitor["endpoints"]} - {port["name"] for port in services["minishop"]["spec"]["ports"]},
        "a disruption budget selects no pod": any(selects_none(one["spec"]["selector"]["matchLabels"]) for one in of(name, "PodDisruptionBudget")),
        "a network policy selects no pod": any(selects_none(one["spec"]["podSelector"]["matchLabels"]) for one in policies),
        "a network policy opens a port that no pod has": open_ports - ports,
        "the autoscaler scales something else":
            of(name, "HorizontalPodAutoscaler")[0]["spec"]["scaleTargetRef"]["name"] != of(name, "Deployment")[0]["metadata"]["name"],
        "replicas in the Deployment, against the autoscaler": "replicas" in of(name, "Deployment")[0]["spec"],
        "a StatefulSet's Service does not exist": {one["spec"]["serviceName"] for one in of(name, "StatefulSet")} - set(services),
        "a ConfigMap that does not exist": used - maps,
        "a ConfigMap that no pod uses": maps - used,
        "a volume that does not exist": mounted - volumes,
        "a probe of a port that does not exist": {container[probe]["httpGet"]["port"] for container in containers
                                                for probe in ("startupProbe", "readinessProbe", "livenessProbe")
                                                if probe in container} - ports,
        "too little time to end": any(template["spec"]["terminationGracePeriodSeconds"] < 5 + 8 for template in templates),
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
        for monitor in of(name, "PodMonitor"):
            if not any(selects(monitor["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]) for template in pods(name)):
                raise TestFailure(f"{name}: {title(monitor)} selects no pod")
        account = of(name, "ServiceAccount")[0]["metadata"]["name"]
        subject = of(name, "RoleBinding")[0]["subjects"][0]
        if prometheus["serviceAccountName"] != account or (subject["name"], subject["namespace"]) != (account, "minishop"):
            raise TestFailure(f"{name}: Prometheus's account {account} has no role: {subject}")


def addresses(name, template):
    """The addresses to which this pod sends, from its ConfigMaps."""
    sources = {source["configMapRef"]["name"] for container in containers_of(template) for source in container.get("envFrom", [])}
    return [value for one in of(name, "ConfigMap") if one["metadata"]["name"] in sources for value in one["data"].values() if "://" in value]


def lets_out(name, template, address):
    """Whether a network policy of this pod allows this address: that of a Service in a namespace, or one here."""
    namespace = re.match(r"http://[^.]+\.([^.]+)\.svc", address)
    service = re.match(r"http://([\w-]+):", address)
    for to in [to for policy in of(name, "NetworkPolicy") if selects(policy["spec"]["podSelector"]["matchLabels"], template["metadata"]["labels"])
               for rule in policy["spec"].get("egress", []) for to in rule["to"]]:
        names = [value for expression in to.get("namespaceSelector", {}).get("matchExpressions", []) for value in expression["values"]]
        if namespace and namespace[1] in names or service and not namespace and any(
                to.get("podSelector", {}).get("matchLabels") == one["spec"]["selector"] for one in of(name, "Service")
                if one["metadata"]["name"] == service[1]):
            return True
    return False


def test_network_policies_let_out_what_is_sent(_):
    for name in KUSTOMIZATIONS[1:]:
        for number, template in enumerate(pods(name)):
            wanted = addresses(name, template) + ([of(name, "Prometheus")[0]["spec"]["remoteWrite"][0]["url"]] if number == 0 else [])
            shut = [address for address in wanted if not lets_out(name, template, address)]
            if len(wanted) < 2 or shut:
                raise TestFailure(f"{name}: the network policy does not let anything out to {shut}; the pod sends to {wanted}")


def test_the_collector_takes_its_configuration(directory):
    otelcol = engine("otelcol") / "otelcol"
    for number, (name, template) in enumerate((name, template) for name in KUSTOMIZATIONS[1:] for template in pods(name)):
        [container] = [one for one in containers_of(template) if "opentelemetry-collector" in one["image"]]
        maps = {one["metadata"]["name"]: one["data"] for one in of(name, "ConfigMap")}
        environment = {one["name"]: one["value"] for one in container["env"]} | {
            key: text for source in container["envFrom"] for key, text in maps[source["configMapRef"]["name"]].items()}
        home = directory / str(number)
        home.mkdir()
        for volume in template["spec"]["volumes"]:
            for file, text in maps.get(volume.get("configMap", {}).get("name"), {}).items():
                (home / file).write_text(text)
        arguments = [argument.replace("/etc/otelcol/", f"{home}/") for argument in container["args"]]
        labtest.output(otelcol, "validate", *arguments, env={**environment, "OTELCOL_STORAGE": str(home)})


def test_gateways_keep_what_the_lab_would_keep(_):
    """The gateways' policies are those of the lab's tail-sampling.yaml."""
    policies = [yaml.safe_load(path.read_text())["processors"]["tail_sampling"]["policies"] for path in (
        labtest.OBSERVABILITY / "otel-collector/tail-sampling.yaml", DEPLOY / "overlays/gateways/collector/gateway.yaml")]
    labtest.expect("the gateways' policies", policies[1], policies[0])


if __name__ == "__main__":
    labtest.run_tests(globals())
