"""A Slurm of one node on this machine, of ordinary processes, for as long as it is wanted.

    python -m tests.slurm COMMAND …    run a command with it

Controller, node and munge keep all that is theirs in a temporary folder, listen on the loopback
device alone, and need no rights: they run jobs of the user who has started them. Debian's packages
slurmctld, slurmd, slurm-client and munge have the programs.
"""

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin"
SERVERS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
NODE = "here"

CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# Without the groups of processes of the kernel, which belong to the system.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=100000
MpiDefault=none
ReturnToService=2
# So that a test may have more jobs side by side than this machine has cores.
SlurmdParameters=config_overrides
# What has ended is told of that long, as clusters do: the plugin asks squeue.
MinJobAge=300
NodeName={node_name} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={megabytes}
PartitionName=all Nodes={node_name} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def missing() -> list[str]:
    """Return the programs that it takes and that this machine has not got."""
    return [name for name in (*SERVERS, *CLIENTS) if _program(name) is None]


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}{SYSTEM_PROGRAMS}")


@contextmanager
def running(cores: int, megabytes: int) -> Iterator[dict[str, str]]:
    """Start a Slurm with one node of so much, and end it.

    Yields
    ------
    dict
        The environment in which sbatch and the other clients speak to it.
    """
    # Sockets have short paths: pytest's folders are too deep.
    with tempfile.TemporaryDirectory(prefix="slurm-") as place, ExitStack() as at_end:
        folder = Path(place)
        _write(folder, cores, megabytes)
        for server in _servers(folder):
            at_end.enter_context(_started(server, folder))
        variables = _with_clients(folder)
        _wait_for(lambda: _is_idle(variables), folder)
        try:
            yield variables
        finally:
            subprocess.run(["scancel", "--me"], env=variables, check=False)
            _wait_for(lambda: not _asked(variables, "squeue", "-h", "-t", "R,CG"), folder)


def _write(folder: Path, cores: int, megabytes: int) -> None:
    """Write the configuration and the key."""
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    settings = {
        "folder": folder,
        "host": socket.gethostname().partition(".")[0],
        "user": getpass.getuser(),
        "cores": cores,
        "megabytes": megabytes,
        "node_name": NODE,
        "controller": _free_port(),
        "node": _free_port(),
    }
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**settings))
    (folder / "cgroup.conf").write_text("CgroupPlugin=autodetect\n")


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        number: int = trial.getsockname()[1]
        return number


def _servers(folder: Path) -> list[list[str]]:
    """Return the commands of the servers, in the order of their start; none is a daemon."""
    munge = ["munged", "--foreground", "--force", "--num-threads=2"]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "seed", "log")]
    return [
        [*munge, f"--socket={folder}/munge.socket"],
        ["slurmctld", "-D", "-f", f"{folder}/slurm.conf"],
        ["slurmd", "-D", "-N", NODE, "-f", f"{folder}/slurm.conf"],
    ]


@contextmanager
def _started(command: list[str], folder: Path) -> Iterator[None]:
    """Run a server until the end; what it says goes to a file."""
    program = _program(command[0])
    assert program is not None
    with (folder / f"{command[0]}.said").open("wb") as said:
        server = subprocess.Popen([program, *command[1:]], stdout=said, stderr=said)
        try:
            time.sleep(0.2)
            yield
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _with_clients(folder: Path) -> dict[str, str]:
    """Return an environment whose clients know the configuration.

    Snakemake's plugin takes all variables of Slurm out of the environment, SLURM_CONF too.
    """
    programs = folder / "programs"
    programs.mkdir()
    for name in CLIENTS:
        script = programs / name
        settings = shlex.quote(f"{folder}/slurm.conf")
        script.write_text(f'#!/bin/sh\nSLURM_CONF={settings} exec {_program(name)} "$@"\n')
        script.chmod(0o755)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def _asked(variables: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _is_idle(variables: dict[str, str]) -> bool:
    return _asked(variables, "sinfo", "--noheader", "--format=%T") == "idle"


def _wait_for(condition: Callable[[], bool], folder: Path) -> None:
    """Wait for at most half a minute.

    Raises
    ------
    TimeoutError
        In vain; the message has the ends of what the servers say.
    """
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            logs = [*folder.glob("*.log"), *folder.glob("*.said")]
            ends = [f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs]
            raise TimeoutError("Slurm does not do as it should:\n" + "\n".join(ends))
        time.sleep(0.2)


def main(command: list[str]) -> int:
    """Run a command with a Slurm of this machine's cores, and return its exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and nothing stays behind
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    with running(len(os.sched_getaffinity(0)), megabytes) as variables:
        return subprocess.run(command, env=variables, check=False).returncode


if __name__ == "__main__":
    if missing():
        sys.exit(
            f"not found: {', '.join(missing())}; Debian's packages slurm-wlm and munge have them"
        )
    sys.exit(main(sys.argv[1:]))
