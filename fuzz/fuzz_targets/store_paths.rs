#![no_main]

streamwriter_fuzz::target!("store_paths");
