use streamwriter::prelude::*;
use streamwriter_pyspark::export;

struct Order;

#[stream_writer(name = "webhook")]
struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = Order>) {
        rows.for_each(drop);
    }
}

export! { Webhook }

fn main() {}
