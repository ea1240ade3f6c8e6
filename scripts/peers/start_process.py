"""One process from its start to the first thing that it prints: how long that took, and the memory that it held by then."""
import dataclasses
import os
import select
import signal
import subprocess
import tempfile
import time

from peer_result import ROOT  # noqa: F401  (puts scripts/ on the path)
from resultfile import ResultError

LOOK_MS = 10  # between two looks at the memory, which take 0.3 % of a core


@dataclasses.dataclass(frozen=True)
class Start:
    """Until the first bytes arrived.  Times in ns, memory in bytes."""

    start_ns: int  # since before fork and exec
    cpu_ns: int  # of all threads
    peak_bytes: int  # the highest sum of anonymous and file-backed pages (VmHWM)
    anonymous_bytes: int  # at the look, one every LOOK_MS, that found the highest sum
    file_bytes: int  # at the same look: the program, its libraries, mapped weights
    device_bytes: int  # that the disks moved for it; 0 where the page cache had everything
    pressure_ns: int | None  # in which a task of the machine waited for a core; None where the kernel does not tell
    printed: str
    said: str  # on standard error


def status_bytes(status: str, *fields: str) -> int:
    """The sum of fields of /proc/PID/status, which are in kB."""
    values = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return sum(1024 * int(values[field].split()[0]) for field in fields if field in values)


def split(status: str) -> tuple[int, int]:
    """(anonymous, file-backed)"""
    return status_bytes(status, "RssAnon"), status_bytes(status, "RssFile", "RssShmem")


def cpu_ns(stat: str) -> int:
    """User and system time in a text of /proc/PID/stat; the name before them may hold spaces."""
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * 10**9 // os.sysconf("SC_CLK_TCK")


def device_bytes(io: str) -> int:
    return next((int(line.split()[1]) for line in io.splitlines() if line.startswith("read_bytes")), 0)


def pressure_ns(path: str = "/proc/pressure/cpu") -> int | None:
    """Since the machine was started."""
    try:
        with open(path, encoding="utf-8") as file:
            return next(1000 * int(line.rpartition("total=")[2]) for line in file if line.startswith("some"))
    except (OSError, StopIteration):
        return None


def read_proc(process: subprocess.Popen, name: str) -> str:
    with open(f"/proc/{process.pid}/{name}", encoding="utf-8") as file:
        return file.read()


def watch(process: subprocess.Popen) -> tuple[int, tuple[int, int]]:
    """Waits until there is something to read, or the end.  Returns when that was, and the split of the highest sum."""
    waiting, highest = select.poll(), (0, 0)
    waiting.register(process.stdout, select.POLLIN | select.POLLHUP)
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        while not waiting.poll(LOOK_MS):
            status.seek(0)
            highest = max(highest, split(status.read()), key=sum)
    return time.monotonic_ns(), highest


def stop(process: subprocess.Popen) -> bool:
    """Whether the process stands still now; if not, it has ended."""
    os.kill(process.pid, signal.SIGSTOP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return True
    process.returncode = os.waitstatus_to_exitcode(status)
    return False


def start(command: list) -> Start:
    """Starts the command, and waits for its end.  It is stopped when it has printed, so that its counters can be read before it is gone."""
    with tempfile.TemporaryFile("w+") as errors:
        waited, began = pressure_ns(), time.monotonic_ns()
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, bufsize=0)
        there, highest = watch(process)
        waited = None if waited is None else pressure_ns() - waited
        stopped = stop(process)
        if stopped:
            status, stat, io = (read_proc(process, name) for name in ("status", "stat", "io"))
            os.kill(process.pid, signal.SIGCONT)
        printed = process.stdout.readall()
        process.wait()
        process.stdout.close()
        errors.seek(0)
        said = errors.read()
    if process.returncode != 0 or not printed:
        raise ResultError(f"{command[0]} ended with code {process.returncode} before a token: {said.strip()}")
    if not stopped or not status_bytes(status, "VmHWM"):
        raise ResultError(f"{command[0]} ended before its memory could be read; start it again")
    anonymous, file = max(highest, split(status), key=sum)
    return Start(there - began, cpu_ns(stat), status_bytes(status, "VmHWM"), anonymous, file, device_bytes(io), waited,
                 printed.decode(), said)  # fmt: skip
