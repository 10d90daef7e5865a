#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/openapi.yaml describes the service exactly: schemathesis, driven by it, finds no deviation."""
import pathlib
import shutil
import subprocess
import sys

import labtest
import shop as shops
from labtest import TestFailure

SCHEMATHESIS = shutil.which("schemathesis", path=str(pathlib.Path(sys.executable).parent)) or "schemathesis"
labtest.need(SCHEMATHESIS)


def fuzz(directory, shop, *options):
    """All checks of schemathesis except one: a 5xx is allowed if the description names it. Its database stays in this directory."""
    done = subprocess.run(
        [SCHEMATHESIS, "run", labtest.TOP / "docs" / "openapi.yaml", "--url", shop.url, "--no-color", "--max-examples", "60",
         "--generation-deterministic", "--exclude-checks", "not_a_server_error", *options],
        cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    if done.returncode:
        raise TestFailure(done.stdout[-6000:])


def test_calm_shop(directory):
    with shops.Shop(directory) as shop:
        fuzz(directory, shop)


def test_failing_shop(directory):
    """Payments of real orders fail in all ways: the description has each response."""
    with shops.Shop(directory, {"payment.failure_rate": 1}) as shop:
        order = shop.order().json["order_id"]
        statuses = {shop.pay(order).status for _ in range(100)}
        if statuses != {402, 502, 504}:
            raise TestFailure(f"the statuses of failed payments: {statuses}")
        fuzz(directory, shop, "--include-operation-id", "payOrder")


def test_recent_traces(directory):
    with shops.Shop(directory, {"traces.recent_bytes": 65536}) as shop:
        shop.pay(shop.order().json["order_id"])
        fuzz(directory, shop, "--include-operation-id", "tracez")


if __name__ == "__main__":
    labtest.run_tests(globals())
