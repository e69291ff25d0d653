"""The reasons for which something is refused, as docs/spark.md names them, and what the errors say."""

REFUSALS = {
    # Ours.
    "another query owns the target": r"the target belongs to query",
    "a newer run has taken over": r"(?s)superseded|newer run",
    "another driver holds the lock": r"(?s)lock",
    "the batch was other rows before": r"with other rows",
    "the target was emptied": r"(?s)emptied",
    "a person has to decide about a file": r"(?s)decision=.{0,2}accept_as_published",
    "a gap, so rows would be lost": r"(?s)gap",
    "complete mode": r"(?s)complete mode|overwrite",
    "batch mode `overwrite`": r"(?s)overwrite",
    "the continuous trigger loses all rows": r"streamwriter.*continuous trigger",
    "an option is unknown": r"(?s)unknown option",
    "a column has a type that the sink cannot keep": r"cannot take column `\w+` of type",
    "an option is missing": r"(?s)path.*missing|missing.*path",
    # Spark's own.
    "by Spark: update mode": r"does not support Update mode",
    "by Spark: two streams on one checkpoint": r"CONCURRENT_STREAM_LOG_UPDATE|concurrently using",
    "by Spark: batch mode": r"UNSUPPORTED_DATA_SOURCE_SAVE_MODE",
}
