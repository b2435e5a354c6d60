//! JSON logs: one line an event, with fields that can be filtered.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::variable;

/// Sends logs to standard output, one JSON object a line.
///
/// The level comes from `RUST_LOG`, else from Lambda's own `AWS_LAMBDA_LOG_LEVEL`, else it is `info`. A
/// second call changes nothing.
pub fn init() {
    let wanted = variable("RUST_LOG").or_else(|| variable("AWS_LAMBDA_LOG_LEVEL"));
    let format = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let subscriber = tracing_subscriber::registry().with(format).with(targets(wanted, LevelFilter::INFO));
    let _ = subscriber.try_init();
}

/// Sends what is at least of this level to standard error in words, for a person at a terminal, unless `RUST_LOG` asks
/// for another.
pub fn init_for_terminal(default: LevelFilter) {
    let format = fmt::layer().with_writer(std::io::stderr).with_target(false).without_time();
    let targets = targets(variable("RUST_LOG"), default);
    let _ = tracing_subscriber::registry().with(format).with(targets).try_init();
}

/// A level, or levels by module such as `info,loader=debug`; the default if that cannot be read.
///
/// Not an `EnvFilter`, which can filter by the fields of spans: the regular expressions that it takes for that are a
/// thirtieth of a function's binary.
fn targets(wanted: Option<String>, default: LevelFilter) -> Targets {
    wanted
        .and_then(|wanted| wanted.to_lowercase().parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(default))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_read_as_lambda_and_as_rust_write_them() {
        let lambda = targets(Some("WARN".to_owned()), LevelFilter::INFO);
        assert!(lambda.would_enable("loader", &Level::WARN) && !lambda.would_enable("loader", &Level::INFO));
        let rust = targets(Some("info,loader::load=debug".to_owned()), LevelFilter::WARN);
        assert!(
            rust.would_enable("loader::load", &Level::DEBUG) && !rust.would_enable("loader", &Level::DEBUG)
        );
        assert!(rust.would_enable("loader", &Level::INFO));
    }

    #[test]
    fn without_a_level_that_can_be_read_the_default_counts() {
        for wanted in [None, Some("loader=loud".to_owned())] {
            let default = targets(wanted, LevelFilter::INFO);
            assert!(
                default.would_enable("loader", &Level::INFO)
                    && !default.would_enable("loader", &Level::DEBUG)
            );
        }
    }
}
