//! The binary's start.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::process::Command;

/// Starts the collector with only these settings; it must end at once. Returns its log.
fn start(settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collector"));
    let output = command.env_clear().envs(settings.iter().copied()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn missing_settings_stop_the_start_and_are_all_named() {
    let log = start(&[]);
    assert!(
        log.contains("CENOVKA_PORTAL_URL is missing") && log.contains("CENOVKA_RAW_BUCKET is missing"),
        "{log}"
    );
}

#[test]
fn the_real_portal_is_not_asked_without_permission() {
    let log = start(&[("CENOVKA_PORTAL_URL", "https://www.sreality.cz"), ("CENOVKA_RAW_BUCKET", "raw")]);
    assert!(log.contains("CENOVKA_PORTAL_PERMISSION=granted"), "{log}");
}
