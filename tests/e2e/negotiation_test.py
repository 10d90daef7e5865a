#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Content negotiation by request headers: content codings of bodies, formats of /metrics. Repeated lines are one list (RFC 9110, 5.3)."""
import gzip

import labtest
import shop as shops
from labtest import TestFailure, expect

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
JSON = "Content-Type: application/json"


def ask(shop, method, path, lines=(), body=b"", chunked=False):
    """One request with these header lines, byte for byte. The response's body is everything after its header block."""
    lines = ["Host: shop", "Connection: close", *lines]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:]) if part) + b"0\r\n\r\n"
    elif body:
        lines.append(f"Content-Length: {len(body)}")
    raw = shop.raw("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body)
    head, _, rest = raw.partition(b"\r\n\r\n")
    fields = head.decode("latin-1").split("\r\n")
    return shops.Response(int(fields[0].split(" ")[1]), shops.joined(line.split(": ", 1) for line in fields[1:]), rest)


CODED = [["Content-Encoding: gzip"], ["content-encoding: GZIP"], ["CONTENT-ENCODING:gzip"], ["Content-Encoding: identity, gzip"],
         ["Content-Encoding: gzip, identity"], ["Content-Encoding: identity", "Content-Encoding: br"],
         ["Content-Encoding: deflate", "Content-Encoding: identity"], ["Content-Encoding: gzip", "Content-Encoding: gzip"],
         ["Content-Encoding: ,gzip"], ["Content-Encoding: \t x-gzip \t"], ["Content-Encoding: identityx"], ["Content-Encoding: iden"],
         ["Content-Encoding: identity;q=1"], ["Content-Encoding: *"], ["Content-Encoding: chunked"], ["Content-Encoding: \xff"],
         ["Content-Encoding: " + "gzip, " * 100], ["Content-Encoding: \"identity\""]]
PLAIN = [[], ["Content-Encoding: identity"], ["content-encoding: Identity"], ["Content-Encoding:"], ["Content-Encoding: \t "],
         ["Content-Encoding: ,"], ["Content-Encoding: identity,identity"], ["Content-Encoding: identity", "Content-Encoding: identity"],
         ["Content-Encoding: ", "Content-Encoding: identity ,"]]


def test_coded_bodies_are_415(directory):
    """Whatever the body contains, even valid JSON."""
    with shops.Shop(directory) as shop:
        bodies = {"/order": b"{}", "/payment/pay": b'{"order_id": "x"}'}
        for path, body in bodies.items():
            for lines in CODED:
                for sent, chunked in ((body, False), (gzip.compress(body), False), (body, True)):
                    response = ask(shop, "POST", path, [JSON, *lines], sent, chunked)
                    what = f"{path} {lines} {'chunked' if chunked else ''}"
                    expect(what, (response.status, response.json["code"]), (415, "unsupported_media_type"))
                    expect(f"{what}: Accept-Encoding", response.headers.get("accept-encoding"), "identity")
        detail = ask(shop, "POST", "/order", [JSON, "Content-Encoding: br"], b"{}").json["detail"]
        if "'br'" not in detail:
            raise TestFailure(f"the coding is not named: {detail}")
        metrics = shop.metrics()
        expect("orders", metrics["request_total", {"route": "/order", "status": "201"}], 0)
        expect("errors of the shop", metrics["error_total"], 0)


def test_plain_bodies_are_taken(directory):
    with shops.Shop(directory) as shop:
        for lines in PLAIN:
            expect(f"{lines}", ask(shop, "POST", "/order", [JSON, *lines], b"{}").status, 201)
        for lines in CODED:  # an empty body cannot be coded
            expect(f"no body, {lines}", ask(shop, "POST", "/order", lines).status, 201)
            expect(f"no bytes, {lines}", ask(shop, "POST", "/order", [*lines, "Content-Length: 0"]).status, 201)
            expect(f"no chunk, {lines}", ask(shop, "POST", "/order", lines, chunked=True).status, 201)


def test_media_types(directory):
    with shops.Shop(directory) as shop:
        for lines, named in (([], "no Content-Type"), (["Content-Type: text/plain"], "'text/plain'"), (["Content-Type:"], "''"),
                             (["Content-Type: application/jsonx"], "'application/jsonx'"), ([JSON, JSON], "more than one"),
                             (["Content-Type: " + "x" * 500], "...'"), (["Content-Type: \xff\xfe"], "\ufffd")):
            response = ask(shop, "POST", "/order", lines, b"{}")
            expect(f"{lines}", (response.status, response.headers.get("accept")), (415, "application/json"))
            if named not in response.json["detail"] or len(response.json["detail"]) > 250:
                raise TestFailure(f"{lines}: {response.json['detail']}")


def test_repeated_accept_lines_are_one_list(directory):
    with shops.Shop(directory) as shop:
        om, plain = "application/openmetrics-text", "text/plain"
        for lines, kind in (([], TEXT), ([f"Accept: {om}"], OPENMETRICS), ([f"Accept: {om}", f"Accept: {plain};q=0.5"], OPENMETRICS),
                            ([f"Accept: {plain};q=0.5", f"accept: {om};version=1.0.0"], OPENMETRICS),
                            ([f"Accept: {om};q=0.1", f"Accept: {plain}"], TEXT), (["Accept:", f"ACCEPT: {om}"], OPENMETRICS),
                            ([f"Accept: {om};q=0", f"Accept: {om};q=0"], TEXT), (["Accept: image/png"] * 3 + [f"Accept: {om}"], OPENMETRICS)):
            expect(f"{lines}", ask(shop, "GET", "/metrics", lines).headers["content-type"], kind)
        for lines, coding in (([], None), (["Accept-Encoding: gzip"], "gzip"), (["Accept-Encoding: br", "accept-encoding: gzip"], "gzip"),
                              (["Accept-Encoding: gzip", "Accept-Encoding: gzip"], "gzip"), (["Accept-Encoding: gzip;q=0", "Accept-Encoding: *"], None),
                              (["Accept-Encoding: identity", "Accept-Encoding: *;q=0"], None), (["Accept-Encoding:", "Accept-Encoding: gzip"], "gzip")):
            response = ask(shop, "GET", "/metrics", lines)
            expect(f"{lines}", (response.status, response.headers.get("content-encoding")), (200, coding))
            if coding:
                gzip.decompress(response.body)


def test_vary_is_in_every_response_of_metrics(directory):
    with shops.Shop(directory) as shop:
        big = "X-Big: " + "x" * 5000
        for method, lines, status in (("GET", [], 200), ("HEAD", [], 200), ("GET", ["Accept: application/openmetrics-text"], 200),
                                      ("GET", ["Accept-Encoding: gzip"], 200), ("POST", [], 405), ("BREW", [], 405), ("GET", [big], 431),
                                      ("GET", ["Host: twice"], 400)):
            response = ask(shop, method, "/metrics", lines)
            expect(f"{method} {lines}"[:60], (response.status, response.headers.get("vary")), (status, "Accept, Accept-Encoding"))
        expect("elsewhere", ask(shop, "POST", "/order").headers.get("vary"), None)
    with shops.Shop(directory, {"metrics.enabled": False}) as shop:
        response = ask(shop, "GET", "/metrics")
        expect("switched off", (response.status, response.headers.get("vary")), (404, "Accept, Accept-Encoding"))
        if "metrics.enabled" not in response.json["detail"]:
            raise TestFailure(response.json["detail"])


if __name__ == "__main__":
    labtest.run_tests(globals())
