"""PySpark: `with_spark.py SINK FORMAT IN OUT CHECKPOINT CODEC [FILES_PER_BATCH]`, a line of JSON for each batch.

SINK is Spark's own `parquet`, or one of the writers in Python of `benches/spark/baselines.py`.
"""

import json
import os
import sys
from pathlib import Path

# Its workers are made of them.
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2] / "spark")
os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
sys.path.insert(0, os.environ["PYTHONPATH"])

import baselines  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

SCHEMA = "id bigint, price double, quantity int, symbol string"
FORMATS = {"parquet": "parquet", "csv": "csv", "jsonl": "json"}


def main():
    sink, format, source, output, checkpoint, codec, *files = sys.argv[1:]
    spark = session()
    reader = spark.readStream.schema(SCHEMA).format(FORMATS[format]).option("header", True)
    if files:
        reader = reader.option("maxFilesPerTrigger", files[0])
    query = (
        reader.load(source).writeStream.format(sink).option("path", output).option("compression", codec)
        # It reads its own default, 3, from there.
        .option("parquet.compression.codec.zstd.level", 1)
        .option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
    )
    query.awaitTermination()
    for batch in query.recentProgress:
        if batch["numInputRows"]:
            print(json.dumps({"numInputRows": batch["numInputRows"], "durationMs": batch["durationMs"]}))
    spark.stop()


def session():
    spark = (
        SparkSession.builder.master("local[2]").appName("peers").config("spark.ui.enabled", False)
        .config("spark.driver.host", "127.0.0.1").config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.showConsoleProgress", False).getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.dataSource.register(baselines.PyArrow)
    spark.dataSource.register(baselines.PythonRows)
    return spark


main()
