"""bash's own tests, run by the installed bash"""

from suites._shells import SAY, outcomes  # noqa: F401 pylint: disable=unused-import

PACKAGES = ("bash", "gcc", "libc6-dev", "diffutils", "locales", "bsdutils")
SOURCES = ("bash",)
SECONDS = 600

# A run-NAME script ends by comparing what came with what was expected.
RUN = SAY + """
cd /src/bash/tests
for helper in printenv recho zecho xcase; do gcc -w -I.. -I../include -DHAVE_STRING_H -DHAVE_STDLIB_H -DHAVE_UNISTD_H \\
    -include stdlib.h -o $helper ../support/$helper.c; done
localedef -i en_US -f UTF-8 /tmp/work/en_US.UTF-8 && export LOCPATH=/tmp/work
export PATH=".:$PATH" THIS_SH=/bin/bash BUILD_DIR=/src/bash BASH_TSTOUT=/tmp/work/output TMPDIR=/tmp/work
unset LC_ALL
for header in config version; do echo read by a test >../$header.h; done
for script in run-*; do
    case $script in
    run-all | run-minimal | run-gprof) continue ;;
    run-nameref) continue ;;  # asks about a coprocess that may have ended: half of its bare runs under load fail
    esac
    status=0
    timeout --foreground 60 sh "./$script" </dev/null >/tmp/work/said 2>&1 || status=1
    cat /tmp/work/said
    say "$script" "$status" FAILED /tmp/work/output
    rm -f /tmp/work/output
done
"""


def commands():
    return {"tests": ["script", "--quiet", "--return", "--command", RUN, "/dev/null"]}
