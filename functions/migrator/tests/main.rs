//! The binary's start.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::process::Command;

fn start(environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrator"));
    let output = command.env_clear().envs(environment.iter().copied()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_missing_or_wrong_database_url_stops_the_start() {
    let log = start(&[]);
    assert!(log.contains("DATABASE_URL is missing"), "{log}");
    let log = start(&[("DATABASE_URL", "mysql://root:hunter2@localhost/x")]);
    assert!(log.contains("DATABASE_URL is not a Postgres URL") && !log.contains("hunter2"), "{log}");
}
