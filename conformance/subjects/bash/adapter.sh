#!/bin/bash
# The adapter for bash, through lines (docs/adapter.md):  lines bash adapter.sh REQUESTS ANSWERS
#
# A shell tells less than a library: a program that is not there is a child that exits with 127, and what its builtins
# complain of stands on standard error; a script gets their status. There is no `cwd`: (cd sub && ./program) means the
# program in sub.
# shellcheck disable=SC2154,SC2016 # what a request has is assigned by eval, and a list is quoted words for it
declare -A pids inputs outputs

# In the background, where it takes more than a simple command.
become() {
    exec 3<&- 4>&-
    eval "${env:+export $env}"
    if [[ $kind == shell ]]; then
        eval "$program"
    else
        eval 'exec "$program"' "$arguments"
    fi
}

# A group of its own is job control's.
spawn() {
    local to="" back=""
    [[ -z $group ]] || set -m
    case $kind$env,$stdin,$stdout in
        ,,) eval '"$program"' "$arguments" '3<&- 4>&- &' ;;
        *,,) become & ;;
        *,pipe,) exec {to}> >(become) ;;
        *,,pipe) exec {back}< <(become) ;;
        *,pipe,pipe)
            coproc both { become; }
            exec {to}>&"${both[1]}"- {back}<&"${both[0]}"- # or they are closed when it ends, read or not
            ;;
    esac
    set +m
    pids[$child]=$! inputs[$child]=$to outputs[$child]=$back
    answer="ok pid=$!"
}

pipeline() {
    eval "$first 3<&- 4>&- | $second 3<&- 4>&- &"
    pids[$child]=$!
    answer="ok pids=$!"
}

# What is above 128 is a signal's number and 128: so says the manual, though a program may exit with that as well.
tell() {
    if (($1 > 128)); then
        answer="ok signal=$(($1 - 128))"
    else
        answer="ok exit=$1"
    fi
}

# What scripts do: there is no builtin that asks for a status and does not wait.
poll() {
    if kill -0 "${pids[$child]}" 2>/dev/null; then
        answer="ok running=true"
    fi
}

send() {
    kill "$1" -- "$2" || answer="error kill: $?"
}

put() {
    if printf "%*s" "$size" "" >&"${inputs[$child]}"; then
        answer="ok written=$size"
    else
        answer="error printf: $?"
    fi
}

shut_input() {
    local to=${inputs[$child]}
    exec {to}>&-
}

get() {
    local count
    count=$(wc -c <&"${outputs[$child]}" 3<&- 4>&-)
    answer="ok size=$count"
}

run() {
    eval '"$program"' "$arguments" '3<&- 4>&-'
}

forget() {
    unset "pids[$child]" "inputs[$child]" "outputs[$child]"
}

open_file() {
    exec {opened}>"$path"
    cat "$from" >&$opened 3<&- 4>&-
    chmod 755 "$path" 3<&- 4>&-
}

# shellcheck disable=SC2034 # lines has it evaluated
newline='
'
can=spawn,shell,env,stdin,stdout,write,close,read,wait,poll,kill,terminate,group
can+=,run,pipeline,forget,handle,open,shut,await
echo "hello name=bash version=${BASH_VERSION%%(*} pid=$$ can=$can" >&4
while IFS= read -r line <&3; do
    eval "$line"
    answer=ok
    case $op in
        spawn) spawn ;;
        pipeline) pipeline ;;
        write) put ;;
        close) shut_input ;;
        read) get ;;
        wait) wait "${pids[$child]}"; tell $? ;;
        poll) poll ;;
        kill) send -KILL "${pids[$child]}" ;;
        terminate) send -TERM "${pids[$child]}" ;;
        group) send -KILL "-${pids[$child]}" ;;
        run) run ;;
        forget) forget ;;
        handle) trap : USR1 ;;
        open) open_file ;;
        shut) exec {opened}>&- ;;
        await) read -r -N 1 <"$path" ;;
        ping | end) ;;
        *) answer=cannot ;;
    esac
    echo "$answer" >&4
    [[ $op != end ]] || break
done
exit 0
