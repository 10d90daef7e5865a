# SPDX-License-Identifier: MIT
"""Ulfius's own example programs: each is built unchanged and with telemetry, and both must respond to every request with the same
bytes. Debian's libulfius-dev has their sources; ULFIUS_EXAMPLES=DIR names others (a checkout of Ulfius)."""
import base64
import os
import pathlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import library_test  # noqa: E402
from labtest import Skip, TestFailure, claim, expect, need, wait_until  # noqa: E402

DEBIAN = "/usr/share/doc/libulfius-dev/examples/ulfius"
LINES_CHANGED_AT_MOST = 10
# The replacement of a program's start, by level of observation.
STARTS = {
    1: {r"ulfius_start_framework\(&instance\)": "(tel_ulfius_observe(tel, &instance), tel_start(tel) ? U_ERROR : ulfius_start_framework(&instance))",
        r"ulfius_start_secure_framework\(&instance, (\w+), (\w+)\)":
            r"(tel_ulfius_observe(tel, &instance), tel_start(tel) ? U_ERROR : ulfius_start_secure_framework(&instance, \1, \2))",
        r"ulfius_start_secure_ca_trust_framework\(&instance, (\w+), (\w+), (\w+)\)":
            r"(tel_ulfius_observe(tel, &instance), tel_start(tel) ? U_ERROR : ulfius_start_secure_ca_trust_framework(&instance, \1, \2, \3))"},
    2: {r"ulfius_start_framework\(&instance\)": "(tel_start(tel) ? U_ERROR : tel_ulfius_start(tel, &instance, NULL))",
        r"ulfius_start_secure_framework\(&instance, (\w+), (\w+)\)":
            r"(tel_start(tel) ? U_ERROR : tel_ulfius_start(tel, &instance, &(struct tel_ulfius_server){.key_pem = \1, .cert_pem = \2}))",
        r"ulfius_start_secure_ca_trust_framework\(&instance, (\w+), (\w+), (\w+)\)":
            r"(tel_start(tel) ? U_ERROR : tel_ulfius_start(tel, &instance, &(struct tel_ulfius_server){.key_pem = \1, .cert_pem = \2, .ca_pem = \3}))"},
}


def basic(text):
    return f"Authorization: Basic {base64.b64encode(text.encode()).decode()}"


FORM = "Content-Type: application/x-www-form-urlencoded"
UPLOAD = (b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
          b"--edge\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nwords\r\n--edge--\r\n")
ANYWHERE = [("GET", "/"), ("GET", "/nothing"), ("POST", "/nothing", [FORM], b"a=b"), ("HEAD", "/"), ("OPTIONS", "*"), ("BREW", "/nothing"), ("GET", "//"),
            ("GET", "/%ff?x=%zz")]
SIMPLE = [("GET", "/test"), ("GET", "/test/"), ("HEAD", "/test"), ("GET", "/test/empty"), ("GET", "/test/multiple/a/b/c"), ("POST", "/test", [FORM], b"one=1&two=%20"),
          ("POST", "/test", [FORM], b"long=" + b"x" * 3000), ("PUT", "/test/param/put", ["X-One: 1", "Cookie: a=b; c=d"], b"text"), ("DELETE", "/test/param/gone"),
          ("GET", "/test/param/quoted%2Fslash?q=1&q=2"), ("POST", "/test/param/p", ["Content-Type: text/plain"], b"\x00\xff"),
          ("GET", "/testcookie/en/more", ["Cookie: counter=41"]), ("GET", "/testcookie/en"), ("GET", "/test/param/x", ["traceparent: nonsense"])]
AUTH = [("GET", "/auth/basic"), ("GET", "/auth/basic", [basic("test:testpassword")]), ("GET", "/auth/basic", [basic("test:wrong")]),
        ("GET", "/auth/default"), ("GET", "/auth/default", [basic("test:testpassword")]), ("GET", "/auth/client_cert")]
MULTIPLE = [("GET", "/multiple/zero"), ("GET", "/multiple/zero/one"), ("GET", "/multiple/zero/one/two/"), ("GET", "/multiple/zero/one/two/three"),
            ("GET", "/multiple/zero/onec/two"), ("PUT", "/multiple/zero/x"), ("GET", "/multiple/auth/data"), ("GET", "/multiple/auth/data?auth=auth1"),
            ("PUT", "/multiple/auth/data"), ("GET", "/multiple/auth/data", [basic("user:password")]), ("DELETE", "/multiple/auth/data")]
