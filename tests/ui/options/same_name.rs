use streamwriter_derive::stream_writer;

#[stream_writer(name = "webhook")]
struct Webhook {
    url: String,
    #[option(name = "URL")]
    other: String,
}

fn main() {}
