"""The SLURM plan on a real SLURM: Debian's slurm-wlm with one pretended node, on loopback.

Skipped where it is not installed or not allowed to start: apt-get install slurm-wlm munge
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from training.launch import slurm_script
from training.pack import SLOTS

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
START_S = 120.0
WAIT_S = 900.0

CONFIG = """
ClusterName=loop
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
SlurmctldPort=26817
SlurmdPort=26818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=64 RealMemory=999999 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

pytestmark = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or not all(shutil.which(name, path=PATH) for name in PROGRAMS),
    reason="needs root and Debian's slurm-wlm and munge",
)


@pytest.fixture
def slurm() -> Iterator[dict[str, str]]:
    """The environment in which `sbatch` speaks to a SLURM of our own."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)  # munge insists
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "key").write_bytes(os.urandom(128))
    (folder / "key").chmod(0o600)
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(host=socket.gethostname().split(".")[0], folder=folder))
    environment = {**os.environ, "PATH": PATH, "SLURM_CONF": str(config)}
    munge = ["munged", "--foreground", "--force", "--num-threads=1", f"--key-file={folder / 'key'}"]
    munge += [f"--socket={folder / 'munge.socket'}", f"--pid-file={folder / 'munge.pid'}"]
    munge += [f"--seed-file={folder / 'munge.seed'}", f"--log-file={folder / 'munge.log'}"]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for words in (munge, ["slurmctld", "-D"], ["slurmd", "-D"]):
            log = stack.enter_context((folder / f"{words[0]}.out").open("w"))
            daemon = stack.enter_context(
                subprocess.Popen(words, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
            stack.callback(daemon.terminate)
        _wait_for_a_node(environment, folder)
        yield environment


def _wait_for_a_node(environment: dict[str, str], folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        shown = subprocess.run(["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True)
        if shown.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    logs = "\n".join(path.read_text()[-500:] for path in sorted(folder.glob("*.out")))
    pytest.skip(f"SLURM did not start here: {logs}")


def test_every_job_of_the_array_trains_its_own_adapter(slurm: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "tunedial"
    program.write_text('#!/bin/bash\necho "$@" > "$2/${@: -1}"\n')
    program.chmod(0o755)
    out = tmp_path / "out put"
    out.mkdir()
    script = tmp_path / "pack.sbatch"
    script.write_text(slurm_script(SLOTS, [str(program), "--out", str(out)], script, tmp_path, gpu=False))
    done = subprocess.run(
        ["sbatch", "--wait", str(script)], env=slurm, capture_output=True, text=True, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {str(slot.number) for slot in SLOTS}
    assert (out / "7").read_text() == f"--out {out} --slot 7\n"
