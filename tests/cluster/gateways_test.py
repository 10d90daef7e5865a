#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Collectors in two tiers, as deploy/kubernetes/overlays/gateways has them: three MiniShops, an agent beside each, two gateways, and behind
these a store that counts. The spans of three replicas meet at one gateway, which keeps failed and slow traces, and a tenth of the rest.
A killed gateway and a killed agent lose nothing from their queues. Takes about two minutes.

One difference from the overlay: the test lists the gateways' addresses, which Kubernetes' DNS would return.
"""
import collections
import json
import pathlib
import re
import secrets
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
import stack as stacks  # noqa: E402
from control_plane import need  # noqa: E402
from labtest import TestFailure, claim, expect, wait_until  # noqa: E402

try:
    import yaml
    from collector import Collector
    from log_sink import LogSink
except ImportError as missing:
    print(f"SKIP gateways_test.py: {missing.name} missing (tests/requirements.txt): two tiers of collectors were not run")
    sys.exit(labtest.SKIPPED)

OVERLAYS = labtest.TOP / "deploy/kubernetes/overlays"
AGENT_FILES = [OVERLAYS / "clusters/collector" / name for name in ("config.yaml", "logs.yaml", "traces.yaml", "clusters.yaml")]
SHOPS, GATEWAYS = 3, 2
REST, FAILED, SLOW = 400, 40, 20
SLOW_S = 0.3  # the policy says 250 ms
SHARE = 0.1
NEW_TRACES = "otelcol_processor_tail_sampling_new_trace_id_received_total"
NOWHERE = "http://127.0.0.1:1"


class Trace:
    """An order at each shop, and at some also a payment that fails, all under one trace id."""

    def __init__(self, kind, sellers):
        self.kind = kind
        self.id = secrets.token_hex(16)
        began = time.monotonic()
        for number, seller in enumerate(sellers):
            if kind == "slow" and number == 1:
                time.sleep(SLOW_S)  # what makes it slow
            order = seller.order(headers=self.parent()).json["order_id"]
        self.spans = 2 * len(sellers)
        if kind == "failed":
            sellers[-1].pay(order, headers=self.parent())
            self.spans += 2
        self.seconds = time.monotonic() - began

    def parent(self):
        return {"traceparent": f"00-{self.id}-{secrets.token_hex(8)}-01"}


class Tiers(labtest.Programs):
    """A context manager. .shops, .agents, .gateways; .stores: where each gateway sends its spans; .lines: where all send the log."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.away = False

    def _start(self, exits):
        self.lines = exits.enter_context(LogSink())
        self.stores = [exits.enter_context(Collector(lambda _: 503 if self.away else 200)) for _ in range(GATEWAYS)]
        ports = iter(labtest.free_ports(4 * (SHOPS + GATEWAYS)))
        self.gateways = [self._collector(f"gateway-{number}", ports, [OVERLAYS / "gateways/collector/gateway.yaml"],
                                         TEMPO_OTLP=store.url, LOKI_OTLP=self.lines.url) for number, store in enumerate(self.stores)]
        self.agents = [self._agent(number, ports) for number in range(SHOPS)]
        for engine in (*self.gateways, *self.agents):
            exits.callback(engine.stop)
            engine.start()
        self.shops = []
        for number, agent in enumerate(self.agents):
            home = self.directory / f"shop-{number}"
            home.mkdir()
            self.shops.append(exits.enter_context(shops.Shop(
                home, {"payment.failure_rate": 1, "instance": f"shop-{number}"}, agent.otlp, log=self.logs(number) / "minishop.log")))

    def logs(self, number):
        return self.directory / f"logs-{number}"

    def _collector(self, name, ports, files, **env):
        http, grpc, health, metrics = (next(ports) for _ in range(4))
        home = self.directory / name
        home.mkdir()
        argv = [stacks.built("otelcol"), *(f"--config={file}" for file in files)]
        engine = labtest.Engine(name, argv, home, f"http://127.0.0.1:{health}/", {
            "TENANT": "test", "OTELCOL_STORAGE": str(home), "OTELCOL_HTTP_LISTEN": f"127.0.0.1:{http}",
            "OTELCOL_GRPC_LISTEN": f"127.0.0.1:{grpc}", "OTELCOL_HEALTH_LISTEN": f"127.0.0.1:{health}", "OTELCOL_METRICS_HOST": "127.0.0.1",
            "OTELCOL_METRICS_PORT": str(metrics), **env})
        engine.otlp, engine.grpc, engine.metrics = f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}", f"http://127.0.0.1:{metrics}/metrics"
        return engine

    def _agent(self, number, ports):
        self.logs(number).mkdir()
        last = yaml.safe_load((OVERLAYS / "gateways/collector/agent.yaml").read_text())
        last["exporters"]["loadbalancing"]["resolver"] = {"static": {"hostnames": [gateway.grpc for gateway in self.gateways]}}
        file = self.directory / "agent.yaml"
        file.write_text(yaml.safe_dump(last))
        return self._collector(f"agent-{number}", ports, [*AGENT_FILES, file], TEMPO_OTLP=NOWHERE, SPAN_METRICS=NOWHERE,
                               LOKI_OTLP=self.gateways[number % GATEWAYS].otlp, MINISHOP_LOGS=str(self.logs(number)))

    def set_away(self, away):
        """Sets whether the stores are unavailable."""
        self.away = self.lines.away = away

    def kept(self):
        """{trace id: [spans in the first store, in the second]}"""
        found = collections.defaultdict(lambda: [[] for _ in self.stores])
        for number, store in enumerate(self.stores):
            for trace_id, spans in store.by_trace().items():
                found[trace_id][number] = spans
        return found


