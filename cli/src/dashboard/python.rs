//! Which Python runs Superset.

use std::env;
use std::path::{Path, PathBuf};

use runtime::settings::variable;
use tokio::process::Command;

use super::error::Error;

/// In this order.
const NAMES: [&str; 4] = ["python3.11", "python3.12", "python3.10", "python3"];

/// Says the version, or fails where `venv` or what it needs to install pip is missing, as on Debian without
/// python3-venv.
const ASK: &str = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])";

/// The first Python in the PATH that Superset runs on.
pub(super) async fn choose() -> Result<PathBuf, Error> {
    choose_in(&variable("PATH").unwrap_or_default()).await
}

async fn choose_in(path: &str) -> Result<PathBuf, Error> {
    let mut found = Vec::new();
    for name in NAMES {
        for program in env::split_paths(path).map(|folder| folder.join(name)).filter(|file| file.is_file()) {
            match version(&program).await {
                Some(version) if matches!(version.as_str(), "3.10" | "3.11" | "3.12") => return Ok(program),
                Some(version) => found.push(format!("{} is {version}", program.display())),
                None => found.push(format!("{} has no venv", program.display())),
            }
        }
    }
    let found = if found.is_empty() { "none at all".to_owned() } else { found.join(", ") };
    Err(Error::NoPython { found })
}

async fn version(python: &Path) -> Option<String> {
    let output = Command::new(python).args(["-I", "-c", ASK]).output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with programs that say this version, or fail.
    fn pythons(programs: &[(&str, Option<&str>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, version) in programs {
            let end = version.map_or("exit 1".to_owned(), |version| format!("echo {version}"));
            let file = folder.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{end}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    async fn chosen(programs: &[(&str, Option<&str>)]) -> Result<String, String> {
        let folder = pythons(programs);
        let chosen = choose_in(folder.path().to_str().unwrap()).await;
        chosen
            .map(|program| program.file_name().unwrap().to_str().unwrap().to_owned())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_first_python_of_a_version_that_superset_runs_on_and_with_venv_is_chosen() {
        let all = [("python3.12", Some("3.12")), ("python3.11", Some("3.11")), ("python3", Some("3.11"))];
        assert_eq!(chosen(&all).await.unwrap(), "python3.11");
        let without_venv = [("python3.11", None), ("python3", Some("3.10"))];
        assert_eq!(chosen(&without_venv).await.unwrap(), "python3");
    }

    #[tokio::test]
    async fn without_one_it_is_said_what_there_is_and_what_to_install() {
        let error = chosen(&[("python3", Some("3.14")), ("python3.10", None)]).await.unwrap_err();
        for part in ["python3 is 3.14", "python3.10 has no venv", "apt-get install python3-venv"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(chosen(&[]).await.unwrap_err().contains("none at all"));
    }
}
