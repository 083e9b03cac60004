//! Fuzzes the tokens. `./dev fuzz tokens` runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| huiyin_fuzz::tokens(data));
