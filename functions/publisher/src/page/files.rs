//! The files of `site/`, which come with the function.

/// A file of the page.
pub(super) struct PageFile {
    pub(super) key: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

pub(super) const FILES: &[PageFile] = &[];
