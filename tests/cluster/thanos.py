# SPDX-License-Identifier: MIT
"""MiniShop's metrics at scale, on loopback: three MiniShops, two Prometheuses that scrape them all with the lab's own configuration,
and Thanos: three receivers with three copies of each sample, a querier that removes the duplicates, a store gateway and the compactor on
a bucket that is a folder.

The programs come from tests/engines/build.sh thanos prometheus alertmanager.
"""
import json
import pathlib
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
import stack as stacks  # noqa: E402
import yaml  # noqa: E402
from labtest import TestFailure  # noqa: E402
from loop_test import HOOK, Slack  # noqa: E402

SHOPS, PROMETHEUSES, RECEIVERS = 3, 2, 3
# The Prometheus Operator's name of the label that distinguishes two scrapers of one target.
SCRAPER, COPY = "prometheus_replica", "receive_replica"


def ask(base, path, **query):
    """The data of a response of Prometheus's API. OSError without a response, TestFailure if Prometheus refuses the query."""
    try:
        return labtest.http_json(f"{base}/api/v1/{path}?{urllib.parse.urlencode(query)}", 30)["data"]
    except urllib.error.HTTPError as error:
        raise TestFailure(f"{base}: {path} {query}: {error.code} {error.read().decode(errors='replace')[:300]}") from error


class Cluster(labtest.Programs):
    """A context manager; everything runs when it is entered. .shops, .engines by name, .prometheuses and .querier as base addresses."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.ports = iter(labtest.free_ports(24))
        self.receive_ports = [[next(self.ports) for _ in range(4)] for _ in range(RECEIVERS)]
        self.prometheuses = [f"http://127.0.0.1:{next(self.ports)}" for _ in range(PROMETHEUSES)]
        self.store_ports, self.query_ports = ([next(self.ports) for _ in range(2)] for _ in range(2))
        self.querier = f"http://127.0.0.1:{self.query_ports[1]}"
        self.alertmanager_port = next(self.ports)
        self.bucket = self.directory / "bucket"
        self.bucket_config = self.directory / "bucket.yml"
        self.bucket_config.write_text(json.dumps({"type": "FILESYSTEM", "config": {"directory": str(self.bucket)}}))
        self.incident = self.directory / "incident.conf"
        self.incident.write_text("")
        self.shops, self.engines = [], {}

    def _start(self, exits):
        for number in range(SHOPS):
            home = self.directory / f"shop-{number}"
            home.mkdir()
            (home / "minishop.conf").write_text(f'incident_file = "{self.incident}";\n')
            self.shops.append(exits.enter_context(shops.Shop(home, config=home / "minishop.conf", calm=False)))
        self.slack = exits.enter_context(Slack(self.directory))
        receivers = [self._receiver(number) for number in range(RECEIVERS)]
        # A receiver is ready when it has found the others, so all of them are started first.
        for engine in receivers:
            self._run(exits, engine, wait=False)
        for engine in receivers:
            engine.wait_ready(60)
        for number in range(PROMETHEUSES):
            self._run(exits, self._prometheus(number))
        self._run(exits, self._store())
        self._run(exits, self._query())
        self._run(exits, self._alertmanager())

    def _run(self, exits, engine, wait=True):
        self.engines[engine.name] = engine
        exits.callback(engine.stop, timeout=60)
        engine.start(wait=wait)

    def _thanos(self, name, component, grpc, http, *arguments):
        return labtest.Engine(name, [labtest.engine_folder("thanos") / "thanos", component, f"--grpc-address=127.0.0.1:{grpc}",
                                     f"--http-address=127.0.0.1:{http}", *arguments], self.directory, f"http://127.0.0.1:{http}/-/ready")

    def _receiver(self, number):
        """Each accepts remote write and passes every sample to all three."""
        ring = self.directory / "ring.json"
        ring.write_text(json.dumps([{"endpoints": [f"127.0.0.1:{grpc}" for _, grpc, *_ in self.receive_ports]}]))
        write, grpc, http, capnproto = self.receive_ports[number]
        return self._thanos(f"receive-{number}", "receive", grpc, http, f"--remote-write.address=127.0.0.1:{write}",
                            f"--receive.local-endpoint=127.0.0.1:{grpc}", f"--receive.hashrings-file={ring}",
                            f"--receive.capnproto-address=127.0.0.1:{capnproto}",
                            f"--receive.replication-factor={RECEIVERS}", f'--label={COPY}="{number}"', "--receive.default-tenant-id=minishop",
                            f"--tsdb.path={self.directory}/receive-{number}", f"--objstore.config-file={self.bucket_config}")

    def _store(self):
        return self._thanos("store", "store", *self.store_ports, f"--data-dir={self.directory}/store",
                            f"--objstore.config-file={self.bucket_config}", "--sync-block-duration=5s")

    def _query(self):
        endpoints = [f"--endpoint=127.0.0.1:{port}" for port in [self.store_ports[0], *(grpc for _, grpc, *_ in self.receive_ports)]]
        return self._thanos("query", "query", *self.query_ports, f"--query.replica-label={SCRAPER}", f"--query.replica-label={COPY}",
                            *endpoints)

    def _prometheus(self, number):
        """The lab's configuration with the additions of the overlay: external labels, and remote write."""
        home = self.directory / f"prometheus-{number}"
        targets = home / "targets"
        targets.mkdir(parents=True)
        (home / "rules").symlink_to(labtest.OBSERVABILITY / "prometheus/rules")
        config = yaml.safe_load((labtest.OBSERVABILITY / "prometheus/prometheus.yml").read_text())
        config["global"]["external_labels"] = {"cluster": "test", SCRAPER: str(number)}
        # Like the Prometheus Operator: Alertmanager sees the same alert from both.
        config["alerting"]["alert_relabel_configs"] = [{"action": "labeldrop", "regex": SCRAPER}]
        config["remote_write"] = [{"url": f"http://127.0.0.1:{self.receive_ports[number][0]}/api/v1/receive", "headers": {"THANOS-TENANT": "minishop"},
                                   "send_exemplars": True}]
        (home / "prometheus.yml").write_text(json.dumps(config))
        for name, ports in (("minishop", [shop.port for shop in self.shops]), ("alertmanager", [self.alertmanager_port])):
            (targets / f"{name}.yml").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}" for port in ports]}]))
        base = self.prometheuses[number]
        return labtest.Engine(f"prometheus-{number}", [
            stacks.built("prometheus"), f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
            f"--web.listen-address={base.removeprefix('http://')}", "--enable-feature=exemplar-storage"], home, f"{base}/-/ready")

    def _alertmanager(self):
        home = self.directory / "alertmanager"
        home.mkdir()
        for name in ("alertmanager.yml", "templates"):
            (home / name).symlink_to(labtest.OBSERVABILITY / "alertmanager" / name)
        (home / "slack_url").write_text(self.slack.url + HOOK)
        engine = labtest.alertmanager_engine(self.directory, self.alertmanager_port)
        engine.argv[0] = str(stacks.built("alertmanager"))
        return engine

    def reload(self, incident):
        """Makes this the incident of all three."""
        self.incident.write_text(incident)
        for shop in self.shops:
            shop.process.send_signal(signal.SIGHUP)

    def compact(self):
        """Runs the compactor once over the bucket."""
        labtest.output(labtest.engine_folder("thanos") / "thanos", "compact", f"--data-dir={self.directory}/compact", "--http-address=127.0.0.1:0",
                       f"--objstore.config-file={self.bucket_config}", "--consistency-delay=0s", timeout=300)
