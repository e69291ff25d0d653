use streamwriter::prelude::*;
use streamwriter_pyspark::export;

#[stream_writer(name = "webhook")]
struct Webhook;

#[stream_writer]
impl Webhook {
    fn write<R: std::fmt::Display>(&self, rows: impl Iterator<Item = R>) {
        rows.for_each(drop);
    }
}

export! { Webhook }

fn main() {}
