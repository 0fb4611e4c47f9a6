"""Tcl: exec, pipelines, open on a command, background processes"""

import pathlib

PACKAGES = ("tcl",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
proc say {name args} { puts "$name: [string map {\n { }} $args]" }
proc refused {script} {
    catch {uplevel 1 $script} result options
    set code [dict get $options -errorcode]
    list $result [lindex $code 0] [lindex $code end]
}

say exec [exec echo out]
say status [refused {exec sh -c {echo some; exit 5}}]
say killed [refused {exec sh -c {kill -TERM $$}}]
say {standard error} [refused {exec sh -c {echo err >&2}}] [exec sh -c {echo err >&2} 2>@1]
say {no such program} [refused {exec no-such-program}]
say pipeline [exec seq 1000 | sort -rn | head -n2]
say {given} [exec tr a-z A-Z << {some words}]
say {pipeline's status} [lindex [refused {exec true | false | true}] 0]
set channel [open {|cat} r+]
fconfigure $channel -buffering none -translation binary
puts -nonewline $channel [string repeat x 1000]
close $channel write
say open [string length [read $channel]] [llength [pid $channel]]
close $channel
set channel [open {|sh -c {exit 6}} r]
read $channel
say {close tells} [refused {close $channel}]
set channel [open {|sh -c {sleep 0.1; echo late}} r]
fileevent $channel readable {set line [gets $channel]}
vwait line
say event $line
close $channel
set background [exec sleep 1000 &]
exec kill $background
say background [llength $background]
set sum 0
for {set i 0} {$i < 100} {incr i} {
    if {[catch {exec sh -c "exit [expr {$i % 7}]"} result options]} {
        incr sum [lindex [dict get $options -errorcode] 2]
    }
}
say many $sum
set pids [exec sh -c {exit 3} | cat &]
say {two in the background} [llength $pids]
exit 3
"""


def scenario(scene):
    pathlib.Path("program.tcl").write_text(PROGRAM, encoding="utf-8")
    scene.told(["tclsh", "program.tcl"])
