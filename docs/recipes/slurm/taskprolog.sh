#!/bin/sh
# TaskProlog=/etc/slurm/taskprolog.sh: slurmd runs it before each task, and what it prints is set for the task.
library=/usr/lib/x86_64-linux-gnu/libforkproof.so
echo "export LD_PRELOAD=$library${LD_PRELOAD:+:$LD_PRELOAD}"
echo "export FORKPROOF_OPTIONS=contain=guard"
