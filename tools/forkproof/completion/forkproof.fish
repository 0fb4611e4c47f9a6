# Completion of forkproof(1) for fish.

# The options of run and audit whose value may be the next word.
set -g __forkproof_valued -o --contain --until --keep --signal --grace --name --kill --max-procs --report --zombies \
    --option --format --output --fail-on --error-exitcode --suppressions --baseline --record --record-size --stall

# Where the command line stands: "command", the subcommand, or "program" when run or audit have theirs; and how many
# words there are before the program.
function __forkproof_place
    set -l words (commandline -opc)
    set -l place command
    set -l skip 0
    set -l before 1
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $place run audit
            if contains -- $word $__forkproof_valued
                set skip 1
            else if test $word = --
                set place program
                set before (math $before + 1)
                break
            else if not string match -q -- '-*' $word
                set place program
                break
            end
        else if test $place = command; and not string match -q -- '-*' $word
            set place $word
        end
        set before (math $before + 1)
    end
    echo $place
    echo $before
end

function __forkproof_at
    set -l place (__forkproof_place)
    contains -- $place[1] $argv
end

# What is offered for the program and its arguments, as if they were all.
function __forkproof_program
    set -l words (commandline -opc)
    set -l place (__forkproof_place)
    set -l current (commandline -ct)
    set -e words[1..$place[2]]
    complete -C (string join ' ' -- (string escape -- $words) "$current")
end

# The names of this user's runs, and the ids of those without one.
function __forkproof_runs
    forkproof ps 2>/dev/null </dev/null | while read -l name id rest
        switch $name
            case NAME
            case -
                echo $id
            case '*'
                echo $name
        end
    end
end

function __forkproof_gotchas
    forkproof explain --json 2>/dev/null </dev/null | string replace -rf '^    "id": "([a-z0-9-]*)",*$' '$1'
end

# SUBCOMMAND[,SUBCOMMAND]... and what `complete` takes.
function __forkproof_complete
    set -l places (string split , $argv[1])
    complete -c forkproof -n "__forkproof_at $places" $argv[2..-1]
end

complete -c forkproof -f
__forkproof_complete command,run,ps,kill,stop,cont,audit,report,doctor,explain -s h -l help -d 'Print a short help'
__forkproof_complete command -l version -d 'Print the version'
__forkproof_complete command -a run -d 'Run a program so that nothing it starts outlives it'
__forkproof_complete command -a ps -d 'List the runs of this user'
__forkproof_complete command -a kill -d 'End a run, or send a signal to all of it'
__forkproof_complete command -a stop -d 'Hold all of a run still'
__forkproof_complete command -a cont -d 'Let it go on'
__forkproof_complete command -a audit -d 'Run a program, and say what was wrong with its processes'
__forkproof_complete command -a report -d 'Say it again, of a record that an audit kept'
__forkproof_complete command -a doctor -d 'What this machine gives for that'
__forkproof_complete command -a explain -d 'What goes wrong with processes, and the remedy'

__forkproof_complete run,audit -l contain -x -a 'auto pidns cgroup walk none' -d 'How all is held'
__forkproof_complete run,audit -l strict -d 'Fail rather than hold it by something weaker'
__forkproof_complete run,audit -l until -x -a 'root empty' -d 'When what is left is ended'
__forkproof_complete run,audit -l keep -x -d 'What is called so may stay'
set -l signals HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN \
    TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
__forkproof_complete run,audit -l signal -x -a "$signals" -d 'What is left is asked to end by this'
__forkproof_complete run,audit -l grace -x -d 'And killed after this'
__forkproof_complete run,audit -l no-kill -d 'What is left is reported and left running'
__forkproof_complete run,audit -l name -x -d 'For ps, kill, stop and cont'
__forkproof_complete run,audit -l kill -x -a 'process tree' -d 'What a kill of its own child reaches'
__forkproof_complete run,audit -l max-procs -x -d 'A fork beyond so many processes fails'
__forkproof_complete run,audit -l confine -d 'Signals to processes outside the run fail'
__forkproof_complete run,audit -l report -r -F -d 'Write what happened, as JSON'
__forkproof_complete run,audit -l zombies -x -d 'Children that may stay unreaped'
set -l pairs zombies= stale={deny,report,allow} kill={process,tree} env={keep,restore,off} sigpipe={keep,epipe} \
    pipes={keep,cloexec} exec={libc,parent-dir} contain={group,guard,off} confine={off,on} verbose={0,1}
__forkproof_complete run,audit -s o -l option -x -a "$pairs" -d 'An option of the preloaded library'
__forkproof_complete run,audit,report -s q -l quiet -d 'No line at the end'

__forkproof_complete audit,report -l format -x -a 'text json sarif junit html trace' -d 'As what it is told'
__forkproof_complete audit,report -l output -r -F -d 'There instead'
__forkproof_complete audit,report -l fail-on -x -a 'error warning note never' -d 'What makes it fail'
__forkproof_complete audit,report -l error-exitcode -x -d 'Its exit status then'
__forkproof_complete audit,report -l suppressions -r -F -d 'Findings that are meant'
__forkproof_complete audit,report -l baseline -r -F -d 'Findings that are known'
__forkproof_complete audit -l record -r -F -d 'Keep what was recorded'
__forkproof_complete audit -l record-size -x -d 'Room for that'
__forkproof_complete audit -l stall -x -a never -d 'Tell of processes that wait for each other for so long'
__forkproof_complete report -F

__forkproof_complete run,audit,program -a '(__forkproof_program)'

__forkproof_complete ps -l json -d 'An array of objects'
__forkproof_complete doctor -l json -d 'The same for programs'
__forkproof_complete kill -s s -l signal -x -a "$signals" -d 'Only send this signal'
__forkproof_complete kill,stop,cont -a '(__forkproof_runs)' -d Run
__forkproof_complete explain -l run -d 'Show it happen'
__forkproof_complete explain -l json -d 'The same for programs'
__forkproof_complete explain -l no-pager -d 'Print also what is longer than the screen'
__forkproof_complete explain -a '(__forkproof_gotchas)' -d Gotcha

functions -e __forkproof_complete
