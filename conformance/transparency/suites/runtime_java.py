"""Java: ProcessBuilder, ProcessHandle, destroy; its child starter by spawn, vfork and fork"""

import pathlib

PACKAGES = ("openjdk-17-jdk-headless",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

class Program {
    static void tell(String name, Object value) {
        System.out.println(name + ": " + value);
    }

    static Process shell(String script) throws IOException {
        return new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
    }

    static String said(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
    }

    public static void main(String[] words) throws Exception {
        Process child = shell("echo out; echo err >&2; exit 5");
        tell("output", said(child).replace('\n', ' '));
        tell("status", child.waitFor());
        tell("alive after its end", child.isAlive());
        child.destroy();
        tell("destroyed after its end", child.exitValue());

        Process cat = new ProcessBuilder("cat").start();
        CompletableFuture<Integer> back = CompletableFuture.supplyAsync(() -> {
            try {
                return cat.getInputStream().readAllBytes().length;
            } catch (IOException wrong) {
                return -1;
            }
        });
        try (OutputStream in = cat.getOutputStream()) {
            in.write(new byte[1 << 20]);
        }
        tell("cat", back.get() + " " + cat.waitFor());

        Process sleeper = new ProcessBuilder("sleep", "1000").start();
        tell("waits no longer than told", sleeper.waitFor(50, TimeUnit.MILLISECONDS));
        sleeper.destroy();
        tell("destroy", sleeper.waitFor());
        Process hard = new ProcessBuilder("sh", "-c", "trap '' TERM; sleep 1000 & echo; wait").start();
        hard.getInputStream().read();
        List<ProcessHandle> below = hard.descendants().collect(Collectors.toList());
        hard.destroy();
        tell("destroy ignored", hard.waitFor(50, TimeUnit.MILLISECONDS));
        hard.destroyForcibly();
        tell("destroyForcibly", hard.waitFor());
        tell("its descendants", below.size());
        for (ProcessHandle handle : below)
            handle.destroyForcibly();

        Process exits = shell("exit 4");
        tell("onExit", exits.onExit().get().exitValue());
        ProcessHandle handle = new ProcessBuilder("sleep", "1000").start().toHandle();
        tell("handle alive", handle.isAlive());
        tell("handle destroyed", handle.destroyForcibly());
        tell("handle's end", handle.onExit().get().isAlive());
        tell("handle of its parent", handle.parent().isPresent());

        try {
            new ProcessBuilder("/no/such/program").start();
            tell("no such program", "started");
        } catch (IOException wrong) {
            tell("no such program", wrong.getMessage());
        }
        ProcessBuilder elsewhere = new ProcessBuilder("sh", "-c", "pwd; env | grep ^ONLY").directory(new File("/usr"));
        elsewhere.environment().clear();
        elsewhere.environment().put("ONLY", "this");
        elsewhere.environment().put("PATH", "/usr/bin:/bin");
        tell("directory and environment", said(elsewhere.start()).replace('\n', ' '));

        List<Process> line = ProcessBuilder.startPipeline(List.of(new ProcessBuilder("seq", "1000"),
            new ProcessBuilder("sort", "-rn"), new ProcessBuilder("head", "-n2")));
        tell("pipeline", said(line.get(2)).replace('\n', ' '));
        tell("runtime.exec", said(Runtime.getRuntime().exec(new String[] {"echo", "once"})));

        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<Integer>> many = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int status = i % 7;
            many.add(pool.submit(() -> shell("exit " + status).waitFor()));
        }
        int sum = 0;
        for (Future<Integer> one : many)
            sum += one.get();
        pool.shutdown();
        tell("many", sum);
        tell("children left", ProcessHandle.current().children().filter(ProcessHandle::isAlive).count());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> tell("hook", "ran")));
        System.exit(3);
    }
}
"""


def scenario(scene):
    pathlib.Path("Program.java").write_text(PROGRAM, encoding="utf-8")
    scene.bare(["javac", "Program.java"])
    for how in ("POSIX_SPAWN", "VFORK", "FORK"):
        scene.told(["java", "-Xshare:auto", f"-Djdk.lang.Process.launchMechanism={how}", "Program"], prefix=f"{how}, ")
