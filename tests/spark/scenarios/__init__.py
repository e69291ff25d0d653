"""All scenarios, in the order in which they run."""

from . import plain, types, tasks, stops, records, targets, jobs, drivers, clusters  # noqa: F401
