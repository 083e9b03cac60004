//! Fuzzes the validators. `./dev fuzz validators` runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| huiyin_fuzz::validators(data));
