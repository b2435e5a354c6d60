//! What can be wrong with a raw object.

/// Why a raw object cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes could not be fetched or stored; nothing is known about the object itself.
    #[error("could not transfer the walk file")]
    Transfer(#[source] std::io::Error),
    /// Not a zstd stream, or one that breaks off or is corrupt.
    #[error("line {line}: the file is not intact zstd")]
    Compression {
        /// The line that was being read, from 1.
        line: u64,
        source: std::io::Error,
    },
    /// The file has no line at all.
    #[error("the file is empty")]
    Empty,
    /// A line beyond every page's size, such as a decompression bomb's.
    #[error("line {line}: longer than {limit} bytes")]
    LineTooLong { line: u64, limit: usize },
    /// A line that is not what must stand there.
    #[error("line {line}: {reason}")]
    Damaged { line: u64, reason: String },
    #[error("walk format {found} is not known, only up to {known}: update the loader")]
    Format { found: u32, known: u32 },
    /// The file ends without its closing line.
    #[error("line {line}: the file ends without a closing line: it was cut off")]
    Truncated {
        /// The line that is missing, from 1.
        line: u64,
    },
    /// The closing line counts other pages or rows than the file has.
    #[error("the closing line counts {claimed} {what}, the file has {found}")]
    Miscounted { what: &'static str, claimed: u64, found: u64 },
}

/// Why a text is not the key of a raw object.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is not the key of a raw object: {reason}")]
pub struct KeyError {
    pub key: String,
    pub reason: String,
}
