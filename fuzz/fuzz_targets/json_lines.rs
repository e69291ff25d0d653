#![no_main]

streamwriter_fuzz::target!("json_lines");
