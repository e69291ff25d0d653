use streamwriter_derive::stream_writer;

#[derive(Debug)]
#[stream_writer(name = "webhook")]
struct Webhook {
    url: String,
    #[option(secret)]
    token: String,
}

fn main() {}
