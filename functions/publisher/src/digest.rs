//! Names made of contents: what has the same name is the same.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first half of a SHA-256 in hexadecimal: no two files of a lake share it by chance.
pub(crate) fn name(digest: Sha256) -> String {
    hexadecimal(digest, 16)
}

/// A quarter of it, for the few files of a page.
pub(crate) fn short_name(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new().chain_update(bytes), 8)
}

fn hexadecimal(digest: Sha256, bytes: usize) -> String {
    digest.finalize().iter().take(bytes).fold(String::new(), |mut name, byte| {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_beginning_of_the_contents_sha_256() {
        assert_eq!(short_name(b""), "e3b0c44298fc1c14");
        assert_eq!(name(Sha256::new()), "e3b0c44298fc1c149afbf4c8996fb924");
    }
}
