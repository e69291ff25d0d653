use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Held<T> {
    value: T,
}

struct Unused;

#[stream_writer]
impl Unused {
    fn write<T: Default>(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }

    fn commit<M>(&self, messages: Vec<M>) {
        drop(messages);
    }
}

struct ManyMessages;

#[stream_writer]
impl ManyMessages {
    fn write<R>(&self, mut rows: impl Iterator<Item = R>) -> Held<Option<R>> {
        Held { value: rows.next() }
    }
}

struct Nameless;

#[stream_writer]
impl Nameless {
    fn write(&self, rows: impl Iterator<Item = impl std::fmt::Display>) {
        rows.for_each(drop);
    }
}

fn main() {}
