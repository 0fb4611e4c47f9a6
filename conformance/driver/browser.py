"""For tests: a page in a Chromium without a window, asked over its debugging pipe."""

import base64
import contextlib
import json
import os
import shutil
import select
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-dev-shm-usage", "--remote-debugging-pipe")


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """to, back: descriptors of the pipe."""

    def __init__(self, to, back):
        self.to, self.back, self.number, self.rest, self.session = to, back, 0, b"", None
        self.complaints = []  # what the page threw, and what was refused to it
        self.loaded = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log":
            self.call(f"{domain}.enable")

    def receive(self, until):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            chunk = os.read(self.back, 1 << 16)
            if not chunk:
                raise EOFError("Chromium has ended")
            self.rest += chunk
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def note(self, message):
        method, told = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Log.entryAdded":
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(f"console.{told['type']}")
        self.loaded += method == "Page.loadEventFired"

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def load(self, url):
        """Until its scripts have run."""
        before, until = self.loaded, time.monotonic() + PATIENCE
        self.call("Page.navigate", url="about:blank")
        while self.loaded == before:
            self.note(self.receive(until))
        before = self.loaded
        self.call("Page.navigate", url=url)
        while self.loaded == before:
            self.note(self.receive(until))

    def ask(self, expression):
        """What it is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", expression))
        return answer["result"].get("value")

    def press(self, key):
        text = {"Enter": "\r"}.get(key, "")
        for kind in "keyDown", "keyUp":
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text if kind == "keyDown" else "")

    def screen(self, width, height, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def print(self, path):
        told = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(told["data"]))


@contextlib.contextmanager
def opened():
    """A Page; all that it started is gone afterwards."""
    (their_in, to), (back, their_out) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="fp-browser-", ignore_cleanup_errors=True) as profile:
        wiring = f'exec "$@" 3</dev/fd/{their_in} 4>/dev/fd/{their_out}'  # dash has <& for one digit only
        process = subprocess.Popen(["sh", "-c", wiring, "sh", find(), *FLAGS, f"--user-data-dir={profile}"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   pass_fds=[their_in, their_out])
        os.close(their_in)
        os.close(their_out)
        try:
            page = Page(to, back)
            yield page
            page.session = None
            page.call("Browser.close")
        finally:
            os.close(to)
            os.close(back)
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()
                process.wait()
