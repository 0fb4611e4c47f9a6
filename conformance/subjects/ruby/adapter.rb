# The adapter for Ruby's own processes:  ruby adapter.rb REQUESTS ANSWERS  (docs/adapter.md).
require "json"
require "open3"

# Anything else is a mistake here, and ends the adapter.
ERRORS = [SystemCallError, IOError, ArgumentError].freeze

Child = Struct.new(:pid, :stdin, :stdout, :stderr)

# Each method is an operation; what it returns is the answer, if that is a Hash.
class Operations
  def initialize
    @children = {}
  end

  # A program without arguments is a command line, whatever its kind: so Process.spawn has it.
  def spawn(child:, program:, arguments:, kind: nil, env: [], cwd: nil, group: nil, **streams)
    ours, theirs = pipes(streams)
    variables = env.to_h { |variable| variable.split("=", 2) }
    options = { chdir: cwd, pgroup: group }.compact
    pid = Process.spawn(variables, program, *arguments, **theirs, **options)
    @children[child] = Child.new(pid, *ours.values_at(:in, :out, :err))
    { pid: pid }
  ensure
    theirs&.each_value(&:close)
  end

  def write(child:, size:)
    stdin = @children[child].stdin
    written = stdin.write("\0" * size)
    stdin.flush
    { written: written }
  end

  def close(child:)
    @children[child].stdin.close
  end

  def read(child:)
    { size: @children[child].stdout.read.bytesize }
  end

  def wait(child:)
    started = @children[child]
    status(started.is_a?(Child) ? Process.wait2(started.pid).last : started.map(&:value).last)
  end

  def poll(child:)
    _, found = Process.wait2(@children[child].pid, Process::WNOHANG)
    found ? status(found) : { running: true }
  end

  def kill(child:)
    Process.kill("KILL", @children[child].pid)
  end

  def terminate(child:)
    Process.kill("TERM", @children[child].pid)
  end

  def group(child:)
    Process.kill("-KILL", @children[child].pid)
  end

  def run(program:, arguments:)
    system(program, *arguments)
  end

  # Standard output is to stay empty.
  def pipeline(child:, first:, second:)
    @children[child] = Open3.pipeline_start(first, second, out: :err)
    { pids: @children[child].map(&:pid) }
  end

  def forget(child:)
    @children.delete(child)
    GC.start
  end

  def reap
    pids = []
    while (pid = Process.wait(-1, Process::WNOHANG))
      pids << pid
    end
    { pids: pids }
  rescue Errno::ECHILD
    { pids: pids }
  end

  def handle
    Signal.trap("USR1") {}
  end

  def open(path:, from:)
    @file = File.open(path, "w", 0o755)
    IO.copy_stream(from, @file)
  end

  def shut
    @file.close
  end

  def await(path:)
    File.open(path) { |fifo| fifo.readpartial(1) }
  end

  def together(first:, second:)
    ready = Queue.new
    gate = Queue.new
    threads = [first, second].map do |requests|
      Thread.new do
        ready << true
        gate.pop
        requests.map { |request| answer(**request) }
      end
    end
    2.times { ready.pop }
    gate.close
    %i[first second].zip(threads.map(&:value)).to_h
  end

  private

  # Our ends and the child's, by the names that Process.spawn has for its streams.
  def pipes(streams)
    ours = {}
    theirs = {}
    streams.each_key do |stream|
      name = stream.to_s.delete_prefix("std").to_sym
      reader, writer = IO.pipe
      ours[name], theirs[name] = name == :in ? [writer, reader] : [reader, writer]
    end
    [ours, theirs]
  end

  def status(found)
    found.signaled? ? { signal: found.termsig } : { exit: found.exitstatus }
  end
end

MEMBERS = %w[shell cwd env stdin stdout stderr].freeze
NAMES = Operations.public_instance_methods(false).map(&:to_s)
ALWAYS = %w[ping end].freeze
OPERATIONS = Operations.new

def answer(op:, **members)
  return { ok: {} } if ALWAYS.include?(op)
  return { cannot: true } unless NAMES.include?(op)

  result = OPERATIONS.public_send(op, **members)
  { ok: result.is_a?(Hash) ? result : {} }
rescue *ERRORS => e
  { error: e.message }
end

def say(answers, message)
  answers.puts(JSON.generate(message, ascii_only: true))
  answers.flush
end

requests = File.open(ARGV[0])
answers = File.open(ARGV[1], "w")
say(answers, { adapter: 1, name: "ruby", version: RUBY_VERSION, pid: Process.pid, can: [*MEMBERS, *NAMES] })
requests.each_line do |line|
  request = JSON.parse(line, symbolize_names: true)
  say(answers, { id: request.delete(:id), **answer(**request) })
  break if request[:op] == "end"
end
