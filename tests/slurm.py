"""A Slurm of one node on this machine, of ordinary processes, for as long as it is wanted.

    python -m tests.slurm COMMAND …    run a command with it

Controller, node and munge keep all that is theirs in a temporary folder, listen on the loopback
device alone, and need no rights: they run jobs of the user who has started them. Debian's packages
slurmctld, slurmd, slurm-client and munge have the programs.

Nothing of it stays behind, however it ends. `timeout` and the terminal send their signals to a
whole group of processes: with the servers ended no job is cancelled any more, and what a job has
started lives on without them, on purpose. So they have sessions of their own, and end after the
jobs. If the process that wanted them is killed, a guard, which waits for its end, ends the rest.
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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin"
SERVERS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
NODE = "here"
PROGRAMS = "programs"
"""The folder of the clients, in that of their Slurm."""

GUARD = "--guard"

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
# A job that holds more memory than it asked for is ended.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=100000
MpiDefault=none
ReturnToService=2
# So that a test may have more jobs side by side than this machine has cores.
SlurmdParameters=config_overrides
# What has ended is told of that long: the plugin asks squeue, and tests look at it at their end.
MinJobAge=3600
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
        at_end.enter_context(_guarded(folder))
        _write(folder, cores, megabytes)
        for server in _servers(folder):
            at_end.enter_context(_started(server, folder))
        variables = _with_clients(folder)
        _wait_for(lambda: _is_idle(variables), folder)
        try:
            yield variables
        finally:
            _wait_for(lambda: _is_over(folder, variables), folder)


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """Have what is of this Slurm ended after this, also when this process is killed."""
    # The guard reads until nobody can write any more, and nobody else has the other end.
    guard = subprocess.Popen(
        [sys.executable, "-m", "tests.slurm", GUARD, str(folder)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate()


def _guard(folder: Path) -> None:
    """Wait until whoever started this has ended, and end what is left of its Slurm."""
    sys.stdin.read()
    deadline = time.monotonic() + 30
    while _killed(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def _killed(folder: Path) -> list[int]:
    """Kill the processes that know of a folder, and return their numbers."""
    found = processes(folder)
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return found


def processes(folder: Path) -> list[int]:
    """Return the processes but this one that have a folder in their command or environment.

    The servers have that of their Slurm in their command, its jobs and their users have that of
    the clients on their PATH.
    """
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            known = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
            if os.fsencode(folder) in known and place.name != str(os.getpid()):
                found.append(int(place.name))
    return found


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
        server = subprocess.Popen(
            [program, *command[1:]], stdout=said, stderr=said, start_new_session=True
        )
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
    programs = folder / PROGRAMS
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


def _is_over(folder: Path, variables: dict[str, str]) -> bool:
    """Return whether nobody uses this Slurm any more; if somebody does, end that.

    Users go before their jobs: Snakemake would send a job that was cancelled once more.
    """
    users = _killed(folder / PROGRAMS)
    subprocess.run(["scancel", "--me"], env=variables, check=False)
    left = subprocess.run(["squeue", "-h"], env=variables, capture_output=True, check=False)
    return not (users or left.returncode or left.stdout)


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


def _end(*_: object) -> None:
    """End this process once: `timeout` tells it twice, the second time with its group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def main(command: list[str]) -> int:
    """Run a command with a Slurm of this machine's cores, and return its exit status."""
    signal.signal(signal.SIGTERM, _end)
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    with running(len(os.sched_getaffinity(0)), megabytes) as variables:
        return subprocess.run(command, env=variables, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:2] == [GUARD]:
        _guard(Path(sys.argv[2]))
        sys.exit()
    if missing():
        sys.exit(
            f"not found: {', '.join(missing())}; Debian's packages slurm-wlm and munge have them"
        )
    sys.exit(main(sys.argv[1:]))
