//! JSON logs: one line an event, with fields that can be filtered.

use tracing_subscriber::EnvFilter;

use crate::settings::variable;

/// Sends logs to standard output, one JSON object a line.
///
/// The level comes from `RUST_LOG`, else from Lambda's own `AWS_LAMBDA_LOG_LEVEL`, else it is `info`. A
/// second call changes nothing.
pub fn init() {
    let level = variable("RUST_LOG").or_else(|| variable("AWS_LAMBDA_LOG_LEVEL"));
    let level = level.unwrap_or_else(|| "info".to_owned()).to_lowercase();
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let format =
        tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let _ = format.with_env_filter(filter).try_init();
}

/// Sends warnings and errors to standard error in words, for a person at a terminal. `RUST_LOG` asks for
/// more.
pub fn init_for_terminal() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let format = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).without_time();
    let _ = format.with_env_filter(filter).try_init();
}