def counted(engine, name, labels=""):
    """The sum of a collector's metric; 0 if it does not exist yet."""
    samples = re.findall(rf"^{name}(?:{{([^}}]*)}})? (\S+)$", labtest.http_get(engine.metrics), re.MULTILINE)
    return sum(float(number) for found, number in samples if labels in found)


def taken(tiers):
    """Spans that the gateways have received since their start."""
    return sum(counted(gateway, "otelcol_receiver_accepted_spans_total") for gateway in tiers.gateways)


def decided(gateways, decision=""):
    """Traces about which these gateways have decided since their start: decision is "true" for those kept, "false" for the others."""
    return sum(counted(gateway, "otelcol_processor_tail_sampling_global_count_traces_sampled_total", f'sampled="{decision}')
               for gateway in gateways)


def kill(engine):
    engine.process.kill()
    engine.stop()


def whole(kept, trace):
    """Whether one store has all spans of this trace. Duplicate spans count once."""
    sides = [{span.span_id for span in side} for side in kept[trace.id]]
    return sorted(map(len, sides)) == [0] * (GATEWAYS - 1) + [trace.spans]


def twice(kept):
    """How many spans arrived more than once."""
    return sum(len(side) - len({span.span_id for span in side}) for sides in kept.values() for side in sides)


def wait_whole(tiers, what, traces, timeout=90):
    def missing():
        kept = tiers.kept()
        return [trace for trace in traces if not whole(kept, trace)]
    wait_until(what, lambda: not missing(), timeout, 0.5)


def test_sampling(tiers):
    traces = [Trace(kind, tiers.shops) for kind, count in (("rest", REST), ("failed", FAILED), ("slow", SLOW)) for _ in range(count)]
    chosen = [trace for trace in traces if trace.kind != "rest"]
    wait_whole(tiers, "failed and slow traces", chosen)
    kept = tiers.kept()
    claim(f"{FAILED} failed traces and {SLOW} slow ones are kept, each whole at one gateway, with the spans of {SHOPS} replicas", all(
        {span.resource["service.instance.id"] for side in kept[trace.id] for span in side} == {f"shop-{n}" for n in range(SHOPS)}
        for trace in chosen))
    spans = sum(trace.spans for trace in traces)

    def decisions():
        return decided(tiers.gateways, "true"), decided(tiers.gateways, "false")
    wait_until("every trace is dropped, or kept and stored", lambda: sum(decisions()) >= len(traces) and len(tiers.kept()) >= decisions()[0], 60)
    kept = tiers.kept()
    claim(f"{spans} spans were sent, and as many arrived at the gateways; of {len(traces)} traces {len(kept)} were kept, and as many are in the "
          "stores", (taken(tiers), *decisions()) == (spans, len(kept), len(traces) - len(kept)))
    # On a busy machine some other traces are slow too.
    rest = [trace for trace in traces if trace.kind == "rest" and trace.seconds < SLOW_S - 0.05]
    share = sum(trace.id in kept for trace in rest)
    spread = 5 * (len(rest) * SHARE * (1 - SHARE)) ** 0.5
    claim(f"of {len(rest)} other traces {share} are kept: a tenth", len(rest) > REST / 2 and abs(share - SHARE * len(rest)) <= spread)
    claim("none of them is cut", all(whole(kept, trace) for trace in rest if trace.id in kept))
    sides = [sum(bool(sides[number]) for sides in kept.values()) for number in range(GATEWAYS)]
    claim(f"both gateways had work: {sides} traces", min(sides) > sum(sides) / 4)


