//! Posts rows to a web service from `async fn write`, with retries, and says what that guarantees.
//!
//! A request is seen by the service at once, long before its batch is committed, and again when a
//! reply is lost, a task is tried again, or a crash has the batch written again. So the sink is
//! **at-least-once**, and does not declare more. What makes every order count once all the same is on
//! the other side: each request has a key that is the same in every try (query, batch, revision,
//! partition, number of the request), and this service takes the first of a key only. It has to
//! remember the keys for as long as a batch may come again.

mod service;

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use streamwriter::Permanent;
use streamwriter::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

#[derive(Serialize)]
struct Order {
    number: u64,
    amount: u64,
}

/// What a finished task tells the driver.
#[derive(CommitMessage)]
struct Posted {
    #[message(rows)]
    rows: u64,
    retries: u64,
}

struct Webhook {
    service: SocketAddr,
    rows_per_request: usize,
    tries: u32,
    reply_within: Duration,
}

#[stream_writer(name = "webhook")]
impl Webhook {
    async fn write(
        &self,
        mut rows: impl Rows<Item = Order>,
        task: &TaskContext,
    ) -> Result<Posted, BoxError> {
        let mut retries = 0;
        for number in 0.. {
            let orders: Vec<Order> = rows.by_ref().take(self.rows_per_request).collect();
            if orders.len() < self.rows_per_request {
                // IMPORTANT: these may be the rows before a source failed. Posted under this key,
                // they would keep the whole request of the next try from counting.
                rows.require_complete()?;
            }
            if orders.is_empty() {
                break;
            }
            let (query, batch, revision) = (task.query_id(), task.batch_id(), task.revision());
            let key = format!("{query}-{batch}-{revision}-{}-{number}", task.partition());
            retries += self.post(&key, &serde_json::to_string(&orders)?).await?;
        }
        let rows = rows.read();
        Ok(Posted { rows, retries })
    }

    async fn commit(&self, posted: PostedTotals, batch: &BatchContext) {
        println!("batch {}: {} orders", batch.batch_id(), posted.rows);
    }
}

impl Webhook {
    /// Posts until the service has it; returns how often it was tried again.
    async fn post(&self, key: &str, body: &str) -> Result<u64, BoxError> {
        let mut pause = Duration::from_millis(5);
        let mut tried = 0;
        loop {
            let reply = timeout(self.reply_within, self.request(key, body)).await;
            let failure: BoxError = match reply {
                Ok(Ok(200)) => return Ok(tried),
                // It will not like the same request better later.
                Ok(Ok(status @ 400..500)) => {
                    return Err(Permanent::new(format!("{key} is refused: {status}")).into());
                }
                Ok(Ok(status)) => format!("status {status}").into(),
                Ok(Err(error)) => error.into(),
                Err(late) => late.into(),
            };
            tried += 1;
            if tried == u64::from(self.tries) {
                return Err(failure); // the task is tried again, with the same keys
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// Sends one request and returns the status of the reply.
    async fn request(&self, key: &str, body: &str) -> std::io::Result<u16> {
        let mut connection = TcpStream::connect(self.service).await?;
        let length = body.len();
        let head = format!(
            "POST /orders HTTP/1.1\r\nHost: {}\r\nIdempotency-Key: {key}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n",
            self.service
        );
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(body.as_bytes()).await?;
        let mut reply = String::new();
        connection.read_to_string(&mut reply).await?;
        let status = reply.split(' ').nth(1).and_then(|text| text.parse().ok());
        status.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

fn main() -> Result<(), BoxError> {
    const ORDERS: u64 = 2000;
    let service = service::start()?;
    let sink = Webhook {
        service: service.address,
        rows_per_request: 10,
        tries: 4,
        reply_within: Duration::from_secs(2),
    };
    let _ = std::fs::remove_dir_all("target/webhook");
    let query = stream(Memory::new(0..ORDERS).partitions(4))
        .map(|number| Order {
            number,
            amount: number % 7,
        })
        .write_to(sink)
        .checkpoint("target/webhook/checkpoint")
        .trigger(Trigger::AvailableNow)
        .max_rows_per_batch(500)
        .start()?;
    println!("{}", query.await_termination()?);
    let report = service.report();
    println!("{report}");
    match report.orders == ORDERS {
        true => Ok(()),
        false => Err(format!("{ORDERS} orders were sent").into()),
    }
}
