"""What scenarios share: one driver or cluster for all of a group, and drivers to kill, started ahead."""

from handles import Driver, Standalone, executors_in, remove_work_directories

SPECULATION = {
    "spark.speculation": "true", "spark.speculation.interval": "100ms", "spark.speculation.quantile": "0.5",
    # Slow is what takes seconds, so that a batch in which nothing hangs gets no twin.
    "spark.speculation.multiplier": "1.1", "spark.speculation.minTaskRuntime": "4s",
}


class Local:
    """`local[2,4]`: four attempts, as on a cluster. It reads the targets of every other group, too."""

    master, victims_master = "local[2,4]", "local[2]"

    def __init__(self, logs):
        self.logs, self.shared, self.count = logs, None, 0

    def driver(self):
        if self.shared is None or not self.shared.is_started():
            self.count += 1
            self.shared = Driver(f"{type(self).__name__.lower()}-{self.count}", self.master, self.logs, self.conf())
        return self.shared.ready()

    def conf(self):
        return {}

    def handle(self):
        return self.driver()

    def clean_up(self):
        """Stops what a failed scenario has left running, or else ends the driver."""
        try:
            if self.shared:
                self.shared.call("stop_all", 30)
        except Exception:  # noqa: BLE001 - dead, or it does not answer
            self.end_shared()

    def end_shared(self):
        if self.shared:
            self.shared.end()
            self.shared = None

    def end(self):
        self.end_shared()


class LocalCluster(Local):
    master, victims_master = "local-cluster[2,1,1024]", "local-cluster[2,1,1024]"

    def end(self):
        super().end()
        remove_work_directories()


class Cluster(Local):
    """A standalone master with two workers; its driver is started when the first scenario asks for it."""

    def __init__(self, logs):
        super().__init__(logs)
        self.standalone = Standalone(logs)
        self.master = self.victims_master = self.standalone.url

    def conf(self):
        return SPECULATION

    def handle(self):
        self.standalone.wait_for_workers(2)
        return self

    def host_of(self, machine):
        [host] = [
            host for host, worker in self.standalone.workers.items() if machine in executors_in(worker.process.pid)
        ]
        return host

    def kill_worker(self, host):
        return self.standalone.kill_worker(host)

    def start_worker(self, host):
        self.standalone.start_worker(host)

    def end(self):
        super().end()
        self.standalone.end()


GROUPS = {"local": Local, "local-cluster": LocalCluster, "standalone": Cluster}


class Victims:
    """Drivers to be killed: those of the next scenario start while the one before it runs."""

    def __init__(self, logs):
        self.logs, self.ready, self.count = logs, {}, 0

    def prepare(self, scenario, master):
        if scenario.name not in self.ready:
            self.ready[scenario.name] = [self.start(scenario, master, told) for told in scenario.victims]

    def start(self, scenario, master, told):
        self.count += 1
        return Driver(f"own-{self.count}-{scenario.name}", master, self.logs, **told)

    def take(self, scenario, master):
        self.prepare(scenario, master)
        return self.ready.pop(scenario.name)

    def end(self, drivers):
        for driver in drivers:
            driver.end()
