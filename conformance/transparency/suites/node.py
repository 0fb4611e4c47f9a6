"""Node's own tests of child processes, clusters, processes, signals and standard streams"""

from driver.suite import scenario_outcomes as outcomes  # noqa: F401

PACKAGES = ("nodejs",)
SOURCES = ("nodejs",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
PARTS = {
    "child processes, a to f": ("child-process-[a-f]*",),
    "child processes, g to r": ("child-process-[g-r]*",),
    "child processes, s to z": ("child-process-[s-z]*",),
    "clusters, a to l": ("cluster-[a-l]*",),
    "clusters, m to z": ("cluster-[m-z]*",),
    "processes": ("process-*",),
    "signals and streams": ("signal-*", "std*", "kill-*", "listen-fd-*", "pipe-*", "net-pipe-*", "net-child-*",
                            "spawn-*", "dgram-*cluster*"),
}
# A test says which options it wants in a comment.
NODE = ["sh", "-c", 'cd /src/nodejs; exec node $(sed -n "s|^// Flags: ||p" "$1") "$1"', "sh"]


def commands():
    each = ["/opt/transparency/inside/each.py", *NODE, "--"]
    return {name: each + [f"/src/nodejs/test/parallel/test-{pattern}.js" for pattern in patterns]
            for name, patterns in PARTS.items()}
