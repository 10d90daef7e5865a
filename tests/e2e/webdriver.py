# SPDX-License-Identifier: MIT
"""A browser for tests: Chromium through chromedriver, over WebDriver's plain HTTP. Python 3's standard library only."""
import base64
import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from labtest import TestFailure, free_port, need

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Browser:
    """A fresh profile in one window. A context manager; console_errors() has the errors that the page logs."""

    def __init__(self, width=1200, height=900, dark=False):
        need("chromium", "chromedriver")
        self.profile = tempfile.mkdtemp(prefix="browser-")
        self.driver = None
        self.base = None
        self.size = (width, height)
        self.dark = dark

    def __enter__(self):
        port = free_port()  # chromedriver's own choice can be taken
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = ""
        while "started successfully" not in said:
            line = self.driver.stdout.readline()
            if not line:
                raise TestFailure(f"chromedriver did not start:\n{said}")
            said += line
        self.base = f"http://127.0.0.1:{port}/session"
        arguments = ARGUMENTS + [f"--user-data-dir={self.profile}"]
        session = self._call("POST", "", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": arguments}}}})
        self.base += "/" + session["sessionId"]
        self.resize(*self.size)
        if self.dark:
            self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", "")
        except (OSError, TestFailure):
            pass
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _call(self, method, path, body=None):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise TestFailure(f"WebDriver {method} {path}: {json.load(error)['value']['message']}") from None

    def cdp(self, command, **parameters):
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height):
        """Sets the size of the page's area. Chromium's window has a minimum width, so a phone's width is emulated."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 500)

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs a script and returns its value."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def console_errors(self):
        """The errors logged since the last call: violations of the Content-Security-Policy, exceptions, 404s."""
        entries = self._call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]
