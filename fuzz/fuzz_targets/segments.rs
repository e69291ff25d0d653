#![no_main]

streamwriter_fuzz::target!("segments");
