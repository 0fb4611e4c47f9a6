# The adapter for Tcl's exec and open:  tclsh adapter.tcl REQUESTS ANSWERS  (docs/adapter.md).
package require Tcl 8.6-
package require json
package require json::write

set channels {}  ;# the pipeline of each child
set signals {SIGHUP 1 SIGINT 2 SIGQUIT 3 SIGABRT 6 SIGKILL 9 SIGSEGV 11 SIGPIPE 13 SIGALRM 14 SIGTERM 15}

proc start {child command access} {
    dict set ::channels $child [open |$command $access]
    return [pid [channel $child]]
}

proc channel {child} {
    return [dict get $::channels $child]
}

# Each procedure is an operation, on the members of its request. It returns those of its answer, as JSON.
namespace eval operations {
    # Only what is started as a pipeline with a channel can be waited for. Where no pipe is asked for, the channel is
    # the child's standard input, and so the others are our own. One in both directions lets its input be closed alone.
    proc spawn {request} {
        dict with request {}
        set access [expr {[info exists stdin] ? "r+b" : [info exists stdout] ? "rb" : "wb"}]
        return [list pid [start $child [list $program {*}$arguments] $access]]
    }

    # Our standard output is to stay empty.
    proc pipeline {request} {
        dict with request {}
        set pids [start $child [list {*}$first | {*}$second >@stderr] w]
        return [list pids [json::write array {*}$pids]]
    }

    proc write {request} {
        dict with request {}
        puts -nonewline [channel $child] [string repeat x $size]
        flush [channel $child]
        return [list written $size]
    }

    proc close {request} {
        ::close [channel [dict get $request child]] write
    }

    proc read {request} {
        return [list size [string length [::read [channel [dict get $request child]]]]]
    }

    proc wait {request} {
        try {
            ::close [channel [dict get $request child]]
        } trap CHILDSTATUS {- options} {
            return [list exit [lindex [dict get $options -errorcode] 2]]
        } trap CHILDKILLED {- options} {
            return [list signal [dict get $::signals [lindex [dict get $options -errorcode] 2]]]
        }
        return {exit 0}
    }

    proc run {request} {
        dict with request {}
        exec $program {*}$arguments
        return
    }

    proc forget {request} {
        dict unset ::channels [dict get $request child]
        return
    }

    proc open {request} {
        dict with request {}
        set source [::open $from rb]
        set ::opened [::open $path {WRONLY CREAT TRUNC BINARY} 0755]
        fcopy $source $::opened
        flush $::opened
        ::close $source
    }

    proc shut {request} {
        ::close $::opened
    }

    proc await {request} {
        set fifo [::open [dict get $request path] rb]
        ::read $fifo 1
        ::close $fifo
    }
}

proc answer {request} {
    set op [dict get $request op]
    if {$op in {ping end}} {
        return {ok {{}}}
    }
    if {[info procs operations::$op] eq ""} {
        return {cannot true}
    }
    try {
        return [list ok [json::write object {*}[operations::$op $request]]]
    } on error message {
        return [list error [json::write string $message]]
    }
}

proc ascii {text} {
    set characters [lmap character [split $text ""] {
        scan $character %c number
        expr {$number < 128 ? $character : [format {\u%04x} $number]}
    }]
    return [join $characters ""]
}

proc say {answers args} {
    puts $answers [ascii [json::write object {*}$args]]
    flush $answers
}

proc main {requests answers} {
    set requests [open $requests r]
    set answers [open $answers w]
    set can {stdin stdout}
    foreach name [info procs operations::*] {
        lappend can [namespace tail $name]
    }
    say $answers adapter 1 name {"tcl"} version \"[info patchlevel]\" pid [pid] \
        can [json::write array {*}[lmap word $can {json::write string $word}]]
    while {[gets $requests line] >= 0} {
        set request [json::json2dict $line]
        say $answers id [dict get $request id] {*}[answer $request]
        if {[dict get $request op] eq "end"} break
    }
}

json::write indented false
main {*}$argv
