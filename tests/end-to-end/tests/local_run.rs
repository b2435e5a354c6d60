//! `cenovka` as a newcomer runs it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use end_to_end::{binary, temporary};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

fn cenovka(data: &Path, arguments: &[&str]) -> Command {
    let mut command = operator(&["--data-dir", data.to_str().unwrap()]);
    command.args(arguments);
    command
}

/// A command that heeds no data folder.
fn operator(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::built("cenovka"));
    command.args(arguments);
    command.env_remove("DATABASE_URL").stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Processes of Postgres that serve a cluster below this folder.
fn servers(data: &Path) -> usize {
    let data = data.to_string_lossy().into_owned();
    let commands = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let command = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&command).into_owned())
    });
    commands.filter(|command| command.contains("postgres") && command.contains(&data)).count()
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..300 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: waited for 30 s");
}

async fn stored_object(data: &Path) {
    let found = || {
        let mut folders = vec![data.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().ends_with(".jsonl.zst") {
                    return true;
                }
            }
        }
        false
    };
    wait_until("a first raw object", found).await;
}

#[tokio::test]
async fn a_second_run_goes_on_where_the_first_ended() {
    let data = temporary::folder();
    let first = output(&mut cenovka(data.path(), &["--days", "2", "--listings", "800"])).await;
    assert!(first.contains("day 0 of 1, 1 January 2026") && first.contains("day 1 of 1"), "{first}");
    assert!(first.contains("40 walks in the ledger") && first.contains("are simulated"), "{first}");
    assert!(!first.contains("_aws"), "metrics are for CloudWatch: {first}");
    let second = output(&mut cenovka(data.path(), &["--days", "1", "--listings", "800"])).await;
    assert!(
        second.contains("day 2 of 2, 3 January 2026") && second.contains("60 walks in the ledger"),
        "{second}"
    );
    let counted = output(&mut cenovka(
        data.path(),
        &["--listings", "800", "psql", "-Atc", "select count(*) from warehouse.walk"],
    ))
    .await;
    assert_eq!(counted.trim(), "60");
    assert_eq!(servers(data.path()), 0);
}

#[tokio::test]
async fn a_file_of_watches_is_tried_out_on_what_happened_or_its_faults_are_named() {
    let data = temporary::folder();
    let said = output(&mut cenovka(data.path(), &["--days", "5", "--listings", "800"])).await;
    for told in ["\nThree watches would have told", "cargo run -- watch check cli/src/sample-watches.toml"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let file = data.path().join("watches.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        cenovka(data.path(), &["watch", "check", file.to_str().unwrap(), "--listings", "800"])
    };
    let sail = "[[watch]]\nname = \"a\"\ndeal = \"sail\"\ncategory = \"flats\"\nchannels = [\"b\"]\n";
    let wrong = check(sail).output().await.unwrap();
    let (faults, error) =
        (String::from_utf8(wrong.stdout).unwrap(), String::from_utf8(wrong.stderr).unwrap());
    assert_eq!(wrong.status.code(), Some(1));
    assert!(faults.contains("line 3, column 8: watch `a`: deal: `sail`"), "{faults}");
    assert!(faults.contains("line 5, column 13: ") && faults.lines().count() == 2, "{faults}");
    assert!(error.contains("2 faults"), "{error}");

    let everything = "[[watch]]\nname = \"all\"\ndeal = \"sale\"\ncategory = \"flats\"\nchannels = [\"b\"]\n\
        events = [\"new\", \"relisted\", \"back\", \"cheaper\", \"dearer\", \"gone\"]\nlanguage = \"en\"\n\
        [channels.b]\nkind = \"feed\"\n";
    let told = output(&mut check(everything)).await;
    assert!(told.contains("up to the last walk\n\nall: ") && told.contains("\n  2026-01-0"), "{told}");
    // Walks of simulated days are old when they are loaded, so the outbox has none of it.
    let all = told.lines().find(|line| line.starts_with("all: ")).unwrap();
    assert!(all.contains(" events: ") && all.contains(" cheaper"), "{told}");
}

/// What SQL answers on the seeded market of 300 listings.
async fn seeded(data: &Path, sql: &str) -> String {
    let arguments = ["--listings", "300", "psql", "--seeded", "-Atc", sql];
    output(&mut cenovka(data, &arguments)).await.trim().to_owned()
}

#[tokio::test]
async fn a_seeded_market_ends_today_and_a_second_seed_has_nothing_to_do() {
    let data = temporary::folder();
    let seed = ["--listings", "300", "seed", "--days", "5"];
    let started = jiff::Timestamp::now();
    let first = output(&mut cenovka(data.path(), &seed)).await;
    assert!(first.contains("day 0 of 4") && first.contains("dashboard --seeded"), "{first}");
    if started.strftime("%F").to_string() != jiff::Timestamp::now().strftime("%F").to_string() {
        eprintln!("skipped the rest: the day has changed meanwhile");
        return;
    }
    let second = output(&mut cenovka(data.path(), &seed)).await;
    assert!(second.contains("nothing to do") && !second.contains("day 0"), "{second}");

    let days = "select count(distinct day) = 5 and max(day) = current_date and bool_and(started_at <= now())
        and bool_and(load_lag between '0s' and '1h') from mart.walk_health";
    assert_eq!(seeded(data.path(), days).await, "t");
    let today = "select count(*) = 20 and bool_and(complete and retries = 0)
        from mart.walk_health where day = current_date";
    assert_eq!(seeded(data.path(), today).await, "t");
    let bad_days = "select (select sum(retries) from mart.walk_health where day = current_date - 3),
        (select string_agg(segment, ',') from mart.walk_health where not complete and day = current_date - 2)";
    assert_eq!(seeded(data.path(), bad_days).await, "4|flats-sale");
    assert!(verified(data.path()).await.contains("no difference"));
}

/// What `cenovka verify` says of the seeded market, with the settings that `cenovka serve` prints.
async fn verified(data: &Path) -> String {
    let mut serve = cenovka(data, &["--listings", "300", "serve", "--seeded"]);
    let mut serving = serve.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let mut verify = operator(&["verify"]);
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some(setting) = line.strip_prefix("export ") else { break };
        let (name, value) = setting.split_once('=').unwrap();
        verify.env(name, value.trim_matches('\''));
    }
    let said = output(&mut verify).await;
    interrupt(&serving, "-INT").await;
    assert!(serving.wait().await.unwrap().success());
    said
}

