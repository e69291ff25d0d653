//! A sink in Rust as a data source of Spark: `format("webhook")` posts the rows to a web service.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use streamwriter::prelude::*;
use streamwriter::{ErrorKind, Result, Row};
use streamwriter_pyspark::export;

/// Posts each row to a web service, as one line of text.
#[stream_writer(name = "webhook")]
pub struct Webhook {
    /// The host and port, such as `localhost:8080`.
    address: String,
    /// The path of the requests.
    #[option(default = "/".to_owned(), default_text = "/")]
    resource: String,
}

/// What the job hands over: `select("id", "text")`.
#[derive(Row)]
pub struct Line {
    id: i64,
    text: Option<String>,
}

/// What a task tells the driver.
#[derive(CommitMessage)]
pub struct Posted {
    #[message(rows)]
    rows: u64,
}

#[stream_writer]
impl Webhook {
    /// Posts the rows of one partition. A task that is tried again posts them again, so the service has to
    /// know what it has by the id: this sink is at-least-once.
    fn write(&self, rows: impl Rows<Item = Line>) -> Result<Posted, BoxError> {
        let mut posted = Posted { rows: 0 };
        for line in rows {
            self.post(&format!(
                "{}\t{}\n",
                line.id,
                line.text.as_deref().unwrap_or("-")
            ))?;
            posted.rows += 1;
        }
        Ok(posted)
    }
}

impl Webhook {
    fn post(&self, body: &str) -> Result<(), BoxError> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (resource, host, length) = (&self.resource, &self.address, body.len());
        write!(
            stream,
            "POST {resource} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        )?;
        write!(stream, "Content-Length: {length}\r\n\r\n{body}")?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        match status.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(()),
            _ => {
                Err(Error::new(ErrorKind::Task, format!("the service answered {status:?}")).into())
            }
        }
    }
}

export! { Webhook }
