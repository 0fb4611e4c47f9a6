"""What is measured, and what it may cost at most (docs/design.md, targets)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One call, measured by `measure MODE`."""

    name: str
    mode: str
    count: int  # samples a round
    batch: int  # calls a sample
    target: float  # the ratio to bare
    how: str
    program: tuple = ()
    peers: bool = False
    mebibytes: int = 0


@dataclass(frozen=True)
class Scale:
    """Some calls as something grows, measured by `scale MODE`."""

    mode: str
    axis: str
    sizes: tuple
    count: int
    calls: dict  # scale's word: what the reader reads
    how: str
    program: str = ""


@dataclass(frozen=True)
class Effort:
    rounds: int
    scale_rounds: int
    share: float  # of the samples a round
    smallest: int = None  # how many of the sizes, from the smallest
    children: int = None  # at most


EFFORTS = {
    "full": Effort(rounds=30, scale_rounds=5, share=1.0),
    "quick": Effort(rounds=6, scale_rounds=2, share=0.3, children=1000),
    "smoke": Effort(rounds=2, scale_rounds=2, share=0.1, smallest=2),
}

MEMORY_TARGET_KIB = 12

ROWS = (
    Row("exec of true", "exec", 20, 5, 1.05, "posix_spawn and wait by a bare process, the preload in the environment "
        "that it gives; the program only", ("true",), peers=True),
    Row("exec of dash", "exec", 20, 5, 1.05, "the same with `dash -c true`", ("dash", "-c", "true"), peers=True),
    Row("exec of bash", "exec", 20, 5, 1.035, "the same with `bash -c true`", ("bash", "-c", "true"), peers=True),
    Row("spawn, exec, wait", "spawn", 20, 5, 1.06, "posix_spawn of `true` and wait, parent and child preloaded",
        ("true",), peers=True),
    Row("vfork, exec at 1 GiB", "vfork", 20, 5, 1.0, "vfork, exec and wait with 1 GiB resident; the program is linked "
        "statically, so that this is vfork and exec without the loading", ("{still}",), mebibytes=1024),
    Row("fork, exit, wait", "fork", 20, 10, 1.01, "fork, _exit in the child, waitpid", peers=True),
    Row("fork, never waiting", "never", 2, 400, 1.05, "fork and _exit, 400 times without a wait"),
    Row("kill of own child", "kill", 20, 2000, 1.05, "signal 0, in a process with one thread"),
    Row("kill of own child, threaded", "threaded", 20, 2000, 1.2, "the same with a second, idle thread"),
    Row("kill of a stranger", "stranger", 20, 2000, 1.03, "signal 0 to the parent of the measuring process"),
    Row("waitpid of a zombie", "zombie", 10, 50, 1.3, "waitpid of one pid that is known to have ended"),
    Row("waitpid, nothing ready", "nothing", 20, 2000, 1.1, "waitpid(-1, WNOHANG) with one live child"),
    Row("waitid, nothing ready", "waitid", 20, 2000, 1.1, "waitid(P_ALL, WEXITED | WNOHANG) with one live child"),
)

SCALES = (
    Scale("children", "live children", (1, 10, 100, 1000, 5000, 20000), 15,
          {"kill": "kill of own child", "nothing": "waitpid, nothing ready", "fork": "fork, exit, wait"},
          "The children pause. The kernel itself looks at every live child when nothing is ready."),
    Scale("threads", "threads", (1, 2, 4, 8, 16, 32, 64), 9,
          {"kill": "kill of own child", "fork": "fork, exit, wait"},
          "All threads do the same at once, each with a child of its own; the time that all took, divided by the "
          "calls of all."),
    Scale("environment", "variables", (10, 100, 1000, 5000, 20000), 7,
          {"given": "exec, LD_PRELOAD given", "lacking": "exec, LD_PRELOAD lacking"},
          "vfork, exec of `true` and wait, with that many variables of 48 bytes in the environment given to exec. "
          "*Given*: LD_PRELOAD is the last of them. *Lacking*: it is not among them, so that the shim adds it; the "
          "empty preload then loads into the parent only.", program="true"),
    Scale("resident", "MiB resident", (1, 4, 16, 64, 256, 1024), 7,
          {"fork": "fork, exit, wait", "vfork": "vfork, exec"},
          "Private memory in pages of 4 KiB. The program that vfork's child execs is linked statically.",
          program="{still}"),
)
