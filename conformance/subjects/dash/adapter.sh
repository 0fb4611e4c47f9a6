#!/bin/sh
# The adapter for dash, and for what a POSIX shell has, through lines (docs/adapter.md):
#
#     lines dash adapter.sh REQUESTS ANSWERS
#
# There are no pipes to and from a child that goes on beside the script; and job control, which makes groups, needs a
# terminal. There is no `cwd`: (cd sub && ./program) means the program in sub. It does not tell its version. A program
# that is not there is a child that exits with 127, and what builtins complain of stands on standard error; a script
# gets their status.
# shellcheck disable=SC2154,SC2016 # what a request has is assigned by eval, and a list is quoted words for it

# In the background, where it takes more than a simple command.
become() {
    exec 3<&- 4>&-
    eval "${env:+export $env}"
    if [ "$kind" = shell ]; then
        eval "$program"
    else
        eval 'exec "$program"' "$arguments"
    fi
}

spawn() {
    if [ -z "$kind$env" ]; then
        eval '"$program"' "$arguments" '3<&- 4>&- &'
    else
        become &
    fi
    eval "pid_$child=$!"
    answer="ok pid=$!"
}

pipeline() {
    eval "$first 3<&- 4>&- | $second 3<&- 4>&- &"
    eval "pid_$child=$!"
    answer="ok pids=$!"
}

# What is above 128 is a signal's number and 128: so says the manual, though a program may exit with that as well.
tell() {
    if [ "$1" -gt 128 ]; then
        answer="ok signal=$(($1 - 128))"
    else
        answer="ok exit=$1"
    fi
}

# What scripts do: there is no builtin that asks for a status and does not wait.
poll() {
    if kill -0 "$pid" 2>/dev/null; then
        answer="ok running=true"
    fi
}

send() {
    kill "$1" "$pid" || answer="error kill: $?"
}

run() {
    eval '"$program"' "$arguments" '3<&- 4>&-'
}

open_file() {
    exec 5>"$path"
    cat "$from" >&5 3<&- 4>&-
    chmod 755 "$path" 3<&- 4>&-
}

# A signal that is handled ends dash's read as the end of the requests does.
next_line() {
    until IFS= read -r line <&3; do
        [ "$handled" ] || return
        handled=""
    done
}

handled=""
# shellcheck disable=SC2034 # lines has it evaluated
newline='
'
can=spawn,shell,env,wait,poll,kill,terminate,run,pipeline,forget,handle,open,shut,await
# dash does not tell its version; Debian's package does.
version=$(dpkg-query --show --showformat='${Version}' dash 2>/dev/null) || version=unknown
echo "hello name=dash version=$version pid=$$ can=$can" >&4
while next_line; do
    eval "$line"
    eval "pid=\${pid_$child-}"
    answer=ok
    case $op in
        spawn) spawn ;;
        pipeline) pipeline ;;
        wait) wait "$pid"; tell $? ;;
        poll) poll ;;
        kill) send -KILL ;;
        terminate) send -TERM ;;
        run) run ;;
        forget) unset "pid_$child" ;;
        handle) trap handled=yes USR1 ;;
        open) open_file ;;
        shut) exec 5>&- ;;
        await) head -c 1 "$path" >/dev/null 3<&- 4>&- ;;
        ping | end) ;;
        *) answer=cannot ;;
    esac
    echo "$answer" >&4
    [ "$op" != end ] || break
done
exit 0
