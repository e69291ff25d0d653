#![no_main]

streamwriter_fuzz::target!("derived_messages");
