use streamwriter::prelude::*;
use streamwriter_pyspark::export;

#[stream_writer(name = "webhook")]
struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

#[stream_writer(name = "WebHook")]
struct Other;

#[stream_writer]
impl Other {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

export! { Webhook, Other }

fn main() {}
