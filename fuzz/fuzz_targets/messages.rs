#![no_main]

streamwriter_fuzz::target!("messages");
