//! The files of `site/`, which come with the function.

/// A file of the page.
pub(super) struct PageFile {
    pub(super) key: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

/// Names a file of `site/` as it is asked for.
macro_rules! file {
    ($media_type:expr, $key:literal) => {
        PageFile {
            key: $key,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../../../site/", $key)),
        }
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
/// Also of modules: a browser runs no module of another type.
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// In the order in which they are put: the page itself comes after what it names.
pub(super) const FILES: &[PageFile] = &[
    file!(SCRIPT, "vendor/uplot/uPlot.iife.min.js"),
    file!(CSS, "vendor/uplot/uPlot.min.css"),
    file!(TEXT, "vendor/uplot/LICENSE"),
    file!(SCRIPT, "vendor/maplibre-gl/maplibre-gl.mjs"),
    file!(SCRIPT, "vendor/maplibre-gl/maplibre-gl-worker.mjs"),
    file!(CSS, "vendor/maplibre-gl/maplibre-gl.css"),
    file!(TEXT, "vendor/maplibre-gl/LICENSE.txt"),
    file!(JSON, "outlines.json"),
    file!(SCRIPT, "texts.js"),
    file!(SCRIPT, "view.js"),
    file!(SCRIPT, "measures.js"),
    file!(SCRIPT, "charts.js"),
    file!(SCRIPT, "map.js"),
    file!(SCRIPT, "listings.js"),
    file!(SCRIPT, "sections.js"),
    file!(SCRIPT, "app.js"),
    file!(CSS, "style.css"),
    file!(HTML, "index.html"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_among_them() {
        let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../site");
        let mut folders = vec![site.clone()];
        let mut found = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_none_or(|extension| extension != "md") {
                    found.insert(path.strip_prefix(&site).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let listed: BTreeSet<_> = FILES.iter().map(|file| file.key.to_owned()).collect();
        assert_eq!(listed, found);
    }
}
