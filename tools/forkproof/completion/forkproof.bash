# Completion of forkproof(1) for bash. It works with and without the package bash-completion, which completes the
# arguments of the program that is run; without it these are files.
# shellcheck shell=bash

__forkproof_signals='HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP
    TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
__forkproof_pairs='zombies= stale=deny stale=report stale=allow kill=process kill=tree env=keep env=restore env=off
    sigpipe=keep sigpipe=epipe pipes=keep pipes=cloexec exec=libc exec=parent-dir contain=group contain=guard
    contain=off confine=off confine=on verbose=0 verbose=1'

# Options as --help has them; one that ends with "=" takes a value.
__forkproof_options() { # SUBCOMMAND
    local run='--contain= --strict --until= --keep= --signal= --grace= --no-kill --name= --kill= --max-procs=
        --confine --report= --zombies= --option= --quiet'
    local report='--format= --output= --fail-on= --error-exitcode= --suppressions= --baseline= --quiet'
    case $1 in
        '') echo --version ;;
        run) echo "$run" ;;
        audit) echo "$run $report --record= --record-size= --stall=" ;;
        report) echo "$report" ;;
        ps | doctor) echo --json ;;
        kill) echo --signal= ;;
        explain) echo --run --json --no-pager ;;
    esac
    echo --help
}

# Whether the option's value is the next word.
__forkproof_takes_word() { # SUBCOMMAND OPTION
    case $2 in
        -o) [[ $1 == run || $1 == audit ]] ;;
        -s) [[ $1 == kill ]] ;;
        --*) [[ " $(__forkproof_options "$1" | tr '\n' ' ')" == *" $2= "* ]] ;;
        *) false ;;
    esac
}

# The names of this user's runs, and the ids of those without one.
__forkproof_runs() { # COMMAND
    local name id _
    "$1" ps 2>/dev/null </dev/null | while read -r name id _; do
        [[ $name == NAME ]] || echo "${name/#-/$id}"
    done
}

__forkproof_gotchas() { # COMMAND
    "$1" explain --json 2>/dev/null </dev/null | sed -n 's/^    "id": "\([a-z0-9-]*\)",*$/\1/p'
}

# Offers those of the words that begin with what stands there. readline replaces only what follows the last "=" or
# ":" of it ($tail), so the rest is taken off. A word that ends with "=" gets no blank.
__forkproof_offer() { # PREFIX WORDS
    local rest=${current%"$tail"} word
    for word in $2; do
        word=$1$word
        [[ $word == "$current"* ]] && COMPREPLY+=("${word#"$rest"}")
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}

__forkproof_value() { # SUBCOMMAND OPTION PREFIX
    local last=${current#"$3"}
    case $2 in
        --contain) __forkproof_offer "$3" "auto pidns cgroup walk none" ;;
        --until) __forkproof_offer "$3" "root empty" ;;
        --kill) __forkproof_offer "$3" "process tree" ;;
        --signal | -s) __forkproof_offer "$3" "$__forkproof_signals" ;;
        --format) __forkproof_offer "$3" "text json sarif junit html trace" ;;
        --fail-on) __forkproof_offer "$3" "error warning note never" ;;
        --stall) __forkproof_offer "$3" never ;;
        --option | -o) # of "a=1:b=2" the last pair
            [[ $last == *:* ]] && last=${last%:*}: || last=
            __forkproof_offer "$3$last" "$__forkproof_pairs"
            ;;
        --report | --output | --suppressions | --baseline | --record) compopt -o default ;;
    esac
}

# The program and its arguments, as if they were all.
__forkproof_program() { # OFFSET
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -c -d -- "$tail")
    else
        compopt -o default
    fi
}

# bash takes "--format=json" apart into three words; here they are one. Sets words, and at: where each begins.
__forkproof_join() {
    local i word attach=
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $attach || $word == [=:]* ]]; then
            words[-1]+=$word
        else
            words+=("$word")
            at+=("$i")
        fi
        attach=
        [[ $word == [=:]* ]] && attach=1
    done
}

__forkproof() { # COMMAND TAIL
    local command=${1/#\~\//$HOME/} tail=$2 subcommand='' option='' current words=() at=() i last IFS=$' \t\n'
    COMPREPLY=()
    __forkproof_join
    last=$((${#words[@]} - 1))
    current=${words[last]}
    [[ $tail == [=:] ]] && tail=
    for ((i = 1; i < last; i++)); do
        if [[ $option ]]; then
            option=
        elif [[ $subcommand == @(run|audit) && (${words[i]} == -- || ${words[i]} != -*) ]]; then
            [[ ${words[i]} == -- ]] && i=$((i + 1))
            __forkproof_program "${at[i]}"
            return
        elif [[ ! $subcommand && ${words[i]} != -* ]]; then
            subcommand=${words[i]}
        elif __forkproof_takes_word "$subcommand" "${words[i]}"; then
            option=${words[i]}
        fi
    done
    if [[ $option ]]; then
        __forkproof_value "$subcommand" "$option" ''
    elif [[ $current == --*=* ]]; then
        __forkproof_value "$subcommand" "${current%%=*}" "${current%%=*}="
    elif [[ $current == -* ]]; then
        __forkproof_offer '' "$(__forkproof_options "$subcommand")"
    else
        case $subcommand in
            '') __forkproof_offer '' "run ps kill stop cont audit report doctor explain" ;;
            kill | stop | cont) __forkproof_offer '' "$(__forkproof_runs "$command")" ;;
            run | audit) __forkproof_program "${at[last]}" ;;
            report) compopt -o default ;;
            explain) __forkproof_offer '' "$(__forkproof_gotchas "$command")" ;;
        esac
    fi
}

complete -F __forkproof forkproof
