#![no_main]

streamwriter_fuzz::target!("option_values");
