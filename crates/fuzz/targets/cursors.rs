//! Fuzzes the cursors. `./dev fuzz cursors` runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| huiyin_fuzz::cursors(data));
