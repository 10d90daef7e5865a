# SPDX-License-Identifier: MIT
"""A Kubernetes control plane on loopback: the real etcd, API server, controller manager and scheduler, and kwok for the nodes. kwok
replaces the kubelets: it reports nodes as ready and marks pods as running, but it starts no container.

The programs come from tests/engines/build.sh cluster.
"""
import json
import os
import pathlib
import secrets
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure, wait_until  # noqa: E402

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok")


def need(unchecked, engine, *programs):
    """Skips the test unless all of these programs exist. Prints the untested promise, and how to build the programs."""
    missing = [name for name in programs if not os.access(labtest.engine_folder(engine) / name, os.X_OK)]
    if missing:
        print(f"SKIP {pathlib.Path(sys.argv[0]).name}: {unchecked}: no {', '.join(missing)}; `tests/engines/build.sh {engine}` builds that, "
              "where Go is installed")
        sys.exit(labtest.SKIPPED)


class ControlPlane(labtest.Programs):
    """A context manager. .kubectl() talks to the API server as an administrator."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.programs = labtest.engine_folder("cluster")
        self.etcd_port, self.peer_port, self.port, self.kwok_port = labtest.free_ports(4)
        self.url = f"https://127.0.0.1:{self.port}"
        self.keys = self.directory / "keys"
        self.kubeconfig = self.directory / "kubeconfig"
        self.warnings = []

    def _start(self, exits):
        self.keys.mkdir()
        token = secrets.token_hex(16)
        (self.directory / "tokens.csv").write_text(f"{token},administrator,administrator,system:masters\n")
        subprocess.run(["openssl", "genrsa", "-out", self.keys / "accounts.key", "2048"], check=True, capture_output=True)
        self._write_kubeconfig(token)
        exits.enter_context(self._etcd())
        exits.enter_context(self._api_server())
        wait_until("the API server is ready", lambda: self.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok", 120)
        # kwok's heartbeats are late on a busy machine. No test here is about nodes without heartbeats.
        exits.enter_context(self._program("kube-controller-manager", "--secure-port=0", "--leader-elect=false", "--node-monitor-grace-period=1h",
                                          f"--service-account-private-key-file={self.keys}/accounts.key",
                                          f"--root-ca-file={self.keys}/apiserver.crt"))
        exits.enter_context(self._program("kube-scheduler", "--secure-port=0", "--leader-elect=false"))
        self.kubelets = exits.enter_context(self._program("kwok", "--manage-all-nodes=true",
                                                          f"--server-address=127.0.0.1:{self.kwok_port}"))

    def _engine(self, name, *arguments, ready=None):
        return labtest.Engine(name, [self.programs / name, *arguments], self.directory, ready, {"PATH": os.environ["PATH"]})

    def _program(self, name, *arguments):
        """Starts a program that works through the API server."""
        return self._engine(name, f"--kubeconfig={self.kubeconfig}", *arguments)

    def _etcd(self):
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.etcd_port, self.peer_port))
        return self._engine("etcd", f"--data-dir={self.directory}/etcd", f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
                            "--unsafe-no-fsync", ready=f"{client}/health")

    def _api_server(self):
        return self._engine("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", "--bind-address=127.0.0.1",
                            f"--secure-port={self.port}", f"--cert-dir={self.keys}", "--authorization-mode=RBAC",
                            f"--token-auth-file={self.directory}/tokens.csv", "--endpoint-reconciler-type=none",
                            "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true",
                            f"--service-account-issuer={self.url}",
                            f"--service-account-key-file={self.keys}/accounts.key",
                            f"--service-account-signing-key-file={self.keys}/accounts.key")

    def _write_kubeconfig(self, token):
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority": f"{self.keys}/apiserver.crt"}}],
            "users": [{"name": "administrator", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "administrator", "namespace": "minishop"}}]}))
        self.kubeconfig.chmod(0o600)

    def kubectl(self, *arguments, check=True, text=None):
        """Runs kubectl. TestFailure with its message if it fails and check is true. Keeps the API server's warnings in .warnings."""
        environment = {"PATH": os.environ["PATH"], "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.directory)}
        done = subprocess.run([self.programs / "kubectl", *map(str, arguments)], input=text, capture_output=True, text=True, env=environment,
                              check=False, timeout=180)
        self.warnings += [line for line in done.stderr.splitlines() if line.startswith("Warning:")]
        if check and done.returncode != 0:
            raise TestFailure(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done

    def get(self, *arguments):
        """A resource, or the items of a list."""
        found = json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)
        return found["items"] if found["kind"] == "List" else found

    def create(self, resource, check=True):
        return self.kubectl("create", "-f", "-", check=check, text=json.dumps(resource))

    def add_node(self, name):
        """Adds a simulated node: 4 CPUs, 8 GiB, 110 pods."""
        room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
        self.create({"apiVersion": "v1", "kind": "Node",
                     "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}, "annotations": {"kwok.x-k8s.io/node": "fake"}},
                     "status": {"capacity": room, "allocatable": room}})
