#![no_main]

streamwriter_fuzz::target!("lock_holders");
