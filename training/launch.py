"""Launch plans: scripts that train a pack on a cluster or on several GPUs."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from training.pack import Slot

SLURM = """#!/bin/bash
# The {count} adapters of a pack, one job each. Submit it with: sbatch {script}
# A job that ends at its time limit goes on from its newest checkpoint when it is submitted again.
#SBATCH --job-name=tunedial
#SBATCH --array={array}
#SBATCH --output={runs}/slurm-%A_%a.out
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={cpus}
#SBATCH --mem={memory}
#SBATCH --time={time}
{gpu}#SBATCH --requeue
set -euo pipefail
cd {folder}
export OMP_NUM_THREADS="${{SLURM_CPUS_PER_TASK:-{cpus}}}" TOKENIZERS_PARALLELISM=false
srun {command} --slot "$SLURM_ARRAY_TASK_ID"
"""

ACCELERATE = """#!/bin/bash
# The adapters of a pack one after another, each on {gpus} GPUs.
set -euo pipefail
cd {folder}
accelerate launch --multi_gpu --num_processes {gpus} --mixed_precision bf16 -m {command}
"""

# What a job takes, with room to spare, not what a machine has: the paper's jobs first asked for 1 TB, and
# waited for the few machines that had it.
MEMORY = "24G"
CPUS = 4
TIME = "12:00:00"


def slurm_script(
    slots: Sequence[Slot], words: Sequence[str], script: Path, runs: Path, gpu: bool = True
) -> str:
    """An sbatch array of `slots`; `words` are the call of `tunedial train pack` without its plan."""
    numbers = sorted(slot.number for slot in slots)
    whole = numbers == list(range(numbers[0], numbers[-1] + 1))
    return SLURM.format(
        count=len(numbers),
        script=shlex.quote(str(script)),
        array=f"{numbers[0]}-{numbers[-1]}" if whole and len(numbers) > 1 else ",".join(map(str, numbers)),
        runs=runs.absolute(),
        cpus=CPUS,
        memory=MEMORY,
        time=TIME,
        gpu="#SBATCH --gres=gpu:1\n" if gpu else "",
        folder=shlex.quote(str(Path.cwd())),
        command=shlex.join(words),
    )


def accelerate_script(words: Sequence[str], gpus: int) -> str:
    """A launch on several GPUs; `words` are a module and its arguments."""
    return ACCELERATE.format(gpus=gpus, folder=shlex.quote(str(Path.cwd())), command=shlex.join(words))
