"""GNU coreutils' own tests of timeout, nohup, env, tail, split, sort, dd and others that start or signal programs"""

from driver.suite import scenario_outcomes as outcomes  # noqa: F401

PACKAGES = ("gcc", "libc6-dev", "libexpect-perl", "make")
SOURCES = ("coreutils",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
# The installed programs are tested, as if they were built here; getlimits is what the tests need of their own.
BUILD = """
    cd /src/coreutils
    [ -e Makefile ] || ./configure --disable-nls
    printf 'include Makefile\\nhere: $(BUILT_SOURCES)\\n' >here.mk
    make -f here.mk here
    make -j2 src/getlimits
    for file in src/*.c; do
        program=$(basename "$file" .c)
        for installed in "/usr/bin/$program" "/usr/sbin/$program"; do
            [ ! -x "$installed" ] || ln -sf "$installed" src/
        done
    done
"""
PARTS = {
    "timeout, env, nice, nohup": ("misc/timeout*", "misc/env*.sh", "misc/nice*", "misc/nohup.sh", "misc/printenv.sh"),
    "tail": ("tail-2/*.sh",),
    "split": ("split/*.sh",),
    "sort": ("misc/sort-*.sh",),
    "dd": ("dd/*.sh",),
    "others": ("misc/cat-*.sh", "misc/chroot*.sh", "misc/close-stdout.sh", "misc/csplit*.sh", "misc/stdbuf.sh",
               "misc/stty*.sh", "misc/tee.sh", "misc/tty*", "misc/wc-parallel.sh", "misc/yes.sh"),
}
TEST = """
    cd /src/coreutils
    export srcdir=. top_srcdir=. abs_srcdir=$PWD abs_top_srcdir=$PWD abs_top_builddir=$PWD fail=0 TMPDIR=/tmp LC_ALL=C
    export CONFIG_HEADER=$PWD/lib/config.h SHELL=/bin/bash PERL=perl AWK=awk EGREP='grep -E' CC=cc MAKE=make
    export VERSION=9.1 PACKAGE_VERSION=9.1 host_os=linux-gnu LOCALE_FR=none LOCALE_FR_UTF8=none
    export RUN_EXPENSIVE_TESTS=yes built_programs="$(cd src; echo $(find . -type l -printf '%f '))"
    exec 9>&2
    case $1 in
        *.pl) exec perl -w -Itests -MCuSkip -MCoreutils "-MCuTmpdir qw(${1##*/})" "$1" ;;
        *) exec bash "$1" ;;
    esac
"""


def commands():
    return {name: ["/opt/transparency/inside/each.py", "sh", "-ec", TEST, "sh", "--"] +
            ["/src/coreutils/tests/" + pattern for pattern in patterns] for name, patterns in PARTS.items()}
