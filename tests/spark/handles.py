"""Drivers and clusters as this program holds them: each in a session of its own, ended whatever happens."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyspark

from processes import command_of, end_session, is_alive, members, send, stat_of, wait_until

HERE = Path(__file__).resolve().parent
SPARK_HOME = Path(pyspark.__file__).parent
MASTER_PORT = int(os.environ.get("STREAMWRITER_SPARK_PORT", "17077"))
# What only costs time here: a compiler for long runs, a collector with threads, a page to look at.
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "512m",
    "spark.driver.extraJavaOptions": JAVA,
    "spark.executor.extraJavaOptions": JAVA,
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
    "spark.sql.session.timeZone": "Asia/Tokyo",
    "spark.sql.streaming.stopTimeout": "120s",
}
# Where the wheel is installed: not in the interpreter's own place, so that a cluster can be without it.
SITE = os.environ["STREAMWRITER_SITE"]
# The same as an archive, which the wheel is already.
ARCHIVE = HERE.parents[1] / "target/spark/pydeps.zip"
# All that was started and has not been ended.
STARTED = []


def python_path(site):
    return os.pathsep.join([str(HERE / "plugins"), str(site)])


def environment(**more):
    return {
        **os.environ,
        "PYTHONPATH": python_path(SITE),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_HOME": str(SPARK_HOME),
        "RUST_BACKTRACE": "0",
        **more,
    }


class Started:
    """A process in a session of its own, whose output goes to a log."""

    def __init__(self, command, log, env, **pipes):
        self.log = Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as file:
            pipes = {"stdin": subprocess.DEVNULL, **pipes}
            self.process = subprocess.Popen(
                command, stdout=file, stderr=file, env=env, start_new_session=True, cwd=self.log.parent, **pipes
            )
        STARTED.append(self)

    def end(self):
        end_session(self.process.pid)
        self.process.wait(10)
        if self in STARTED:
            STARTED.remove(self)

    def is_started(self):
        return self in STARTED

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class DriverDied(Exception):
    """The driver has gone while it was asked something."""


class Driver(Started):
    """A driver that was told to start; `ready` waits until its session is there."""

    def __init__(self, name, master, logs, conf=None, env=None):
        self.name, self.master, self.pending, self.buffer = name, master, 0, b""
        self.answers, theirs = os.pipe()
        os.set_inheritable(theirs, True)
        super().__init__(
            [sys.executable, str(HERE / "driver.py"), str(theirs)],
            f"{logs}/{name}.log", environment(**(env or {})), stdin=subprocess.PIPE, pass_fds=[theirs],
        )
        os.close(theirs)
        self.ask("session", master=master, conf={**CONF, **conf_of(master), **(conf or {})})

    def ask(self, call, **arguments):
        """Sends a call whose answer is taken later."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"call": call, "with": arguments}).encode() + b"\n")
            self.process.stdin.flush()
        self.pending += 1

    def answer(self, seconds=120):
        """Takes the answer of the earliest call that has none yet."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                raise TimeoutError(f"{self.name} does not answer in {seconds} s; its log ends:\n{self.tail()}")
            part = os.read(self.answers, 1 << 16)
            if not part:
                raise DriverDied(f"{self.name} has died; its log ends:\n{self.tail()}")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        self.pending -= 1
        answer = json.loads(line)
        if "failed" in answer:
            raise RuntimeError(f"{self.name}: {answer['failed']}")
        return answer["ok"]

    def call(self, call, seconds=120, **arguments):
        while self.pending:
            self.answer(seconds)
        self.ask(call, **arguments)
        return self.answer(seconds)

    def ready(self, seconds=180):
        while self.pending:
            self.answer(seconds)
        return self

    def jvm(self):
        """The driver's own virtual machine."""
        found = [pid for pid in members(self.process.pid) if "SparkSubmit" in command_of(pid)]
        return found[0]

    def executors(self):
        """The virtual machines of executors that this session holds (local-cluster)."""
        return executors_in(self.process.pid)

    def python_workers(self):
        """Python processes that Spark has started below the driver's machine (tasks, planning and commits)."""
        return [pid for pid in members(self.process.pid) if is_worker(pid)]

    def kill_jvm(self):
        """Kills the driver as the system's killer would: the virtual machine, and nothing else."""
        send(self.jvm(), signal.SIGKILL)

    def stop_all(self):
        """Stops each process of the driver where it is."""
        for pid in members(self.process.pid):
            send(pid, signal.SIGSTOP)

    def continue_all(self):
        for pid in members(self.process.pid):
            send(pid, signal.SIGCONT)

    def end(self):
        if not self.is_started():
            return
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        super().end()
        os.close(self.answers)


def conf_of(master):
    """In a cluster the hooks' module has to be found on the executors as well."""
    if master.startswith("local["):
        return {}
    return {"spark.executorEnv.PYTHONPATH": environment()["PYTHONPATH"]}


def executors_in(session):
    return [pid for pid in members(session) if "CoarseGrainedExecutorBackend" in command_of(pid)]


def is_worker(pid):
    command = command_of(pid)
    return "pyspark.daemon" in command or "pyspark/daemon" in command


class Standalone:
    """A master and two workers of one core each, on two addresses of this machine."""

    HOSTS = ["127.0.0.1", "127.0.0.2"]

    def __init__(self, folder):
        self.folder = Path(folder)
        self.url = f"spark://127.0.0.1:{MASTER_PORT}"
        main = "org.apache.spark.deploy.master.Master"
        self.master = self.start("master", main, "--host", "127.0.0.1", "--port", str(MASTER_PORT), "--webui-port", "0")
        self.workers = {}
        wait_until("the master", 60, lambda: "Starting Spark master" in self.master.log.read_text())
        for host in self.HOSTS:
            self.start_worker(host)

    def start(self, name, main, *arguments, host="127.0.0.1"):
        env = environment(SPARK_LOCAL_IP=host, SPARK_DAEMON_JAVA_OPTS=JAVA, SPARK_DAEMON_MEMORY="256m")
        command = [str(SPARK_HOME / "bin/spark-class"), main, *arguments]
        return Started(command, self.folder / f"{name}.log", env)

    def start_worker(self, host):
        self.workers[host] = self.start(
            f"worker-{host}", "org.apache.spark.deploy.worker.Worker", "--host", host, "--cores", "1",
            "--memory", "1g", "--webui-port", "0", "--work-dir", str(self.folder / f"work-{host}"), self.url, host=host,
        )

    def wait_for_workers(self, count, seconds=90):
        registered = lambda: self.master.log.read_text().count("Registering worker") >= count
        wait_until(f"{count} registered workers", seconds, registered)

    def executors(self):
        return [pid for worker in self.workers.values() for pid in executors_in(worker.process.pid)]

    def kill_worker(self, host):
        """Kills the worker alone; its executors notice and end by themselves."""
        worker = self.workers.pop(host)
        [jvm] = [pid for pid in members(worker.process.pid) if "deploy.worker.Worker" in command_of(pid)]
        send(jvm, signal.SIGKILL)
        return worker

    def end(self):
        for started in [*self.workers.values(), self.master]:
            started.end()


def end_everything():
    """Ends what is left; says what there was, since a scenario ought to have ended it."""
    left = [str(started.log.name) for started in STARTED]
    for started in list(STARTED):
        with contextlib.suppress(TimeoutError):
            started.end()
    return left


def make_archive():
    ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    shutil.make_archive(str(ARCHIVE.with_suffix("")), "zip", SITE)


def remove_work_directories():
    """local-cluster makes its work directories inside the package."""
    shutil.rmtree(SPARK_HOME / "work", ignore_errors=True)
