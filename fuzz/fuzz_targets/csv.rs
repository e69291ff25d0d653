#![no_main]

streamwriter_fuzz::target!("csv");
