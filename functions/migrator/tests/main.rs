//! The binary's start. Cargo builds a function's binary beside the end-to-end tests only if its package has such a test.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

#[test]
fn a_missing_or_wrong_database_url_does_not_keep_the_migrator_from_asking_for_events() {
    for settings in [&[][..], &[("DATABASE_URL", "mysql://root:hunter2@localhost/x")]] {
        let runtime_api = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrator"));
        command.env_clear().envs(settings.iter().copied()).stdout(Stdio::piped());
        for (name, value) in [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.local_addr().unwrap().to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "migrator"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ] {
            command.env(name, value);
        }
        let mut process = command.spawn().unwrap();
        // A process that ended instead would be waited for until the test's time is up.
        let (asking, _) = runtime_api.accept().unwrap();
        let request = BufReader::new(asking).lines().next().unwrap().unwrap();
        assert_eq!(request, "GET /2018-06-01/runtime/invocation/next HTTP/1.1");
        process.kill().unwrap();
        let output = process.wait_with_output().unwrap();
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(!log.contains("hunter2"), "{log}");
    }
}
