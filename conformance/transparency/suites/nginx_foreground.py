"""nginx in the foreground, contained: served, loaded, reloaded, bereft of workers, stopped

contain=group is what a preload does by itself: what the master leaves ends with it.
"""

from . import _nginx

PACKAGES = ("nginx", "apache2-utils")
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"


def scenario(scene):
    nginx = _nginx.Nginx(scene, daemon=False)
    server = scene.start(nginx.argv())
    nginx.serve()
    nginx.bear_load()
    nginx.reload()
    nginx.reload_under_load()
    nginx.lose_workers()
    nginx.reopen_logs()
    nginx.refuse_upgrade()
    scene.send(server.pid, "TERM")
    scene.check("exit status", server.wait(timeout=20))
    nginx.all_gone()