SHEEP = [("POST", "/sheep", ["Content-Type: application/json"], b'{"nbsheep": 3}'), ("PUT", "/sheep"), ("PUT", "/sheep", ["Accept-Encoding: gzip"]), ("DELETE", "/sheep"),
         ("POST", "/sheep", ["Content-Type: application/json"], b"no json"), ("GET", "/upload/index.html"), ("GET", "/upload/styles.css", ["Accept-Encoding: gzip"]),
         ("GET", "/upload/styles.css", ["Accept-Encoding: deflate"]), ("GET", "/upload/sheep.png"), ("GET", "/upload/../sheep_counter.c"), ("GET", "/upload/none.html"),
         ("POST", "/static/upload", ["Content-Type: multipart/form-data; boundary=edge"], UPLOAD), ("POST", "/static/submit", [FORM], b"a=1&b=2")]
REQUEST = [("GET", "/curl/anything?with=query"), ("POST", "/curl", [FORM], b"param=value"), ("PUT", "/curl/", ["Content-Type: application/json"], b"{}")]
SOCKET = library_test.WEBSOCKET
WEBSOCKET = [("GET", "/websocket"), ("GET", "/websocket/echo"), ("GET", "/static/index.html"), ("GET", "/static/styles.css", ["Accept-Encoding: gzip"])]


