// Plays a declarative Jenkinsfile: sh steps are run for real in the current directory, other steps are only told.
// groovy pipeline.groovy JENKINSFILE; a line of JSON a step on standard output, and the status of the sh that failed.

class Failed extends Exception {
    int status
}

class Steps {
    static final SECTIONS = ['agent', 'options', 'stages', 'steps', 'post', 'always', 'environment']
    Failed failure

    void pipeline(Closure body) { inside(body) }

    void stage(String name, Closure body) { inside(body) }

    void sh(String script) {
        tell('sh', [])
        def builder = new ProcessBuilder('/bin/sh', '-xec', script).redirectErrorStream(true)
        def process = builder.redirectOutput(new File('sh.log')).start()
        process.outputStream.close()
        int status = process.waitFor()
        if (status != 0)
            throw new Failed(status: status)
    }

    // What a failed step leaves undone, and what post does all the same.
    void stages(Closure body) {
        try {
            inside(body)
        } catch (Failed failed) {
            failure = failed
        }
    }

    def methodMissing(String name, Object arguments) {
        if (name in SECTIONS)
            return inside(arguments[0])
        tell(name, arguments as List)
        return [(name): arguments as List]
    }

    private void inside(Closure body) {
        body.delegate = this
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
    }

    private void tell(String name, List arguments) {
        println groovy.json.JsonOutput.toJson([step: name, arguments: arguments])
    }
}

def steps = new Steps()
def shell = new GroovyShell(new Binding(pipeline: steps.&pipeline))
shell.evaluate(new File(args[0]))
System.exit(steps.failure ? steps.failure.status : 0)
