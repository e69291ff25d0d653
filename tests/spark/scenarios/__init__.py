"""All scenarios, in the order in which they run."""

from . import plain, tasks, stops, records, targets, jobs, drivers, clusters  # noqa: F401
