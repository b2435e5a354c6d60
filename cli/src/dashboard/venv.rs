//! Superset in a virtual environment of its own, installed once for each list of requirements.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::process::Command;

use super::error::Error;
use super::program::Program;
use super::python;
use local::folder_lock::FolderLock;

/// Lies in a virtual environment that is complete. It cannot be renamed once it is: its scripts name its folder.
const MARKER: &str = "complete";

/// The Python that has everything in `requirements` installed. `folder` holds what was installed: an environment that
/// is there is taken, one of other requirements removed.
pub(super) async fn provide(folder: &Path, requirements: &str) -> Result<PathBuf, Error> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let lock_file = folder.join("lock");
    let lock = FolderLock::take(&lock_file).map_err(Error::io("lock", &lock_file))?;
    let _lock = lock.ok_or_else(|| Error::Installing { folder: folder.to_owned() })?;
    let venv = folder.join(name(requirements));
    let python = venv.join("bin/python");
    if is_complete(&venv).await {
        return Ok(python);
    }
    // First, so that nothing is removed in vain.
    let base = python::choose().await?;
    remove_all(folder)?;
    install(&base, &venv, requirements).await?;
    fs::write(venv.join(MARKER), "").map_err(Error::io("write", &venv))?;
    Ok(python)
}

fn name(requirements: &str) -> String {
    let mut hasher = DefaultHasher::new();
    requirements.hash(&mut hasher);
    format!("venv-{:016x}", hasher.finish())
}

/// Whether everything was installed, and the Python that it was made with is still there.
async fn is_complete(venv: &Path) -> bool {
    let runs = async || Command::new(venv.join("bin/python")).arg("--version").output().await;
    venv.join(MARKER).is_file() && runs().await.is_ok_and(|output| output.status.success())
}

/// Removes every environment, each of which takes most of a gigabyte.
fn remove_all(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("venv-")) {
            fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

async fn install(base: &Path, venv: &Path, requirements: &str) -> Result<(), Error> {
    let packages =
        requirements.lines().filter(|line| line.starts_with(|first: char| first.is_alphanumeric()));
    let progress = Installing::new(packages.count());
    let log = venv.with_extension("log");
    let list = venv.with_extension("txt");
    let path = venv.to_string_lossy();
    let make =
        Program::start("making a virtual environment", base, &["-I", "-m", "venv", &path], &log, |_| ())?;
    make.finish(|_| ()).await?;
    fs::write(&list, requirements).map_err(Error::io("write", &list))?;
    let list = list.to_string_lossy();
    let arguments = [
        "-I",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
        "--requirement",
        &list,
    ];
    let python = venv.join("bin/python");
    let pip = Program::start("installing Superset with pip", &python, &arguments, &log, |_| ())?;
    pip.finish(|line| progress.said(line)).await?;
    progress.finish();
    Ok(())
}

/// A bar on a terminal, two plain lines elsewhere.
struct Installing {
    bar: ProgressBar,
}

impl Installing {
    fn new(packages: usize) -> Self {
        println!("  installing Superset, {packages} packages: this takes minutes, once");
        let bar = ProgressBar::new(packages as u64);
        let style = ProgressStyle::with_template("  {bar:32} {pos} of {len} packages, {elapsed}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─"));
        bar.set_message("making a virtual environment");
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Self { bar }
    }

    fn said(&self, line: &str) {
        match step(line) {
            Some(Step::Package(package)) => {
                self.bar.inc(1);
                self.bar.set_message(format!("reading {package}"));
            }
            Some(Step::Unpacking) => self.bar.set_message("unpacking all of them"),
            None => {}
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
        println!("  installed in {} s", self.bar.elapsed().as_secs());
    }
}

/// What pip says it does.
#[derive(Debug, PartialEq, Eq)]
enum Step<'l> {
    Package(&'l str),
    Unpacking,
}

/// The step that a line of pip's tells of; each package is told of once.
fn step(line: &str) -> Option<Step<'_>> {
    if let Some(package) = line.strip_prefix("Collecting ") {
        let end = package.find(['=', ' ', '<', '>']).unwrap_or(package.len());
        return package.get(..end).map(Step::Package);
    }
    line.starts_with("Installing collected packages").then_some(Step::Unpacking)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_counted_once() {
        assert_eq!(
            step("Collecting alembic==1.19.2 (from -r x.txt (line 1))"),
            Some(Step::Package("alembic"))
        );
        assert_eq!(step("  Downloading alembic-1.19.2-py3-none-any.whl (264 kB)"), None);
        assert_eq!(step("Installing collected packages: a, b"), Some(Step::Unpacking));
    }

    #[tokio::test]
    async fn an_environment_is_taken_only_if_it_was_completed_and_its_python_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let venv = folder.path().join(name("a==1"));
        fs::create_dir_all(venv.join("bin")).unwrap();
        let python = venv.join("bin/python");
        std::os::unix::fs::symlink("/bin/true", &python).unwrap();
        assert!(!is_complete(&venv).await, "without the marker");
        fs::write(venv.join(MARKER), "").unwrap();
        assert_eq!(provide(folder.path(), "a==1").await.unwrap(), python);
        fs::remove_file(&python).unwrap();
        assert!(!is_complete(&venv).await, "without its Python");
        assert_ne!(name("a==1"), name("a==2"));
    }

    #[tokio::test]
    async fn nobody_installs_twice_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = FolderLock::take(&folder.path().join("lock")).unwrap().unwrap();
        let error = provide(folder.path(), "a==1").await.unwrap_err();
        assert!(matches!(error, Error::Installing { .. }), "{error}");
    }

    #[test]
    fn environments_of_other_requirements_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["venv-1", "other"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        remove_all(folder.path()).unwrap();
        assert!(!folder.path().join("venv-1").exists() && folder.path().join("other").exists());
    }
}
