use streamwriter_derive::stream_writer;

#[stream_writer(name = "webhook")]
#[derive(Clone, Debug)]
struct Webhook {
    url: String,
    #[option(secret)]
    token: String,
}

fn main() {}