class Example(library_test.Program):
    """An example that runs in its own directory. It takes its port from the environment, and stops at the end of its standard input."""

    def __init__(self, path, env, arguments=(), context=None):
        self.port, self.host, self.context = labtest.free_port(), "127.0.0.1", context
        self.output = path.parent / f"{path.name}.out"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([path, *arguments], cwd=path.parent, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                                            env={**env, "EXAMPLE_PORT": str(self.port)})

    def connect(self):
        plain = super().connect()
        return self.context.wrap_socket(plain, server_hostname="localhost") if self.context else plain

    def step(self):
        """Presses Enter."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()


def sources():
    root = pathlib.Path(os.environ.get("ULFIUS_EXAMPLES", f"{DEBIAN}/example_programs"))
    if not (root / "simple_example/simple_example.c").exists():
        raise Skip(f"no sources in {root}: whether Ulfius's own examples respond as before when they are observed (libulfius-dev has them)")
    return root


def observed(source, level):
    """The program with telemetry. Its handlers do not change."""
    text = re.sub(r"^(#include <ulfius\.h>)$", r"\1\n#include <tel/ulfius.h>\nstatic struct tel *tel;", source, count=1, flags=re.M)
    text = re.sub(r"^( *)(if \(ulfius_init_instance\()", r'\1tel = tel_new("example", "1.0");\n\1\2', text, count=1, flags=re.M)
    for old, new in STARTS[level].items():
        text = re.sub(old, new, text)
    text = re.sub(r"(ulfius_stop_framework\(&instance\);)", r"\1\n  tel_free(tel, 5000);", text)
    changed = len(set(text.splitlines()) - set(source.splitlines()))
    claim(f"{changed} changed lines are at most {LINES_CHANGED_AT_MOST}", 0 < changed <= LINES_CHANGED_AT_MOST)
    return text


def build(prefix, directory, source, level, change=()):
    """The example at sources()/source, in its own directory with its static files. level 0: unchanged."""
    root = sources()
    folder = directory / f"{pathlib.Path(source).stem}-{level}"
    shutil.copytree((root / source).parent, folder)
    text = (root / source).read_text()
    if level:
        text = observed(text, level)
    for old, new in ((r"#define PORT \d+", '#include <stdlib.h>\n#define PORT (unsigned)atoi(getenv("EXAMPLE_PORT"))'), *change):
        text, count = re.subn(old, new, text)
        expect(f"{old} is in {source}", count > 0, True)
    path = folder / pathlib.Path(source).name
    path.write_text(text)
    callbacks = root.parent / "example_callbacks"
    more = [callbacks / f"{name}/{name}_callback.c" for name in ("static_compressed_inmemory_website", "http_compression") if f"{name}_callback.h" in text]
    flags = library_test.pkg_config(prefix, "--cflags", "--libs", "tel-ulfius", "gnutls", "zlib")
    program = folder / "program"
    run = subprocess.run(["cc", "-w", path, *more, f"-I{root}/include", *(f"-I{file.parent}" for file in more), "-o", program, *flags, "-pthread"],
                         capture_output=True, text=True)
    if run.returncode:
        raise TestFailure(f"cannot build {source} at level {level}:\n{run.stderr}")
    return program


def differences(plain, seen, cases):
    told = []
    for case in cases:
        one, other = plain.raw(*case), seen.raw(*case)
        if one != other or not one.startswith(b"HTTP/1.1 "):
            told.append(f"{case[:2]}:\n  {one[:600]!r}\n  {other[:600]!r}")
    return told


def compare(directory, source, cases, more=lambda plain, seen: [], arguments=(), change=(), context=None, serves=True):
    """Runs the example unchanged and observed, at each level, and compares all responses. serves: GET /metrics returns the metrics."""
    prefix = library_test.installed()
    env = library_test.environment(prefix)
    for level in STARTS:
        where = directory / f"level-{level}"
        where.mkdir()
        programs = [build(prefix, where, source, at, change) for at in (0, level)]
        with Example(programs[0], env, arguments, context) as plain, Example(programs[1], env, arguments, context) as seen:
            told = differences(plain, seen, cases) + more(plain, seen)
            scrape = seen.raw("GET", "/metrics")
            statuses = plain.end(), seen.end()
            lines = [line for line in seen.lines() if line.get("message", "").startswith("request ")]
        if told:
            raise TestFailure(f"{source}, level {level}: responses differ:\n" + "\n".join(told))
        expect(f"{source}, level {level}: metrics are served", b"\nrequest_total{" in scrape, serves)
        expect(f"{source}, level {level}: exit statuses", statuses[0], statuses[1])
        claim(f"{source}, level {level}: {len(cases)} responses are the same, and observed", len(lines) >= len(cases), f"({len(lines)} lines)")


def test_simple(directory):
    compare(directory, "simple_example/simple_example.c", SIMPLE + ANYWHERE)


def certificate(directory):
    """A key and a self-signed certificate for localhost."""
    key, cert = directory / "key.pem", directory / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.create_default_context(cafile=cert)
    context.load_cert_chain(cert, key)
    return key, cert, context


def test_simple_with_tls(directory):
    need("openssl")
    key, cert, context = certificate(directory)
    compare(directory, "simple_example/simple_example.c", SIMPLE[:4], arguments=("-secure", key, cert), context=context)


def test_auth(directory):
    compare(directory, "auth_example/auth_server.c", AUTH + ANYWHERE)


def test_auth_with_client_certificates(directory):
    need("openssl")
    key, cert, context = certificate(directory)
    compare(directory, "auth_example/auth_server.c", AUTH, arguments=(key, cert, cert), context=context)


def test_multiple_callbacks(directory):
    compare(directory, "multiple_callbacks_example/multiple_callbacks_example.c", MULTIPLE + ANYWHERE)


def test_request(directory):
    compare(directory, "request_example/server.c", REQUEST + ANYWHERE)


def test_sheep_counter_with_static_files_and_uploads(directory):
    compare(directory, "sheep_counter/sheep_counter.c", SHEEP + ANYWHERE)


def test_endpoints_that_come_and_go(directory):
    """Endpoints that are added later are not observed, but still respond."""
    def steps(plain, seen):
        told = []
        for path, status in (("/inject/fourth", b" 200 "), ("/inject/fifth", b" 200 "), ("/inject/fourth", b" 404 ")):
            for example in (plain, seen):
                example.step()
                wait_until(f"{path} returns{status.decode()}", lambda example=example, path=path, status=status: status in example.raw("GET", path)[:20])
            told += differences(plain, seen, [("GET", path), *cases])
        return told

    cases = [("GET", f"/inject/{name}") for name in ("first", "second", "third", "fourth", "fifth")]
    compare(directory, "injection_example/injection_example.c", cases + ANYWHERE, steps)


def test_streams(directory):
    compare(directory, "stream_example/stream_example.c", [("GET", "/stream"), ("HEAD", "/stream"), *ANYWHERE],
            change=[(r"\bsleep\(1\)", "usleep(10000)")])  # it sleeps for a second before each part


def test_proxy(directory):
    class Origin(labtest.Handler):
        def do_GET(self):
            self.respond(200 if self.path != "/nothing" else 404, f"origin has {self.path}".encode(), headers={"X-Origin": "yes"})

    with labtest.HttpThread(Origin) as origin:
        compare(directory, "proxy_example/proxy.c", [("GET", "/"), ("GET", "/page?q=1"), ("GET", "/nothing"), ("POST", "/", [], b"x")],
                change=[(r'#define PROXY_DEST "[^"]*"', f'#define PROXY_DEST "{origin.url}"')], serves=False)  # it passes every path on


def echo(example):
    """The response to the handshake, and to a masked text."""
    request = "\r\n".join(["GET /websocket/echo HTTP/1.1", "Host: edge", *SOCKET]).encode() + b"\r\n\r\n"
    text, mask = b"hello socket", b"mask"
    frame = b"\x81" + bytes([0x80 | len(text)]) + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
    with example.connect() as connection:
        connection.sendall(request)
        response = b""
        while b"\r\n\r\n" not in response:
            response += connection.recv(4096)
        connection.sendall(frame)
        connection.settimeout(20)
        while response.count(text) < 1:
            response += connection.recv(4096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return re.sub(rb"Date: [^\r]*\r\n", b"", response)


def test_websockets(directory):
    def talk(plain, seen):
        one, other = echo(plain), echo(seen)
        claim("a text comes back", one.endswith(b"hello socket"), one)
        return [] if one == other else [f"echo:\n  {one!r}\n  {other!r}"]

    compare(directory, "websocket_example/websocket_server.c", WEBSOCKET + ANYWHERE, talk)


if __name__ == "__main__":
    labtest.run_tests(globals())
