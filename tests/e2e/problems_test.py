#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each problem says what is wrong, what is allowed and what to do, in plain words; text from clients is bounded and escaped."""
import json
import re

import labtest
import shop as shops
from labtest import TestFailure, expect, without

SKUS = ("mug", "tshirt", "sticker", "poster", "socks")
# Words from libraries, which clients cannot know.
FOREIGN = re.compile(r"JSON_|jansson|Ulfius|MHD|libmicrohttpd|near '|\bNULL\b")


def check(what, response, status, *words):
    """Expects the status, and a detail with each of the words, but without words that only the program's authors know."""
    expect(f"{what}: status", response.status, status)
    text = response.body.decode("utf-8")
    detail = json.loads(text)["detail"]
    for word in words:
        if word not in detail:
            raise TestFailure(f"{what}: {word!r} is not in {detail!r}")
    if FOREIGN.search(text) or len(detail) > 500 or re.search(r"[\x00-\x1f]", text):
        raise TestFailure(f"{what}: {text!r}")


def test_json_that_cannot_be_read(directory):
    """The detail has plain words, and the place: line, column, byte."""
    with shops.Shop(directory) as shop:
        for body, *words in ((b'{"sku": "a\\u0000b"}', "line 1", "\\u0000 is not allowed"), (b'{"a\\u0000": 1}', "\\u0000 is not allowed"),
                             (b'{\n  "sku": "mug",\n  "sku": "mug"\n}', "line 3", "twice"), (b'{"quantity":\n\xff}', "line 2", "UTF-8"),
                             (b'{"sku": "\xff"}', "line 1, column", "UTF-8"), (b"{", "ends too early"), (b" \n ", "ends too early"),
                             (b"{} {}", "line 1", "more text"), (b"{'sku': 1}", "line 1", "syntax"), (b'{"sku": "\x01"}', "syntax"),
                             (b'{"sku": "\x00"}', "NUL byte", "syntax"), (b'{"quantity": 1e999}', "too large"), (b'{"quantity": 01}', "syntax"),
                             (b'{"sku": "\\x"}', "syntax"), (b'{"sku": "\\ud800"}', "syntax"), (b"[" * 50, "8 levels"),
                             (b"\xef\xbb\xbf{}", "line 1"), (b"{]", "syntax"), (b'{"a" 1}', "syntax"), (b"nonsense", "syntax"),
                             (b'{"x": "' + b"\xe2\x82" + b"y" * 300, "UTF-8")):
            check(f"{body[:30]!r}", shop.order(body), 400, *words)
        check("the byte", shop.order(b'{"quantity": 1} x'), 400, "line 1, column 17 (byte 17)")
        for body in (b"1", b'"x"', b"null", b"[]", b"true", b"99999999999999999999999"):
            check(f"{body!r}", shop.order(body), 400, "JSON object")


def test_fields(directory):
    with shops.Shop(directory) as shop:
        whole = "The field 'quantity' must be an integer from 1 to 100."
        for value in ("0", "101", "-1", "1.5", '"1"', "null", "true", "[]", "{}", "1e30", "99999999999999999999", "-0", "1e-400"):
            check(f"quantity {value}", shop.order(b'{"quantity": %s}' % value.encode()), 400, whole)
        for value in ("1", "null", "[]"):
            check(f"sku {value}", shop.order(b'{"sku": %s}' % value.encode()), 400, "The field 'sku' must be a string")
        check("no order_id", shop.request("POST", "/payment/pay", {}), 400, "'order_id' is missing", "POST /order")
        check("no body", shop.request("POST", "/payment/pay"), 400, "'order_id' is missing")
        check("order_id 7", shop.pay(7), 400, "The field 'order_id' must be a string")
        for name, shown in (("colour", "'colour'"), ("", "''"), ("Sku", "'Sku'"), ("a\nb\x1b[31m", "'a\nb\x1b[31m'"), ("é" * 100, "'" + "é" * 40 + "...'"),
                            ("\U0001f600" * 500, "'" + "\U0001f600" * 40 + "...'"), ("%s%n", "'%s%n'"), ('"><script>', "'\"><script>'")):
            check(f"field {name[:10]!r}", shop.order({name: 1}), 400, f"The field {shown} is unknown", "Known fields: 'sku', 'quantity'.")
            check(f"payment's field {name[:10]!r}", shop.request("POST", "/payment/pay", {"order_id": "x", name: 1}), 400, shown,
                  "Known fields: 'order_id'.")


def test_what_the_shop_refuses(directory):
    with shops.Shop(directory, {"inventory.stock": 3, "inventory.restock_s": 0, "orders.capacity": 2}) as shop:
        check("unknown SKU", shop.order({"sku": "unicorn"}), 404, "'unicorn'", *SKUS)
        check("a long SKU", shop.order({"sku": "ü" * 1000}), 404, "ü" * 40 + "...'", *SKUS)
        check("out of stock", shop.order({"sku": "mug", "quantity": 5}), 409, "5 of mug", "3 are in stock", "restock")
        check("unknown order", shop.pay("ord_7"), 404, "'ord_7'", "POST /order")
        check("unknown order, asked for", shop.get("/order/ord_7"), 404, "'ord_7'", "POST /order")
        check("an order with an odd name", shop.pay("é" * 300), 404, "é" * 40 + "...'")
        paid = shop.order().json["order_id"]
        expect("paid", shop.pay(paid).status, 200)
        check("paid twice", shop.pay(paid), 409, "already paid")
        for _ in range(2):
            shop.order({"sku": "socks"})
        check("store full", shop.order({"sku": "poster"}), 503, "orders.capacity")


def test_failed_payments(directory):
    with shops.Shop(directory, {"payment.failure_rate": 1}) as shop:
        order = shop.order().json["order_id"]
        for _ in range(40):
            response = shop.pay(order)
            check(response.json["code"], response, response.status, "Nothing was charged")


def test_limits_and_paths(directory):
    with shops.Shop(directory, {"server.body_limit": 1000}) as shop:
        check("body", shop.order(b" " * 1001), 413, "1000 bytes", "smaller")
        response = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"3e9\r\n" + b" " * 1001 + b"\r\n0\r\n\r\n")
        if b" 413 " not in response or b"1000 bytes" not in response:
            raise TestFailure(f"chunked: {response!r}")
        check("header", shop.get("/order/x", {"X-Big": "x" * 5000}), 431, "4096 bytes")
        check("target", shop.get("/order/" + "x" * 5000), 414, "4096 bytes")
        response = shop.get("/order/x?" + "&".join(["a"] * 101))
        check("arguments", response, 431, "more than 100 headers, cookies, arguments")
        without(response.json["detail"], "bytes")  # the header is not too large
        response = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a=" + b"x" * 40000 + b"\r\n{}\r\n0\r\n\r\n")
        if b" 413 " not in response or b"a part of its coding" not in response or b"1000 bytes" in response:
            raise TestFailure(f"chunk extension: {response!r}")
        check("method", shop.get("/order"), 405, "/order takes POST.")
        check("method of a parameter's path", shop.request("DELETE", "/order/x"), 405, "/order/{order_id} takes GET, HEAD.")
        check("path", shop.get("/nothing"), 404, "POST /order", "GET /order/{order_id}", "POST /payment/pay", "GET /version")


if __name__ == "__main__":
    labtest.run_tests(globals())
