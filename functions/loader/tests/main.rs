//! The binary's start.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::process::Command;

#[test]
fn missing_settings_stop_the_start_and_are_all_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_loader")).env_clear().output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(
        log.contains("DATABASE_URL is missing") && log.contains("CENOVKA_RAW_BUCKET is missing"),
        "{log}"
    );
}

#[test]
fn a_wrong_bundle_of_root_certificates_stops_the_start_with_its_name() {
    let output = Command::new(env!("CARGO_BIN_EXE_loader"))
        .env_clear()
        .envs([("CENOVKA_RAW_BUCKET", "raw"), ("AWS_REGION", "eu-central-1")])
        .envs([
            ("DATABASE_URL", "postgres://u:hunter2@localhost/x"),
            ("PGSSLROOTCERT", "/no/such/bundle.pem"),
        ])
        .output()
        .unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(log.contains("PGSSLROOTCERT is wrong: /no/such/bundle.pem: "), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}
