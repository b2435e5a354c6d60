//! Embeds the folder `superset`, so that `cenovka dashboard` finds it however the program was started.

use std::env;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders in it that no dashboard needs.
const LEFT_OUT: [&str; 3] = ["test", "tests", "__pycache__"];

#[expect(clippy::disallowed_methods, reason = "these are Cargo's words to a build script, no settings")]
fn main() -> io::Result<()> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let folder = variable("CARGO_MANIFEST_DIR")?.join("../superset");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    find(&folder, &mut files)?;
    files.sort();

    let mut code = "&[\n".to_owned();
    for file in files {
        let name = file.strip_prefix(&folder).map_err(io::Error::other)?;
        writeln!(code, "({name:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    code.push(']');
    fs::write(variable("OUT_DIR")?.join("superset.rs"), code)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() { find(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
