//! The loader, as the reconciler sees it.

use crate::error::Error;

/// Something that loads raw objects when it is given an S3 event: the deployed function, or the same handler in this
/// process.
pub trait LoaderFunction {
    /// Gives the loader the event of one object and waits until it has loaded it.
    fn load(&self, key: &str, event: serde_json::Value) -> impl Future<Output = Result<(), Error>>;
}