async fn interrupt(child: &Child, signal: &str) {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
}

#[tokio::test]
async fn ctrl_c_ends_cleanly_and_the_next_run_is_right() {
    interrupted_run("-INT", Some(130)).await;
}

#[tokio::test]
async fn a_killed_run_leaves_no_server_and_the_next_run_is_right() {
    interrupted_run("-KILL", None).await;
}

/// Interrupts a run while it loads, then compares a whole run with one that nothing disturbed.
async fn interrupted_run(signal: &str, code: Option<i32>) {
    let (data, undisturbed) = (temporary::folder(), temporary::folder());
    let arguments = ["--days", "1", "--listings", "6000"];
    let mut child = cenovka(data.path(), &arguments).stdout(Stdio::null()).spawn().unwrap();
    stored_object(data.path()).await;
    interrupt(&child, signal).await;
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), code);
    wait_until("Postgres to end", || servers(data.path()) == 0).await;

    let after = output(&mut cenovka(data.path(), &arguments)).await;
    let expected = output(&mut cenovka(undisturbed.path(), &arguments)).await;
    let market = |text: &str| {
        let start = text.find("Listings on offer").unwrap();
        text[start..text.find(" walks in the ledger").unwrap()].trim_end_matches(char::is_numeric).to_owned()
    };
    assert_eq!(market(&after), market(&expected));
}

#[tokio::test]
async fn recorded_rows_are_loaded_exactly() {
    let file = binary::workspace().join("../shared/data/v1/rows_2025-10-28.json");
    if !file.exists() {
        eprintln!("skipped: no recorded answers at {}", file.display());
        return;
    }
    let data = temporary::folder();
    let rows = file.display().to_string();
    let text = output(&mut cenovka(data.path(), &["--rows", &rows])).await;
    assert!(text.contains("60 rows, 0 rejected"), "{text}");
    assert!(text.contains("recorded rows") && !text.contains("are simulated"), "{text}");
}

#[tokio::test]
async fn an_ordinary_user_can_run_it_too() {
    let whoami = Command::new("id").arg("-u").output().await.unwrap();
    if String::from_utf8_lossy(&whoami.stdout).trim() != "0" {
        eprintln!("skipped: the tests do not run as root, so every other test is this one");
        return;
    }
    let data = temporary::folder();
    let program = data.path().join("cenovka");
    std::fs::copy(binary::built("cenovka"), &program).unwrap();
    std::os::unix::fs::chown(data.path(), Some(65_534), Some(65_534)).unwrap();
    let mut command = Command::new(&program);
    command.arg("--data-dir").arg(data.path()).args(["--days", "1", "--listings", "300"]);
    command.env_remove("DATABASE_URL").stdin(Stdio::null()).uid(65_534).gid(65_534).current_dir(data.path());
    let text = output(&mut command).await;
    assert!(text.contains("20 walks in the ledger"), "{text}");
}

#[tokio::test]
async fn operators_commands_say_which_setting_is_missing() {
    for (arguments, expected) in [
        (&["collect", "flats-sale"][..], "CENOVKA_PORTAL_URL is missing"),
        (&["load", "raw/x"][..], "`raw/x` is not the key of a raw object"),
        (&["migrate"][..], "DATABASE_URL is missing"),
    ] {
        let output = operator(arguments).env_remove("CENOVKA_PORTAL_URL").output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(expected), "{text}");
    }
}
