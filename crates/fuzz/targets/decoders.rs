//! Fuzzes the decoders. `./dev fuzz decoders` runs it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| huiyin_fuzz::decoders(data));
