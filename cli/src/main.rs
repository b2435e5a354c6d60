//! `cenovka`: the functions on one machine, and the operator's commands.

use std::process::ExitCode;

use causes::with_causes;
use cenovka::args::{Cli, Command, QuarantineCommand, WatchCommand};
use cenovka::error::Error;
use cenovka::{dashboard, export, operator, parts, quarantine, seed, simulation, site, verify, watch};
use reconciler::Request;
use tracing::level_filters::LevelFilter;

/// As a shell reports a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { command, days, market } = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let level = match command {
        // What goes wrong on seeded days is meant to.
        Some(Command::Seed { .. }) => LevelFilter::OFF,
        _ => LevelFilter::WARN,
    };
    runtime::logs::init_for_terminal(level);
    let exports = matches!(command, Some(Command::Export(_)));
    let command = async {
        match command {
            None => simulation::run(&market, days, interrupted()).await,
            Some(Command::Serve { local, day_every }) => parts::serve(&local, day_every, interrupted()).await,
            Some(Command::Seed { days, folder }) => seed::run(&folder, days, interrupted()).await,
            Some(Command::Dashboard(arguments)) => dashboard::run(&arguments, interrupted()).await,
            Some(Command::Site(arguments)) => site::run(&arguments, interrupted()).await,
            Some(Command::Export(arguments)) => export::run(&arguments, interrupted()).await,
            Some(Command::Psql { local: which, arguments }) => parts::psql(&which, &arguments).await,
            Some(Command::Collect { segments, since }) => {
                operator::collect(collector::Request { segments, since }).await
            }
            Some(Command::Load { keys }) => operator::load(&keys).await,
            Some(Command::Reconcile { dry_run, older_than_minutes, younger_than_days }) => {
                let older_than_minutes = Some(older_than_minutes);
                let request =
                    Request { older_than_minutes, younger_than_days, dry_run, ..Request::default() };
                operator::reconcile(&request).await
            }
            Some(Command::Quarantine(QuarantineCommand::List)) => quarantine::list().await,
            Some(Command::Quarantine(QuarantineCommand::Release { key, following, deciding, because })) => {
                quarantine::release(&key, following, deciding.by, because).await
            }
            Some(Command::Quarantine(QuarantineCommand::Dismiss { key, deciding, because })) => {
                quarantine::dismiss(&key, deciding.by, because).await
            }
            Some(Command::Watch(WatchCommand::Check { file, days, local })) => {
                watch::check(&file, days, &local, interrupted()).await
            }
            Some(Command::Watch(WatchCommand::List { file })) => watch::list(&file),
            Some(Command::Watch(WatchCommand::Send { file, dry_run })) => {
                watch::send(file.as_deref(), dry_run).await
            }
            Some(Command::Verify { younger_than_days }) => verify::verify(younger_than_days).await,
            Some(Command::Migrate) => operator::migrate().await,
        }
    };
    match Box::pin(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Interrupted) => {
            let then = if exports { "nothing was written" } else { "the next run goes on from here" };
            eprintln!("\ncenovka: interrupted; {then}");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("cenovka: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// Ends when the user presses Ctrl-C or the process is told to end.
async fn interrupted() {
    runtime::interrupt::on_signals().cancelled().await;
}
