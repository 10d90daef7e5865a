#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""deploy/kubernetes applied to a real API server: admission, defaults, and the work of the real controllers and the real scheduler.
kwok simulates the nodes, so no container starts. Probes, network policies and the Prometheus Operator's own work are not tested."""
import json
import pathlib
import signal
import subprocess
import tempfile

from control_plane import PROGRAMS, ControlPlane, need
import labtest
from labtest import TestFailure, claim, expect, wait_until

DEPLOY = labtest.TOP / "deploy/kubernetes"
OVERLAYS = ("overlays/clusters", "overlays/thanos", "overlays/gateways")
NODES = ("node-a", "node-b", "node-c")
# The controllers look every 15 s, and a busy machine takes longer.
PATIENCE_S = 120
LABEL = "app.kubernetes.io/name=minishop"


def apply(plane, name, *options, check=True):
    return plane.kubectl("apply", "--server-side", "--validate=strict", "-k", DEPLOY / name, *options, check=check)


def difference(plane, name):
    """The changes that another apply would make, as kubectl diff prints them."""
    done = plane.kubectl("diff", "--server-side", "-k", DEPLOY / name, check=False)
    if done.returncode > 1:
        raise TestFailure(f"kubectl diff {name}: {done.stderr}")
    return done.stdout


def ready(plane):
    return plane.get("deployment", "minishop")["status"].get("readyReplicas", 0)


def pods(plane):
    """The pods that are not being deleted."""
    return [pod for pod in plane.get("pods", "-l", LABEL) if "deletionTimestamp" not in pod["metadata"]]


def test_without_the_operator(plane):
    done = apply(plane, "base", "--dry-run=server", check=False)
    claim("without the Operator's definitions, kubectl says what is missing",
          done.returncode != 0 and 'no matches for kind "ServiceMonitor"' in done.stderr and "install" in done.stderr, done.stderr)


def install_operator(plane):
    plane.kubectl("apply", "--server-side", "-f", labtest.engine_folder("kubernetes") / "crds")
    plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


def test_applied(plane, name):
    plane.warnings.clear()
    apply(plane, name)
    claim(f"{name}: the API server accepts every resource without a warning", not plane.warnings, plane.warnings)
    wait_until(f"{name}: rolled out", lambda: plane.kubectl("rollout", "status", "deployment/minishop", "--timeout=60s"), 70)
    for _ in range(2):
        changes = difference(plane, name)
        claim(f"{name}: after the defaults and the controllers, another apply changes nothing", not changes, changes)
        apply(plane, name)


