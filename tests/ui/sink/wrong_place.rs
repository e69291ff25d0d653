use streamwriter_derive::stream_writer;

#[stream_writer]
fn write() {}

struct Webhook;

#[stream_writer]
impl Clone for Webhook {
    fn clone(&self) -> Self {
        Webhook
    }
}

fn main() {}
