"""Finding and ending processes: a driver is a session of its own, with its JVM and its Python workers."""

import os
import signal
import time
from pathlib import Path


def stat_of(pid):
    """Returns (state, parent, session) of a process, or nothing once it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, parent, _group, session, *_ = text[text.rindex(")") + 2:].split()
    return state, int(parent), int(session)


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def members(session):
    """The living processes of a session."""
    found = {pid: stat_of(pid) for pid in all_pids()}
    return [pid for pid, stat in found.items() if stat and stat[2] == session and stat[0] not in "ZX"]


def is_alive(pid):
    stat = stat_of(pid)
    return stat is not None and stat[0] not in "ZX"


def is_stopped(pid):
    stat = stat_of(pid)
    return stat is not None and stat[0] in "Tt"


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def end_session(session, seconds=20):
    """Kills all of a session, also those that it starts meanwhile, and waits until they are gone."""
    deadline = time.monotonic() + seconds
    while alive := members(session):
        for pid in alive:
            send(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {alive} do not die")
        time.sleep(0.05)


def wait_until(what, seconds, condition, every=0.05):
    """Returns what `condition` returns once that is true; names what was waited for if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(every)
