"""One command measured with all that it starts: a virtual machine and its Python workers too."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/spark"))

from processes import end_session, members, stat_of  # noqa: E402

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


class Failed(Exception):
    """The command has failed."""


def measure(command, log, env=None):
    """Runs it to its end. `cpu` and `peak` are of all its processes, `others` is what the rest of the machine used."""
    adopt_orphans()
    busy, began = busy_seconds(), time.monotonic()
    with open(log, "wb") as output, open(f"{log}.errors", "wb") as errors:
        child = subprocess.Popen(command, stdout=output, stderr=errors, env=env, start_new_session=True)
    memory = Memory(child.pid)
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        end_session(child.pid)
        memory.end()
        raise
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    cpu = seconds(usage) + sum(seconds(usage) for usage in orphans())
    peak = memory.end()
    cpu += sum(memory.unwaited.values())
    if child.returncode != 0:
        raise Failed(f"{command} ended with {child.returncode}: {Path(f'{log}.errors').read_text()[-2000:]}")
    took = time.monotonic() - began
    others = (busy_seconds() - busy - cpu) / took
    return {"wall": wall, "cpu": cpu, "peak": peak, "others": max(others, 0)}


def kill(command, log, after, env=None):
    """Runs it and kills it with all that it has started; returns whether it was still running."""
    adopt_orphans()
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=output, env=env, start_new_session=True)
    try:
        child.wait(after)
    except subprocess.TimeoutExpired:
        pass
    alive = child.returncode is None
    end_session(child.pid)
    if alive:
        child.wait()
    list(orphans())
    return alive


def adopt_orphans():
    """Whoever loses its parent becomes our child, so that its processor time is counted when it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def orphans():
    """Waits for all that is left of the command."""
    while True:
        try:
            yield os.wait4(-1, 0)[2]
        except ChildProcessError:
            return


def seconds(usage):
    return usage.ru_utime + usage.ru_stime


def busy_seconds():
    """What all processors have worked since the machine was started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _wait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICK


class Memory:
    """The greatest PSS of a session, in bytes: pages that several of its processes share count once.

    It is expensive to ask for, so it is read whenever the resident sets together, which are not, have grown by
    a thirtieth since it was read last.

    On the way it keeps the processor time of those that nobody waits for, `unwaited`: PySpark's daemon ignores the
    end of its workers, so that the kernel adds their time to nothing.
    """

    EVERY, PROCESSES_EVERY = 0.01, 20

    def __init__(self, session):
        self.session, self.peak, self.resident = session, 0, 0
        self.unwaited = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        pids, number = [self.session], 0
        while not self.ended.wait(self.EVERY):
            number += 1
            if number % self.PROCESSES_EVERY == 0:
                pids = members(self.session)
                for pid in filter(is_unwaited, pids):
                    self.unwaited[pid] = max(own_seconds(pid), self.unwaited.get(pid, 0))
            resident = sum(resident_of(pid) for pid in pids)
            if resident > self.resident * 31 // 30:
                self.resident = resident
                self.peak = max(self.peak, sum(pss_of(pid) for pid in pids))

    def end(self):
        self.ended.set()
        self.thread.join()
        return self.peak


def resident_of(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def pss_of(pid):
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    [pss] = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return int(pss) * 1024


def is_unwaited(pid):
    stat = stat_of(pid)
    try:
        lines = Path(f"/proc/{stat[1]}/status").read_text().splitlines() if stat else []
    except OSError:
        return False
    return any(int(line.split()[1], 16) >> (signal.SIGCHLD - 1) & 1 for line in lines if line.startswith("SigIgn:"))


def own_seconds(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:13]) / TICK
