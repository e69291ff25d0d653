#![no_main]

streamwriter_fuzz::target!("journal_records");
