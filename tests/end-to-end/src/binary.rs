//! Where the built binaries are.

use std::path::PathBuf;

/// The binary of a function, as it will be deployed if `CENOVKA_FUNCTIONS` names the folder that `cargo
/// lambda build` fills, else the one that cargo built for the tests.
#[must_use]
pub fn function(name: &str) -> PathBuf {
    match std::env::var_os("CENOVKA_FUNCTIONS") {
        Some(folder) => existing(workspace().join(folder).join(name).join("bootstrap")),
        None => built(name),
    }
}

/// A binary that cargo built beside this test.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let profile = test.ancestors().nth(2).expect("the test lies in target/<profile>/deps");
    existing(profile.join(name))
}

/// The repository's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn existing(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is missing: run the tests with --workspace, which builds it", path.display());
    path
}
