"""php-fpm as a daemon: four kinds of pools, served, loaded, reloaded, bereft of workers, too slow, stopped

Started as root, as packages start it; the workers give that up. Contained it would end with the
command that started it, so contain=off; php_fpm_foreground has the rest.
"""

from . import _php_fpm

PACKAGES = ("php8.2-fpm", "libfcgi-bin", "nginx", "apache2-utils")
USER = "root"


def scenario(scene):
    fpm = _php_fpm.Fpm(scene, daemon=True)
    done = scene.run(fpm.argv())
    scene.check("start", f"{done.returncode} {done.stdout}")
    fpm.serve()
    fpm.run_scripts()
    fpm.stretch()
    fpm.bear_load()
    fpm.reload()
    fpm.lose_workers()
    fpm.time_out()
    fpm.crash_workers()
    fpm.leave_one()
    scene.send(fpm.master, "QUIT")
    fpm.all_gone()
