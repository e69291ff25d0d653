use streamwriter_derive::stream_writer;

struct Named<'a>(&'a str);

#[stream_writer]
impl<'a> Named<'a> {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

struct Elided<'a>(&'a str);

#[stream_writer]
impl Elided<'_> {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

struct Fine<'a>(&'a str);

#[stream_writer]
impl Fine<'static> {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

fn main() {}
