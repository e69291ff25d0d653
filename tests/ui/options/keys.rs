use streamwriter_derive::stream_writer;

#[stream_writer(name = "webhook", guarantee = exactly_once)]
struct Webhook {
    #[option(required)]
    url: String,
    #[option(default = 1, default = 2)]
    chunk: usize,
    #[option(skip, name = "sent")]
    sent: u64,
    #[option(secret = true)]
    token: String,
}

fn use_it() {
    let _ = Webhook::new("url", "token");
}

fn main() {}
