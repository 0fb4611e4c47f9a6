import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;

/** Adapter for java.lang.ProcessBuilder and Process: docs/adapter.md has the protocol. */
public final class Adapter {
    private static final String[] CAN = {
        "spawn", "cwd", "env", "stdin", "stdout", "stderr", "write", "close", "read", "wait", "poll", "kill",
        "terminate", "group", "pipeline", "forget", "open", "shut", "await", "together",
    };
    private static final Gson GSON = new Gson();

    private static final class Cannot extends Exception {}

    /** Each a list: of one process, or of a pipeline's. */
    private final Map<String, List<Process>> children = new ConcurrentHashMap<>();

    private FileOutputStream opened;

    private Object perform(JsonObject request) throws Exception {
        switch (request.get("op").getAsString()) {
            case "ping": break;
            case "end": break;
            case "spawn": return spawn(request);
            case "write": return write(request);
            case "close": last(request).getOutputStream().close(); break;
            case "read": return Map.of("size", last(request).getInputStream().readAllBytes().length);
            case "wait": return await(request);
            case "poll": return poll(request);
            case "kill": child(request).forEach(Process::destroyForcibly); break;
            case "terminate": child(request).forEach(Process::destroy); break;
            case "group": killTree(last(request)); break;
            case "pipeline": return pipeline(request);
            case "forget": forget(request); break;
            case "open": open(request); break;
            case "shut": opened.close(); break;
            case "await": pass(request); break;
            case "together": return together(request);
            default: throw new Cannot();
        }
        return Map.of();
    }

    // --- children ---

    private List<Process> child(JsonObject request) {
        return children.get(text(request, "child"));
    }

    private Process last(JsonObject request) {
        List<Process> child = child(request);
        return child.get(child.size() - 1);
    }

    private Object spawn(JsonObject request) throws IOException {
        ProcessBuilder builder = builder(request);
        if (request.has("cwd"))
            builder.directory(new File(text(request, "cwd")));
        for (String entry : texts(request, "env")) {
            String[] nameAndValue = entry.split("=", 2);
            builder.environment().put(nameAndValue[0], nameAndValue[1]);
        }
        builder.redirectInput(stream(request, "stdin"));
        builder.redirectOutput(stream(request, "stdout"));
        builder.redirectError(stream(request, "stderr"));
        Process process = builder.start();
        children.put(text(request, "child"), List.of(process));
        return Map.of("pid", process.pid());
    }

    private static ProcessBuilder builder(JsonObject request) {
        List<String> command = texts(request, "arguments");
        command.add(0, text(request, "program"));
        return new ProcessBuilder(command);
    }

    private static Redirect stream(JsonObject request, String name) {
        return request.has(name) ? Redirect.PIPE : Redirect.INHERIT;
    }

    private Object pipeline(JsonObject request) throws IOException {
        ProcessBuilder first = new ProcessBuilder(texts(request, "first"));
        ProcessBuilder second = new ProcessBuilder(texts(request, "second"));
        first.redirectInput(Redirect.INHERIT).redirectError(Redirect.INHERIT);
        second.redirectOutput(Redirect.INHERIT).redirectError(Redirect.INHERIT);
        List<Process> processes = ProcessBuilder.startPipeline(List.of(first, second));
        children.put(text(request, "child"), processes);
        return Map.of("pids", processes.stream().map(Process::pid).toList());
    }

    private Object write(JsonObject request) throws IOException {
        byte[] bytes = new byte[request.get("size").getAsInt()];
        OutputStream stdin = last(request).getOutputStream();
        stdin.write(bytes);
        stdin.flush();
        return Map.of("written", bytes.length);
    }

    private Object await(JsonObject request) throws InterruptedException {
        for (Process process : child(request))
            process.waitFor();
        return Map.of("exit", last(request).exitValue());
    }

    private Object poll(JsonObject request) {
        Process process = last(request);
        return process.isAlive() ? Map.of("running", true) : Map.of("exit", process.exitValue());
    }

    private static void killTree(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private void forget(JsonObject request) {
        children.remove(text(request, "child"));
        System.gc();
    }

    // --- files and threads ---

    private void open(JsonObject request) throws IOException {
        String path = text(request, "path");
        opened = new FileOutputStream(path);
        new File(path).setExecutable(true, false);
        Files.copy(Path.of(text(request, "from")), opened);
    }

    private static void pass(JsonObject request) throws IOException {
        try (FileInputStream gate = new FileInputStream(text(request, "path"))) {
            gate.read();
        }
    }

    private Object together(JsonObject request) throws InterruptedException {
        CyclicBarrier barrier = new CyclicBarrier(2);
        JsonArray first = new JsonArray();
        JsonArray second = new JsonArray();
        Thread one = new Thread(() -> play(barrier, request.getAsJsonArray("first"), first));
        Thread other = new Thread(() -> play(barrier, request.getAsJsonArray("second"), second));
        one.start();
        other.start();
        one.join();
        other.join();
        return Map.of("first", first, "second", second);
    }

    private void play(CyclicBarrier barrier, JsonArray requests, JsonArray answers) {
        try {
            barrier.await();
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
        for (JsonElement request : requests)
            answers.add(answer(request.getAsJsonObject()));
    }

    // --- lines ---

    private static String text(JsonObject request, String member) {
        return request.get(member).getAsString();
    }

    private static List<String> texts(JsonObject request, String member) {
        List<String> texts = new ArrayList<>();
        if (request.has(member))
            request.getAsJsonArray(member).forEach(text -> texts.add(text.getAsString()));
        return texts;
    }

    private JsonObject answer(JsonObject request) {
        JsonObject answer = new JsonObject();
        try {
            answer.add("ok", GSON.toJsonTree(perform(request)));
        } catch (Cannot e) {
            answer.addProperty("cannot", true);
        } catch (Exception e) {
            answer.addProperty("error", e.toString());
        }
        return answer;
    }

    public static void main(String[] paths) throws IOException {
        BufferedReader requests = new BufferedReader(new FileReader(paths[0]));
        FileWriter answers = new FileWriter(paths[1]);
        say(answers, Map.of("adapter", 1, "name", "java", "version", System.getProperty("java.version"),
                "pid", ProcessHandle.current().pid(), "can", CAN));
        Adapter adapter = new Adapter();
        for (String line; (line = requests.readLine()) != null; ) {
            JsonObject request = JsonParser.parseString(line).getAsJsonObject();
            JsonObject answer = adapter.answer(request);
            answer.add("id", request.get("id"));
            say(answers, answer);
            if (text(request, "op").equals("end"))
                break;
        }
    }

    private static void say(FileWriter answers, Object line) throws IOException {
        answers.write(GSON.toJson(line) + "\n");
        answers.flush();
    }
}
