"""Apache (prefork, mod_cgi) in the foreground, contained: served, loaded, restarted, bereft of children, stopped

contain=group is what a preload does by itself: what the parent leaves ends with it.
"""

from . import _apache

PACKAGES = ("apache2", "apache2-utils", "perl")
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"


def scenario(scene):
    apache = _apache.Apache(scene)
    # In the end it gives its whole process group a SIGTERM.
    server = scene.start(apache.argv("-DFOREGROUND"), start_new_session=True)
    apache.serve()
    apache.run_scripts()
    apache.hold_output()
    apache.time_out()
    apache.bear_load()
    apache.restart()
    apache.turn_over()
    apache.lose_children()
    apache.leave_one()
    scene.send(server.pid, "TERM")
    scene.check("exit status", server.wait(timeout=20))
    _apache.web.contained(scene, "sleep", ("shim", "run"))
    apache.all_gone()
