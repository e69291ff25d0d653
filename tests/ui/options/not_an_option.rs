use streamwriter_derive::stream_writer;

use std::net::TcpStream;

#[stream_writer(name = "webhook")]
struct Webhook {
    connection: TcpStream,
}

fn main() {}
