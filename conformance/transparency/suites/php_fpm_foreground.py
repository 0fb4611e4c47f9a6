"""php-fpm in the foreground, contained: four kinds of pools, served, loaded, reloaded, bereft of workers, stopped

contain=group is what a preload does by itself: what the master leaves ends with it.
"""

from . import _php_fpm

PACKAGES = ("php8.2-fpm", "libfcgi-bin", "nginx", "apache2-utils")
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"


def scenario(scene):
    fpm = _php_fpm.Fpm(scene, daemon=False)
    server = scene.start(fpm.argv())
    fpm.serve()
    fpm.run_scripts()
    fpm.stretch()
    fpm.bear_load()
    fpm.reload()
    fpm.lose_workers()
    fpm.time_out()
    fpm.crash_workers()
    fpm.leave_one()
    scene.send(server.pid, "TERM")
    scene.check("exit status", server.wait(timeout=20))
    # The preload alone knows nothing of it: workers are of another user, and PHP clears the environment.
    _php_fpm.web.contained(scene, "sleep", ("run",))
    fpm.all_gone()
