//! An error and its causes in one line.
//!
//! An error of this project has its cause either in its text or behind [`Error::source`], never in both
//! (`tests/documents_test.py` holds it): so the texts of a chain can be joined as they are. Errors of other crates that
//! repeat their causes are made a text where they enter: `runtime::aws::reason` does it for the AWS SDK's.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

use std::error::Error;

/// An error's text, followed by those of its causes.
///
/// Whoever prints or logs an error prints this: the error's own text is only the first of them.
pub fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn the_message_holds_every_cause_in_its_order_even_if_a_text_comes_twice() {
        let innermost = Box::new(Layer("error", None));
        let middle = Box::new(Layer("db error", Some(innermost)));
        let error = Layer("could not load", Some(middle));
        assert_eq!(with_causes(&error), "could not load: db error: error");
    }
}
