"""What the tools have in common: `tool.py FORMAT IN OUT CODEC PASSES`, and a line of JSON for each pass."""

import json
import sys
import time
from pathlib import Path

# Of ours: `Zstd(1)`, 1,048,576 rows in a row group.
LEVEL = {"zstd": 1, "snappy": None}
GROUP_ROWS = 1 << 20


def run(once):
    """Calls `once(format, input, output, codec)` so many times, each time into a directory of its own."""
    format, source, target, codec, passes = sys.argv[1:]
    for number in range(int(passes)):
        output = Path(target) if number == 0 else Path(f"{target}-{number}")
        output.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        once(format, source, output, codec)
        print(json.dumps({"seconds": time.monotonic() - began, "output": str(output)}), flush=True)
