"""BusyBox's tests of its ash, run by dash"""

from suites._shells import SAY, outcomes  # noqa: F401 pylint: disable=unused-import

PACKAGES = ("dash", "gcc", "libc6-dev", "diffutils")
SOURCES = ("busybox",)

# dash is no ash: it words its errors otherwise and lacks some of what is asked. Then its output is the verdict.
RUN = SAY + """
cd /src/busybox/shell/ash_test
for helper in printenv recho zecho; do gcc -w -O -o $helper $helper.c; done
ln -s /bin/dash ash
export PATH="$PWD:$PATH" THIS_SH="$PWD/ash" CONFIG_FEATURE_FANCY_ECHO=y
unset LC_ALL
for test in ash-*/*.tests; do
    case $test in
    ash-vars/var_LINENO1.tests) continue ;;  # never ends: dash passes no arguments to what it sources
    ash-misc/exitcode_trap[26].tests) continue ;;  # who is first, its kill or its subshell? Either wins, bare
    ash-signals/signal1.tests) continue ;;  # timed by sleeps of 0.1 and 0.2 s: fails bare on a busy machine
    ash-z_slow/*) continue ;;  # half a minute of arithmetic in one process
    esac
    name=${test##*/}
    cd "${test%/*}"
    status=0
    timeout 30 "$THIS_SH" "./$name" >/tmp/work/output 2>&1 </dev/null || status=$?
    [ "$status" != 124 ] || echo "timed out" >>/tmp/work/output
    diff -u /tmp/work/output "${name%.tests}.right"
    say "$test" $? "otherwise than ash" /tmp/work/output
    cd ..
done
"""


def commands():
    return {"ash_test": ["sh", "-c", RUN]}
