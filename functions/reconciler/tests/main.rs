//! The binary's start.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::process::Command;

#[test]
fn missing_settings_stop_the_start_and_are_all_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_reconciler")).env_clear().output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    for setting in ["DATABASE_URL", "CENOVKA_RAW_BUCKET", "CENOVKA_LOADER_FUNCTION"] {
        assert!(log.contains(&format!("{setting} is missing")), "{log}");
    }
}
