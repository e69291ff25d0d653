use streamwriter::prelude::*;
use streamwriter_pyspark::export;

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

export! { Webhook }

fn main() {}
