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

/// What Lambda needs to filter by level: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>.
#[test]
fn a_line_of_log_has_the_time_and_the_level_that_lambda_filters_by() {
    let log = start(&[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "ERROR")]);
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "ERROR", "{line}");
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(timestamp.contains('T') && timestamp.ends_with('Z'), "{timestamp}");
    }
    assert!(!log.is_empty());
}
