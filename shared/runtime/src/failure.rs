//! How failures are classed, and how Lambda gets them.

use std::error::Error;
use std::fmt;

use causes::with_causes;
use lambda_runtime::Diagnostic;

/// What should happen after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The cause passes: the same event should be tried again.
    Retry,
    /// The input is at fault and will stay so: it should be set aside for a person to look at.
    Reject,
    /// The set-up is at fault, or the portal refuses: nothing should be tried until a person has acted.
    Stop,
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Retry => "retry",
            Self::Reject => "reject",
            Self::Stop => "stop",
        })
    }
}

/// An error that knows what should happen after it. `?` makes it a [`Failure`] in a handler.
pub trait Classed: Error {
    /// What should happen after it.
    fn class(&self) -> Class;
}

/// The outcome of a failed invocation, as Lambda and the log get it.
#[derive(Debug)]
pub struct Failure {
    /// What should happen next.
    pub class: Class,
    /// The error's message with all its causes.
    pub message: String,
}

impl Failure {
    /// Takes an error with the whole chain of its causes.
    pub fn of(error: &impl Classed) -> Self {
        Self { class: error.class(), message: with_causes(error) }
    }

    /// Several failures of one invocation as one, of the gravest class; `None` if there was none.
    #[must_use]
    pub fn merge(failures: Vec<Self>) -> Option<Self> {
        let class = failures.iter().map(|failure| failure.class).max()?;
        let messages: Vec<_> = failures.into_iter().map(|failure| failure.message).collect();
        Some(Self { class, message: messages.join("; ") })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl<E: Classed> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

impl From<Failure> for Diagnostic {
    /// The class is the error type, so that alarms can tell failures apart.
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.class.to_string(), error_message: failure.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_failures_have_the_gravest_class() {
        let failure = |class, message: &str| Failure { class, message: message.to_owned() };
        let merged = Failure::merge(vec![failure(Class::Retry, "a"), failure(Class::Stop, "b")]).unwrap();
        assert_eq!((merged.class, merged.message.as_str()), (Class::Stop, "a; b"));
        assert!(Failure::merge(Vec::new()).is_none());
    }
}
