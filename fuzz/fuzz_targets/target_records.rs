#![no_main]

streamwriter_fuzz::target!("target_records");
