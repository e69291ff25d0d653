//! A web service on the loopback that fails now and then: it refuses requests, and it loses replies.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Every so many requests are refused before they have an effect.
const REFUSED_EVERY: u64 = 5;
/// Of every so many requests the reply is lost, after their effect.
const REPLY_LOST_EVERY: u64 = 7;

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    report: Arc<Mutex<Report>>,
}

/// What the service has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Orders, those of each key once.
    pub(crate) orders: u64,
    /// Orders in requests with a key that was known.
    orders_again: u64,
    requests: u64,
    refused: u64,
    replies_lost: u64,
    keys: HashSet<String>,
}

pub(crate) fn start() -> io::Result<Service> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let report = Arc::new(Mutex::new(Report::default()));
    let shared = Arc::clone(&report);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let served = connection.and_then(|connection| serve(connection, &shared));
            if let Err(error) = served {
                eprintln!("the service has lost a connection: {error}");
            }
        }
    });
    Ok(Service { address, report })
}

impl Service {
    pub(crate) fn report(&self) -> Report {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.clone()
    }
}

fn serve(mut connection: TcpStream, report: &Mutex<Report>) -> io::Result<()> {
    let (key, body) = read_request(&connection)?;
    let status = {
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.take(key, &body)
    };
    match status {
        Some(status) => write!(connection, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"),
        None => Ok(()), // closed without a word
    }
}

/// Returns the idempotency key and the body.
fn read_request(connection: &TcpStream) -> io::Result<(String, String)> {
    let mut reader = BufReader::new(connection);
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("Idempotency-Key", value)) => value.clone_into(&mut key),
            Some(("Content-Length", value)) => length = value.parse().unwrap_or(0),
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    Ok((key, body))
}

impl Report {
    /// Takes a request; returns the status of the reply, if there is one.
    fn take(&mut self, key: String, body: &str) -> Option<&'static str> {
        self.requests += 1;
        if self.requests.is_multiple_of(REFUSED_EVERY) {
            self.refused += 1;
            return Some("503 Service Unavailable");
        }
        let orders = body.matches("\"number\"").count() as u64;
        match self.keys.insert(key) {
            true => self.orders += orders,
            false => self.orders_again += orders,
        }
        if self.requests.is_multiple_of(REPLY_LOST_EVERY) {
            self.replies_lost += 1;
            return None;
        }
        Some("200 OK")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the service has had {} requests, refused {} and lost {} replies; it holds {} orders, and \
             would hold {} without the keys",
            self.requests,
            self.refused,
            self.replies_lost,
            self.orders,
            self.orders + self.orders_again
        )
    }
}
