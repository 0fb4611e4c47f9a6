#!/usr/bin/env -S forkproof run -- /bin/sh
#SBATCH --job-name=simulate
#SBATCH --output=simulate-%j.log
srun forkproof run -- ./step
