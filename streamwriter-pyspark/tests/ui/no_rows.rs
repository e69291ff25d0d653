use streamwriter::prelude::*;
use streamwriter_pyspark::export;

#[stream_writer(name = "webhook")]
struct Webhook;

export! { Webhook }

fn main() {}
