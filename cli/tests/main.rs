//! The program itself, as a shell starts it.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::process::Command;

#[test]
fn a_wrong_command_is_named_and_leaves_the_data_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenovka"));
    let output = command.arg("--data-dir").arg(folder.path()).arg("colect").output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && message.contains("'colect'"), "{message}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
