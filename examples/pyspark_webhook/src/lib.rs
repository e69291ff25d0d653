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
struct Line {
    id: i64,
    text: Option<String>,
}

/// What a task tells the driver.
#[derive(CommitMessage, Debug)]
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
        let request = format!(
            "POST {resource} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
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

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::thread;

    use streamwriter::testing::{Pretend, write_rows};

    use super::*;

    #[test]
    fn each_row_is_a_request_of_its_own_and_a_refusal_is_an_error() {
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = service.local_addr().unwrap().to_string();
        let serve = thread::spawn(move || {
            let answer = |status: &str| {
                let (mut stream, _) = service.accept().unwrap();
                let mut request = String::new();
                // A body ends with a line feed alone, a line of the head with two characters.
                while !request.ends_with('\n') || request.ends_with("\r\n") {
                    let mut some = [0; 1024];
                    let length = stream.read(&mut some).unwrap();
                    assert_ne!(length, 0, "the request ends early: {request}");
                    request.push_str(std::str::from_utf8(&some[..length]).unwrap());
                }
                write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
                request
            };
            [answer("204 No Content"), answer("500 Sorry")]
        });
        let resource = "/rows".to_owned();
        let line = |id| Line {
            id,
            text: Some("é".to_owned()),
        };
        let (sink, pretend) = (Webhook { address, resource }, Pretend::default());
        assert_eq!(
            write_rows(&sink, [line(7)], &pretend.task()).unwrap().rows,
            1
        );
        let error = write_rows(&sink, [line(8)], &pretend.task()).unwrap_err();
        assert!(error.to_string().contains("500 Sorry"), "{error}");
        let [request, _] = serve.join().unwrap();
        assert!(
            request.starts_with("POST /rows HTTP/1.1") && request.ends_with("7\té\n"),
            "{request}"
        );
    }
}
