//! `walk-file` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hostile_input::walk_file(input));
