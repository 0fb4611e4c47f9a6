"""Chromium without a window: pages, scripts, a picture, with and without its sandbox; what it leaves"""

import hashlib
import http.server
import pathlib
import re
import shutil
import struct
import threading

PACKAGES = ("chromium", "fonts-dejavu-core")
KINDS = ("bare", "empty", "shim", "run")
FLAGS = ("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir=profile",
         "--hide-scrollbars", "--window-size=320,200", "--virtual-time-budget=5000", "--timeout=30000")
PAGE = """<!doctype html><title>page</title><body style="background:#00ff00"><p id=sum>none</p><p id=back>none</p>
<script>
new Worker(URL.createObjectURL(new Blob(["postMessage([...Array(1000).keys()].reduce((a, b) => a + b))"])))
    .onmessage = e => document.getElementById("sum").textContent = e.data;
fetch("/data").then(r => r.text()).then(t => document.getElementById("back").textContent = t);
</script><iframe src="/frame"></iframe>"""


class Handler(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        pages = {"/": PAGE, "/data": "fetched", "/frame": "<p>framed</p>"}
        body = pages.get(self.path, "").encode()
        self.asked.append(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def scenario(scene):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, more in {"without sandbox": ("--no-sandbox",), "one process": ("--no-sandbox", "--single-process"),
                       "no zygote": ("--no-sandbox", "--no-zygote"), "with sandbox": ()}.items():
        shutil.rmtree("profile", ignore_errors=True)
        Handler.asked.clear()
        done = scene.run(["chromium", *FLAGS, *more, "--dump-dom", "http://127.0.0.1:8000/"], timeout=120)
        scene.check(f"{name}, status", done.returncode)
        for what in ("sum", "back"):
            found = re.search(rf'<p id="{what}">(.*?)</p>', done.stdout)
            scene.check(f"{name}, {what}", found[1] if found else "FAILED: not there")
        scene.check(f"{name}, asked for", " ".join(sorted(set(Handler.asked) - {"/favicon.ico"})))
        scene.settled(f"{name}, left")
    picture(scene)


def picture(scene):
    scene.check("picture, status", scene.run(["chromium", *FLAGS, "--no-sandbox", "--screenshot=page.png",
                                              "http://127.0.0.1:8000/"], timeout=120).returncode)
    data = pathlib.Path("page.png").read_bytes()
    scene.check("picture, size", struct.unpack(">II", data[16:24]))
    scene.check("picture", hashlib.sha256(data).hexdigest())
