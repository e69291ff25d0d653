use streamwriter_derive::stream_writer;

#[stream_writer(name = "webhook")]
struct Webhook {
    #[option(default_text = "30s")]
    timeout: u64,
    #[option(secret, default = 1, default_text = "1")]
    token: u64,
    #[option(default = 1, default_text = 1)]
    chunk: u64,
}

fn main() {}
