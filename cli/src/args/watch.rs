//! `cenovka watch`.

use std::path::PathBuf;

use clap::Subcommand;

use super::LocalArgs;

/// What to do with watches.
#[derive(Debug, Subcommand)]
pub enum WatchCommand {
    /// Name every fault of a file of watches, or say what each watch would have told.
    ///
    /// What happened is read from the warehouse's history: that of the simulated days, or with `--seeded` that of
    /// `cenovka seed`. If `DATABASE_URL` is set, that warehouse is asked; the loader's rights are enough. Nobody is
    /// told anything.
    Check {
        /// The file.
        file: PathBuf,
        /// So many days back from the last walk
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Whose history.
        #[command(flatten)]
        local: LocalArgs,
    },
    /// List the watches of a file: what each asks for, through which channels it tells, and in which language.
    List {
        /// The file.
        file: PathBuf,
    },
    /// Tell what is due once, as the notifier does.
    ///
    /// Settings come from the environment, as for the function: `CENOVKA_RAW_BUCKET`, `DATABASE_URL`,
    /// `CENOVKA_CHANNEL_SECRETS`, `AWS_…`. The watches are those beside the raw zone.
    Send {
        /// With --dry-run: says what the next run would give up, were these the watches
        file: Option<PathBuf>,
        /// Only say what waits, by watch and channel, and which channels cannot be used. Nothing is told or changed
        #[arg(long)]
        dry_run: bool,
    },
}
