"""Apache (prefork, mod_cgi) as a daemon: served, loaded, restarted, bereft of children, stopped

Started as root, as packages start it; the children give that up. Contained it would end with the
command that started it, so contain=off; apache_foreground has the rest.
"""

from . import _apache

PACKAGES = ("apache2", "apache2-utils", "perl")
USER = "root"


def scenario(scene):
    apache = _apache.Apache(scene)
    apache.command("start", "start")
    apache.serve()
    apache.run_scripts()
    apache.hold_output()
    apache.time_out()
    apache.bear_load()
    apache.restart()
    apache.turn_over()
    apache.lose_children()
    apache.leave_one()
    apache.command("graceful stop", "graceful-stop")
    apache.all_gone()