def test_killed(tiers):
    """Queued spans survive kill -9: those that a gateway has kept but not stored yet, and those that an agent has not delivered yet."""
    before = decided(tiers.gateways, "true")
    tiers.set_away(True)
    held = [Trace("failed", tiers.shops) for _ in range(FAILED)]
    wait_until("the gateways have decided", lambda: decided(tiers.gateways, "true") >= before + FAILED, 60)
    expect("spans that their queues may hold", {counted(gateway, "otelcol_exporter_queue_capacity", 'exporter="otlp_http/tempo"')
                                                for gateway in tiers.gateways}, {1e6})
    wait_until("their queues hold it", lambda: all(counted(gateway, "otelcol_exporter_queue_size", 'exporter="otlp_http/tempo"') > 0
                                                   for gateway in tiers.gateways), 30)
    kill(tiers.gateways[0])
    held += [Trace("failed", tiers.shops) for _ in range(FAILED)]
    wait_until("the agent has all spans of its shop", lambda: counted(tiers.agents[0], "otelcol_receiver_accepted_spans_total") >=
               tiers.shops[0].metrics()["telemetry_spans_started_total"], 30)
    # The agent holds the lines that it has read in memory for a tenth of a second, before it queues them.
    wait_until("and all its lines", lambda: counted(tiers.agents[0], "otelcol_receiver_accepted_log_records_total") >= len(
        tiers.shops[0].records()), 30)
    kill(tiers.agents[0])
    for engine in (tiers.gateways[0], tiers.agents[0]):
        engine.start(60)
    tiers.set_away(False)
    wait_whole(tiers, "every trace that a queue held", held, 120)
    claim(f"a gateway and an agent were killed while the stores were away: {len(held)} of {len(held)} traces are there, whole; "
          f"{twice(tiers.kept())} spans came twice", True)


def test_what_memory_held_is_lost(tiers):
    """The loss that gateway.yaml describes."""
    other = tiers.gateways[1]
    before, decided_before, new_before = taken(tiers), decided([other]), counted(other, NEW_TRACES)
    waiting = [Trace("failed", tiers.shops) for _ in range(FAILED)]
    wait_until("the gateways have them", lambda: taken(tiers) >= before + sum(trace.spans for trace in waiting), 30)
    kill(tiers.gateways[0])
    tiers.gateways[0].start(60)
    wait_until("the other gateway has decided", lambda: decided([other]) - decided_before >= counted(other, NEW_TRACES) - new_before > 0, 60)
    wait_until("and sent", lambda: counted(other, "otelcol_exporter_queue_size", 'exporter="otlp_http/tempo"') == 0, 30)
    kept = tiers.kept()
    lost = sum(not whole(kept, trace) for trace in waiting)
    claim(f"a gateway that is killed loses what waits for its decision: {lost} of {FAILED} traces; the other one loses nothing",
          0 < lost < FAILED and not any(any(kept[trace.id]) and not whole(kept, trace) for trace in waiting))


def test_logs(tiers):
    def written():
        return collections.Counter(line for number in range(SHOPS) for path in tiers.logs(number).glob("*.log*")
                                   for line in path.read_text().splitlines())

    def missing():
        return set(written()) - {line for _, line in tiers.lines.lines()}
    try:
        wait_until("every line has arrived", lambda: not missing(), 90, 0.5)
    except TestFailure as failure:
        raise TestFailure(f"{failure}; {len(missing())} of {sum(written().values())} are missing, by shop: "
                          f"{collections.Counter(json.loads(line)['instance'] for line in missing())}") from None
    arrived = collections.Counter(line for _, line in tiers.lines.lines())
    claim(f"{sum(written().values())} log lines went by agent and gateway, none is lost, {sum((arrived - written()).values())} came twice",
          set(arrived) == set(written()))


def main():
    need("two tiers of collectors were not run", "otelcol", "otelcol")
    with tempfile.TemporaryDirectory(prefix="minishop-") as directory, Tiers(directory) as tiers:
        test_sampling(tiers)
        test_killed(tiers)
        test_what_memory_held_is_lost(tiers)
        test_logs(tiers)


if __name__ == "__main__":
    labtest.run_main(main)
