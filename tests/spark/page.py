"""The table of scenarios in docs/spark.md: what is expected is written there, and only there."""

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/spark.md"
BEGIN, END = "<!-- scenarios: begin -->", "<!-- scenarios: end -->"


def expected():
    """Returns what the page expects of each scenario, by name."""
    text = PAGE.read_text()
    lines = text[text.index(BEGIN):text.index(END)].splitlines()
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.startswith("| `")]
    names = [row[0].strip("`") for row in rows]
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise SystemExit(f"docs/spark.md has {sorted(double)} twice")
    return {name: row[-1] for name, row in zip(names, rows)}
