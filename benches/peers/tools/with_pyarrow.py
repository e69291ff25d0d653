"""pyarrow: a dataset of the directory into another, which is its own way to use several cores.

JSON lines are read file by file: as a dataset they hang for ever on a machine of two cores (26.0.1).
"""

from pathlib import Path

import passes
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.json
import pyarrow.parquet as pq

SCHEMA = pa.schema([("id", pa.int64()), ("price", pa.float64()), ("quantity", pa.int32()), ("symbol", pa.string())])
FORMATS = {
    "parquet": ds.ParquetFileFormat(),
    "csv": ds.CsvFileFormat(convert_options=pa.csv.ConvertOptions(column_types=SCHEMA)),
}


def once(format, source, output, codec):
    if format == "jsonl":
        lines(source, output, codec)
    else:
        dataset(format, source, output, codec)


def dataset(format, source, output, codec):
    parquet = ds.ParquetFileFormat()
    ds.write_dataset(
        ds.dataset(source, format=FORMATS[format], schema=SCHEMA), output, format=parquet,
        file_options=parquet.make_write_options(compression=codec, compression_level=passes.LEVEL[codec]),
        min_rows_per_group=passes.GROUP_ROWS, max_rows_per_group=passes.GROUP_ROWS,
        existing_data_behavior="overwrite_or_ignore",
    )


def lines(source, output, codec):
    told = pa.json.ParseOptions(explicit_schema=SCHEMA)
    with pq.ParquetWriter(output / "part.parquet", SCHEMA, compression=codec, compression_level=passes.LEVEL[codec]) as file:
        for path in sorted(Path(source).iterdir()):
            file.write_table(pa.json.read_json(path, parse_options=told), row_group_size=passes.GROUP_ROWS)


passes.run(once)
