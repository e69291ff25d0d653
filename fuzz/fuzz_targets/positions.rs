#![no_main]

streamwriter_fuzz::target!("positions");
