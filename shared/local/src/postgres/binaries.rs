//! Which of the machine's Postgres installations to use.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use runtime::settings::variable;
use tokio::process::Command;

use super::error::Error;
use super::fetched;
use super::installation::installation_of;

/// Where packages put Postgres by major version: `<folder>/<prefix><major>/bin`.
const USUAL_PLACES: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/usr", "pgsql-"),
];

/// One installation of Postgres.
#[derive(Debug)]
pub(super) struct Binaries {
    /// Holds `initdb` and `postgres`, which belong together.
    pub(super) folder: PathBuf,
}

impl Binaries {
    /// The installation to use for `cluster`: of the major version that made it, if it exists already.
    /// `named` restricts the choice to one folder.
    pub(super) async fn choose(named: Option<&Path>, cluster: &Path) -> Result<Self, Error> {
        let folders = match named {
            Some(folder) => Vec::from_iter(installation_of(folder)),
            None => search().into_iter().chain(fetched::find(&fetched::folder())).collect(),
        };
        let needed = cluster_major(cluster)?;
        let mut others = Vec::new();
        for folder in folders {
            let Some(major) = major(&folder).await else { continue };
            if needed.as_ref().is_none_or(|needed| *needed == major) {
                return Ok(Self { folder });
            }
            others.push(format!("{major} ({})", folder.display()));
        }
        if named.is_none() && needed.as_ref().is_none_or(|needed| needed == fetched::MAJOR) {
            return Ok(Self { folder: fetched::fetch(&fetched::folder()).await? });
        }
        Err(match (needed, named) {
            (Some(needed), _) if !others.is_empty() => {
                Error::OtherMajor { cluster: cluster.to_owned(), needed, found: others.join(", ") }
            }
            (_, Some(folder)) => Error::NotInFolder { folder: folder.to_owned() },
            (_, None) => Error::NotFound,
        })
    }
}

/// The folders of all installations, the one to prefer first: the PATH's, then the newest.
fn search() -> Vec<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    for (parent, prefix) in USUAL_PLACES {
        folders.extend(versions(Path::new(parent), prefix).into_iter().map(|version| version.join("bin")));
    }
    let mut found = Vec::new();
    for folder in folders.iter().filter_map(|folder| installation_of(folder)) {
        if !found.contains(&folder) {
            found.push(folder);
        }
    }
    found
}

/// The children of `parent` that are called `<prefix><number>`, the highest number first.
fn versions(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let children = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = children
        .filter_map(|child| {
            let number = child.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, child.path()))
        })
        .collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// The major version of the installation; `None` if it does not run on this machine.
async fn major(folder: &Path) -> Option<String> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().await.ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// From `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)` or `postgres (PostgreSQL) 19beta1`.
fn parse_major(version: &str) -> Option<String> {
    let number = version.split_whitespace().nth(2)?;
    let major: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!major.is_empty()).then_some(major)
}

fn cluster_major(cluster: &Path) -> Result<Option<String>, Error> {
    if !cluster.exists() {
        return Ok(None);
    }
    let path = cluster.join("PG_VERSION");
    let major = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    Ok(Some(major.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_any_distribution() {
        let major = |version| parse_major(version);
        assert_eq!(major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n").as_deref(), Some("15"));
        assert_eq!(major("postgres (PostgreSQL) 19beta1").as_deref(), Some("19"));
        assert_eq!(major("segmentation fault"), None);
    }
}
