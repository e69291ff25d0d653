"""Polars: a lazy scan of the directory into one file, by the streaming engine."""

import passes
import polars as pl

SCHEMA = {"id": pl.Int64, "price": pl.Float64, "quantity": pl.Int32, "symbol": pl.String}
SCANS = {
    "parquet": lambda source: pl.scan_parquet(f"{source}/*.parquet"),
    "csv": lambda source: pl.scan_csv(f"{source}/*.csv", schema=SCHEMA),
    "jsonl": lambda source: pl.scan_ndjson(f"{source}/*.jsonl", schema=SCHEMA),
}


def once(format, source, output, codec):
    SCANS[format](source).sink_parquet(
        output / "part.parquet", compression=codec, compression_level=passes.LEVEL[codec],
        row_group_size=passes.GROUP_ROWS,
    )


passes.run(once)
