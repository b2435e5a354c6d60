//! The files of `site/`, which come with the function.

/// A file of the page.
pub(super) struct PageFile {
    pub(super) key: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

macro_rules! page_files {
    ($($key:literal: $media_type:literal),* $(,)?) => {
        &[$(PageFile {
            key: $key,
            media_type: $media_type,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../site/", $key)),
        }),*]
    };
}

pub(super) const FILES: &[PageFile] = page_files! {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "texts.js": "text/javascript; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "outlines.json": "application/json",
    "vendor/uPlot.iife.min.js": "text/javascript; charset=utf-8",
    "vendor/uPlot.min.css": "text/css; charset=utf-8",
    "vendor/LICENSE": "text/plain; charset=utf-8",
};

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn files_of(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_file_of_the_folder_but_its_readmes_is_published() {
        let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../site");
        let names = files_of(&site)
            .into_iter()
            .map(|path| path.strip_prefix(&site).unwrap().to_str().unwrap().to_owned());
        let mut there: Vec<String> = names.filter(|name| !name.ends_with("README.md")).collect();
        let mut listed: Vec<String> = FILES.iter().map(|file| file.key.to_owned()).collect();
        there.sort();
        listed.sort();
        assert_eq!(listed, there);
    }
}
