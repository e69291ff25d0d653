"""What a scenario is, and the list of them."""

from dataclasses import dataclass, field

SCENARIOS = []


@dataclass
class Scenario:
    name: str
    cluster: str
    run: object
    # What drivers of its own are started with; it kills or stops them.
    victims: list = field(default_factory=list)
    # What the wheel must have been built with, or the machine must have.
    needs: str | None = None


def scenario(name, cluster="local", victims=(), needs=None):
    """Adds a function that plays a scenario in a place and returns the outcome."""
    def add(function):
        SCENARIOS.append(Scenario(name, cluster, function, list(victims), needs))
        return function
    return add
