"""DuckDB: `COPY` of a query over the directory into one file, which it writes with all cores."""

import duckdb
import passes

COLUMNS = "columns = {id: 'BIGINT', price: 'DOUBLE', quantity: 'INTEGER', symbol: 'VARCHAR'}"
READS = {
    "parquet": "read_parquet('{}/*.parquet')",
    "csv": f"read_csv('{{}}/*.csv', header = true, {COLUMNS.replace('{', '{{').replace('}', '}}')})",
    "jsonl": f"read_json('{{}}/*.jsonl', format = 'newline_delimited', {COLUMNS.replace('{', '{{').replace('}', '}}')})",
}


def once(format, source, output, codec):
    level = passes.LEVEL[codec]
    duckdb.sql(
        f"COPY (FROM {READS[format].format(source)}) TO '{output}/part.parquet' (FORMAT parquet, COMPRESSION {codec}, "
        f"{f'COMPRESSION_LEVEL {level}, ' if level else ''}ROW_GROUP_SIZE {passes.GROUP_ROWS})"
    )


passes.run(once)
