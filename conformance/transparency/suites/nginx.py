"""nginx as a daemon: served, loaded, reloaded, bereft of workers, upgraded to a new binary, stopped

Started as root, as packages start it; the workers give that up. Contained it would end with the
command that started it, so contain=off; nginx_foreground has the rest.
"""

from . import _nginx

PACKAGES = ("nginx", "apache2-utils")
USER = "root"


def scenario(scene):
    nginx = _nginx.Nginx(scene, daemon=True)
    done = scene.run(nginx.argv())
    scene.check("start", f"{done.returncode} {done.stdout}")
    nginx.serve()
    nginx.bear_load()
    nginx.reload()
    nginx.reload_under_load()
    nginx.lose_workers()
    nginx.reopen_logs()
    nginx.upgrade_and_back("first upgrade")
    nginx.upgrade("second upgrade")
    nginx.command("stop", "quit")
    nginx.all_gone()
