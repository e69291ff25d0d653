"""Posts five rows to a service in this process, as a stream and as one job."""

import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pyspark.sql import SparkSession

posted = []


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        posted.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
address = f"127.0.0.1:{service.server_port}"

spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
rows = spark.range(5).selectExpr("id", "concat('order ', id) as text")
rows.write.format("webhook").option("address", address).mode("append").save()
print("a job:", sorted(posted))

posted.clear()
with tempfile.TemporaryDirectory() as place:
    rows.write.parquet(f"{place}/rows")
    stream = spark.readStream.schema(rows.schema).parquet(f"{place}/rows")
    query = stream.writeStream.format("webhook").option("address", address).trigger(availableNow=True)
    query.option("checkpointLocation", f"{place}/checkpoint").start().awaitTermination()
print("a stream:", sorted(posted))
spark.stop()
