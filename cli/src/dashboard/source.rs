//! The folder `superset` of the repository, which this program carries along.

use std::fs;
use std::path::Path;

use super::error::Error;

/// Every file with its path in the folder.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/superset.rs"));
const REQUIREMENTS: &str = "requirements.txt";

/// Writes the folder out, in place of what an earlier version has left there.
pub(super) fn write_out(folder: &Path) -> Result<(), Error> {
    if folder.symlink_metadata().is_ok() {
        fs::remove_dir_all(folder).map_err(Error::io("remove", folder))?;
    }
    for (name, content) in FILES {
        let file = folder.join(name);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        fs::write(&file, content).map_err(Error::io("write", &file))?;
    }
    Ok(())
}

/// What Superset needs, one package a line with its version.
pub(super) fn requirements() -> &'static str {
    let content = FILES.iter().find(|(name, _)| *name == REQUIREMENTS).map(|(_, content)| *content);
    content.and_then(|content| std::str::from_utf8(content).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_carried_along_whole_but_for_its_tests() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("source");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("stale.py"), "").unwrap();
        write_out(&out).unwrap();
        assert!(
            out.join("start.py").is_file() && !out.join("stale.py").exists() && !out.join("test").exists()
        );
        assert_eq!(fs::read_to_string(out.join(REQUIREMENTS)).unwrap(), requirements());
        assert!(
            requirements().lines().any(|line| line.starts_with("apache_superset==")),
            "{}",
            requirements()
        );
    }
}
