use streamwriter_derive::stream_writer;

#[stream_writer(name = "webhook")]
struct Webhook(String);

#[stream_writer(name = "enum")]
enum Which {
    A,
}

fn main() {}