def test_mistakes_are_refused(plane):
    """The checks above can fail. Also tests the messages for a manifest that needs more than the cluster has."""
    for name, right, wrong, said in (
            ("service", "targetPort", "targetprot", 'targetprot: field not declared in schema'),
            ("autoscaler", "autoscaling/v2", "autoscaling/v2beta2", 'no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"'),
            ("disruption-budget", "policy/v1", "policy/v1beta1", 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"')):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / f"{name}.yaml"
            file.write_text((DEPLOY / f"base/{name}.yaml").read_text().replace(right, wrong))
            done = plane.kubectl("apply", "--server-side", "--validate=strict", "-f", file, check=False)
        claim(f"{wrong} instead of {right} is refused, by name", done.returncode != 0 and said in done.stderr, done.stderr)


def pod_like_ours(plane, **changes):
    template = plane.get("deployment", "minishop")["spec"]["template"]
    spec = {**template["spec"], **changes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried", "namespace": "minishop"}, "spec": spec}


def test_admission(plane):
    spec = plane.get("deployment", "minishop")["spec"]["template"]["spec"]
    container = spec["containers"][0]
    for what, changes in {"a privileged container": {"containers": [{**container, "securityContext": {"privileged": True}}]},
                          "the host's network": {"hostNetwork": True},
                          "a folder of the host": {"volumes": [*spec["volumes"], {"name": "host", "hostPath": {"path": "/"}}]},
                          "root": {"securityContext": {"runAsUser": 0}}}.items():
        done = plane.create(pod_like_ours(plane, **changes), check=False)
        claim(f"Pod Security refuses {what}", done.returncode != 0 and 'violates PodSecurity "restricted' in done.stderr, done.stderr)
    plane.create(pod_like_ours(plane))
    plane.kubectl("delete", "pod", "tried", "--wait=false")
    claim("Pod Security accepts a pod of MiniShop", True)


def test_autoscaler(plane):
    wait_until("the autoscaler's two", lambda: ready(plane) == 2, PATIENCE_S)
    claim("the autoscaler brings two replicas, though the Deployment names no number", True)
    plane.kubectl("patch", "hpa", "minishop", "--patch", '{"spec": {"minReplicas": 6}}')
    wait_until("six replicas", lambda: ready(plane) == 6, PATIENCE_S)
    each = sorted(len([pod for pod in pods(plane) if pod["spec"]["nodeName"] == node]) for node in NODES)
    expect("pods on each of three nodes", each, [2, 2, 2])
    claim("it scales to six, and the scheduler spreads them over the nodes", True)
    plane.kubectl("scale", "deployment/minishop", "--replicas=9")
    wait_until("six replicas again", lambda: len(pods(plane)) == 6, PATIENCE_S)
    claim("it allows no more than its maximum", True)


def test_disruption_budget(plane):
    """If no node can take a successor, one pod may be evicted and the second may not."""
    for node in NODES:
        plane.kubectl("cordon", node)
    wait_until("the budget allows one", lambda: plane.get("pdb", "minishop")["status"]["disruptionsAllowed"] == 1, PATIENCE_S)
    first, second = (pod["metadata"]["name"] for pod in pods(plane)[:2])

    def evict(name):
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "minishop"}}
        return plane.kubectl("create", "--raw", f"/api/v1/namespaces/minishop/pods/{name}/eviction", "-f", "-", check=False,
                             text=json.dumps(eviction))

    claim("one pod is evicted", evict(first).returncode == 0)
    wait_until("the budget is used up", lambda: plane.get("pdb", "minishop")["status"]["disruptionsAllowed"] == 0, PATIENCE_S)
    refused = evict(second)
    claim("a second one at the same time is not: the disruption budget", refused.returncode != 0 and "disruption budget" in refused.stderr,
          refused.stderr)
    for node in NODES:
        plane.kubectl("uncordon", node)
    wait_until("all six are ready", lambda: ready(plane) == 6, PATIENCE_S)


def test_drain(plane):
    plane.kubectl("drain", NODES[0], "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
    left = [pod for pod in pods(plane) if pod["spec"].get("nodeName") == NODES[0]]
    claim("a node is drained within the budget", not left, left)
    wait_until("all six are ready on the other nodes", lambda: ready(plane) == 6, PATIENCE_S)
    plane.kubectl("uncordon", NODES[0])


def test_rollout(plane):
    """kubectl's watch prints each state of the Deployment. None may have fewer ready pods than before, or two more pods."""
    watch = subprocess.Popen([plane.programs / "kubectl", "--kubeconfig", plane.kubeconfig, "get", "deployment", "minishop", "--watch", "-o",
                              "jsonpath={.status.readyReplicas} {.status.replicas} {.status.updatedReplicas}{'\\n'}"],
                             stdout=subprocess.PIPE, text=True)
    try:
        watch.stdout.readline()
        plane.kubectl("set", "image", "deployment/minishop", "minishop=registry.example.org/minishop-lab:0.1.1")
        plane.kubectl("rollout", "status", "deployment/minishop", "--timeout=120s")
        wait_until("six pods of the new version", lambda: len(pods(plane)) == 6, PATIENCE_S)
    finally:
        watch.terminate()
    states = [line.split() for line in watch.stdout.read().splitlines()]
    watch.wait()
    claim("a rollout never goes below six ready pods", states and all(int(state[0]) >= 6 for state in states if len(state) == 3), states)
    claim("and never above seven", all(int(state[1]) <= 7 for state in states if len(state) == 3), states)


def test_grace(plane):
    """Without a kubelet, a deleted pod keeps the state that the API server has set."""
    wanted = plane.get("deployment", "minishop")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    plane.kubelets.process.send_signal(signal.SIGSTOP)
    try:
        name = pods(plane)[0]["metadata"]["name"]
        plane.kubectl("delete", "pod", name, "--wait=false")
        metadata = plane.get("pod", name)["metadata"]
    finally:
        plane.kubelets.process.send_signal(signal.SIGCONT)
    expect("seconds to end", metadata["deletionGracePeriodSeconds"], wanted)
    claim("a deleted pod has the time to end that the manifest gives it", "deletionTimestamp" in metadata)


def main():
    unchecked = "the manifests were not applied to an API server"
    need(unchecked, "cluster", *PROGRAMS)
    need(unchecked, "kubernetes", "kustomize")
    labtest.need("openssl")
    with tempfile.TemporaryDirectory(prefix="minishop-") as directory, ControlPlane(directory) as plane:
        for node in NODES:
            plane.add_node(node)
        test_without_the_operator(plane)
        install_operator(plane)
        test_applied(plane, "base")
        test_mistakes_are_refused(plane)
        for name in OVERLAYS:
            test_applied(plane, name)
        test_admission(plane)
        test_autoscaler(plane)
        test_disruption_budget(plane)
        test_drain(plane)
        test_rollout(plane)
        test_grace(plane)


if __name__ == "__main__":
    labtest.run_main(main)
