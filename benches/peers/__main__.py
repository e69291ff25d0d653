"""How fast streamwriter is beside what people use today: whole processes, interleaved, medians; and what a kill leaves.

Prints a table for each workload and writes all to `target/peers/results.json`.
"""

import argparse
import random
import shutil
from pathlib import Path

import inputs
import kills
import report
from bench import Bench
from contestants import TOOLS, workloads

ROOT = Path(__file__).resolve().parents[2]


def main():
    told = arguments()
    folder = Path(told.folder)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder)
    works = [work for work in workloads(told.rows, told.rows_of_text or told.rows // 2) if told.only in work.name]
    killed = []
    try:
        for work in works:
            rounds(bench, work, told)
        if not told.no_kills:
            kills.play(bench, works[0], killed)
    except KeyboardInterrupt:
        print("\nended early")
    report.write(bench, works, killed, ROOT / "target/peers/results.json")
    shutil.rmtree(bench.place, ignore_errors=True)


def rounds(bench, work, told):
    source = inputs.make(bench.folder, work.format, work.rows)
    tools = [tool for tool in TOOLS if tool.takes(work) and any(name in tool.name for name in told.tools.split(","))]
    for number in range(told.rounds):
        for tool in random.Random(number).sample(tools, len(tools)):
            bench.whole(tool, work, source)
    for tool in tools * told.steady:
        bench.steady(tool, work, source)


def arguments():
    parser = argparse.ArgumentParser(prog="benches/peers/run")
    parser.add_argument("--rows", type=int, default=6_000_000, help="of the Parquet workloads")
    parser.add_argument("--rows-of-text", type=int, help="of CSV and JSON lines; half as many unless told")
    parser.add_argument("--rounds", type=int, default=3, help="whole processes of each tool")
    parser.add_argument("--steady", type=int, default=1, help="processes of several passes of each tool")
    parser.add_argument("--only", default="", help="workloads whose names have this in them")
    parser.add_argument("--tools", default="", help="tools whose names have one of these in them, with commas between")
    parser.add_argument("--no-kills", action="store_true")
    parser.add_argument("--folder", default=str(ROOT / "target/peers/work"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
