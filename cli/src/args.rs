//! The command line.

mod export;
mod quarantine;
mod watch;

use std::ffi::OsString;
use std::mem;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Error, Parser, Subcommand};
use simulator::day_length;

use crate::market::Market;
pub use export::{ExportArgs, ExportFilters, ExportFormat};
pub use quarantine::{DecidingArgs, QuarantineCommand};
pub use watch::WatchCommand;

/// Listings on the market of the simulated days.
const LISTINGS: usize = 10_000;
/// Listings on a seeded market: so many that a quarter of it takes less than two minutes.
const SEEDED_LISTINGS: usize = 2_500;

/// Cenovka: Czech property data from the portal to Postgres.
///
/// Without a command it shows the whole thing working on this machine: a simulated portal, an S3, a private
/// Postgres, and the functions between them, for a few simulated days. Nothing is asked from the real portal.
#[derive(Debug, Parser)]
#[command(name = "cenovka", version, about, long_about)]
pub struct Cli {
    /// What to do; without it, the simulated days.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Simulated days to collect, counted from where the last run ended [default: 5, or 1 with --rows]
    #[arg(long)]
    pub days: Option<u32>,
    /// The market of the simulated days, or of a command that heeds it.
    #[command(flatten)]
    pub market: MarketArgs,
}

impl Cli {
    /// Reads a command line. Options of the market may stand before the command or after it.
    ///
    /// # Errors
    /// With the text to print, which may be the help that was asked for.
    pub fn read(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, Error> {
        let mut cli = Self::try_parse_from(arguments)?;
        let before = match cli.command {
            None => return Ok(cli),
            Some(_) => mem::take(&mut cli.market),
        };
        let unheeded = match &mut cli.command {
            Some(
                Command::Serve { local, .. }
                | Command::Watch(WatchCommand::Check { local, .. })
                | Command::Psql { local, .. }
                | Command::Dashboard(DashboardArgs { local, .. })
                | Command::Site(SiteArgs { local, .. }),
            ) => local.heed(before),
            Some(Command::Export(arguments)) => arguments.local.heed(before),
            Some(Command::Seed { folder, .. }) => {
                folder.fill(before.folder);
                if before.rows.is_empty() { None } else { Some("--rows") }
            }
            _ => before.first_given(),
        };
        match unheeded.or(cli.days.map(|_| "--days")) {
            None => Ok(cli),
            Some(option) => {
                let text = format!("this command does not heed {option}; leave it out\n");
                Err(Error::raw(ErrorKind::ArgumentConflict, text).with_cmd(&Self::command()))
            }
        }
    }
}

/// Where a local run keeps its data, and how large its market is.
#[derive(Args, Clone, Debug, Default)]
pub struct FolderArgs {
    /// Folder for raw objects, Postgres and the state of the simulation
    /// [default: that of the variable `CENOVKA_DATA_DIR`, or ~/.local/share/cenovka, for root /var/lib/cenovka]
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Listings on the simulated market [default: 10000, or 2500 of a seeded one]
    #[arg(long)]
    pub listings: Option<usize>,
}

impl FolderArgs {
    /// Takes what is not given from what was given before the command.
    fn fill(&mut self, before: Self) {
        self.data_dir = self.data_dir.take().or(before.data_dir);
        self.listings = self.listings.or(before.listings);
    }

    /// These options as they were typed, for another command over the same data.
    #[must_use]
    pub fn typed(&self) -> String {
        let folder = self.data_dir.as_ref().map(|folder| format!(" --data-dir {}", in_shell(folder)));
        let listings = self.listings.map(|listings| format!(" --listings {listings}"));
        folder.unwrap_or_default() + &listings.unwrap_or_default()
    }

    /// The market of `cenovka seed`.
    #[must_use]
    pub fn seeded_market(&self) -> Market<'_> {
        Market::Seeded { listings: self.listings.unwrap_or(SEEDED_LISTINGS) }
    }
}

/// Options of a market.
#[derive(Args, Clone, Debug, Default)]
pub struct MarketArgs {
    /// Folder and size.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Serve the recorded rows of this file instead of a simulated market; can be given several times
    #[arg(long, value_name = "FILE")]
    pub rows: Vec<PathBuf>,
}

impl MarketArgs {
    fn fill(&mut self, before: Self) {
        self.folder.fill(before.folder);
        if self.rows.is_empty() {
            self.rows = before.rows;
        }
    }

    /// As [`FolderArgs::typed`].
    #[must_use]
    pub fn typed(&self) -> String {
        let rows = self.rows.iter().map(|file| format!(" --rows {}", in_shell(file)));
        self.folder.typed() + &rows.collect::<String>()
    }

    fn first_given(&self) -> Option<&'static str> {
        match self {
            Self { folder: FolderArgs { data_dir: Some(_), .. }, .. } => Some("--data-dir"),
            Self { folder: FolderArgs { listings: Some(_), .. }, .. } => Some("--listings"),
            Self { rows, .. } if !rows.is_empty() => Some("--rows"),
            _ => None,
        }
    }

    /// The market of the simulated days: recorded rows, if some are named.
    #[must_use]
    pub fn market(&self) -> Market<'_> {
        match self.rows.as_slice() {
            [] => Market::Simulated { listings: self.folder.listings.unwrap_or(LISTINGS) },
            files => Market::Recorded { files },
        }
    }
}

/// A market that a run before has filled.
#[derive(Args, Clone, Debug)]
pub struct LocalArgs {
    /// The market of `cenovka seed` instead of that of the simulated days
    #[arg(long)]
    pub seeded: bool,
    /// The market.
    #[command(flatten)]
    pub market: MarketArgs,
}

impl LocalArgs {
    /// Takes options that stood before the command; the one of them that it does not heed.
    fn heed(&mut self, before: MarketArgs) -> Option<&'static str> {
        self.market.fill(before);
        if self.seeded && !self.market.rows.is_empty() { Some("--rows") } else { None }
    }

    /// The one of the two that is meant.
    #[must_use]
    pub fn market(&self) -> Market<'_> {
        if self.seeded { self.market.folder.seeded_market() } else { self.market.market() }
    }

    /// The folder that is named.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        self.market.folder.data_dir.as_deref()
    }
}

/// The operator's commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Walk segments of the portal and store them as raw objects.
    ///
    /// Portal, bucket and S3 come from the environment, as for the function: `CENOVKA_PORTAL_URL`,
    /// `CENOVKA_RAW_BUCKET`, `AWS_…`.
    Collect {
        /// Segments, for example flats-sale or flats-rent/praha.
        #[arg(required = true)]
        segments: Vec<String>,
        /// Only adverts that are not older: 24h, 7d or 30d. Cheap, but such a walk cannot say that a listing is gone.
        #[arg(long, value_name = "AGE")]
        since: Option<String>,
    },
    /// Load raw objects into the warehouse.
    ///
    /// Bucket, S3 and Postgres come from the environment, as for the function: `CENOVKA_RAW_BUCKET`,
    /// `DATABASE_URL`, `AWS_…`.
    Load {
        /// Keys of raw objects.
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Load every raw object that the ledger lacks, the oldest first.
    ///
    /// Against an empty warehouse this rebuilds it. Objects with rejects that a newer parser may understand are loaded
    /// again. Bucket, S3 and Postgres come from the environment, as for `load`.
    Reconcile {
        /// Only say what is missing.
        #[arg(long)]
        dry_run: bool,
        /// Leave objects alone that were stored less than so many minutes ago.
        #[arg(long, default_value_t = 0)]
        older_than_minutes: u32,
        /// Leave objects alone that were stored more than so many days ago.
        #[arg(long)]
        younger_than_days: Option<u32>,
    },
    /// Look at the raw objects that the loader set aside, and release them.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Try watches out, and tell them by hand: docs/watches.md describes them.
    #[command(subcommand)]
    Watch(WatchCommand),
    /// Compare ledger, raw zone and tables, and print what differs. Nothing is changed.
    ///
    /// Compares the keys in the raw zone with ledger and quarantine; reads every loaded raw object again and compares its
    /// rows with the tables; and compares the tables with each other. Prints a line for each difference, the first 20 of
    /// a kind, and fails if there is any. What is in quarantine is told, and no difference. An object that arrives
    /// meanwhile may be told as not loaded. The loader's rights are enough. Bucket, S3 and Postgres come from the
    /// environment, as for `load`.
    Verify {
        /// Read only those raw objects again whose walks started less than so many days ago.
        #[arg(long)]
        younger_than_days: Option<u32>,
    },
    /// Bring schema, roles and grants of the warehouse at `DATABASE_URL` up to date.
    ///
    /// Whoever that URL logs in as owns the warehouse from then on.
    Migrate,
    /// Keep portal simulator, S3 and Postgres running, and print the settings for functions that are invoked
    /// by hand.
    Serve {
        /// Which market.
        #[command(flatten)]
        local: LocalArgs,
        /// Lets a day pass every so often (`3m`, `90s`); each third one is a bad one, on which requests meet faults.
        /// Without it the market stands still
        #[arg(long, value_name = "DURATION", env = "CENOVKA_DAY_EVERY", value_parser = day_length)]
        day_every: Option<Duration>,
    },
    /// Fill a warehouse with a simulated quarter that ends today, for dashboards to look at.
    ///
    /// The market of the simulated days, with other dates: the last of the days is today (UTC). Everything goes
    /// through collector, S3 and loader, and no price or listing exists. A second run goes on to today from where the
    /// first ended. Each number of listings has a folder of its own, apart from that of `cargo run`: `dashboard`,
    /// `psql` and `serve` open it with `--seeded`. If `DATABASE_URL` is set, that warehouse is filled, which must be
    /// empty at first.
    ///
    /// Sales, and rents of flats and commercial space are walked every day; what is small every seventh, on the first
    /// and on the last. The pipeline has its bad days, the same ones in each 30 days, but never on the last two: the portal refuses with 429
    /// or 503, cuts answers off, announces more than it shows (a walk that stays incomplete), leaves out a key (drift
    /// that ends), sends rows that cannot be understood (rejects) and falsified prices (an object in quarantine). From
    /// the 41st day on, rows of commercial space for sale have new keys (drift that stays).
    Seed {
        /// Days that the first run simulates; later runs go on to today
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Folder and size.
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Open Superset with dashboards over the warehouse of the simulated days, without Docker.
    ///
    /// Needs Python 3.10, 3.11 or 3.12 with venv. The first time it installs Superset from PyPI into the data folder,
    /// which takes minutes. If `DATABASE_URL` is set, it shows that warehouse; the URL must be an analyst's, who can
    /// read nothing but the marts.
    Dashboard(DashboardArgs),
    /// Publish the lake and the page of the simulated days, and show the page.
    ///
    /// Does what the publisher does on AWS: the marts become Parquet files and a static page, in two buckets of the data
    /// folder, and the page is served on this machine alone, with the headers that it has on AWS. If
    /// `DATABASE_URL` is set, that warehouse is published; the URL should be an analyst's.
    Site(SiteArgs),
    /// Write a mart to a file: CSV, Parquet or XLSX.
    ///
    /// `docs/schema.md` says which marts there are. Rows are those of one moment. Intervals are in seconds, times in UTC. If
    /// `DATABASE_URL` is set, that warehouse is read; the URL should be an analyst's.
    Export(Box<ExportArgs>),
    /// Open psql on the private Postgres of the simulated days.
    Psql {
        /// Which one.
        #[command(flatten)]
        local: LocalArgs,
        /// Arguments for psql, for example `-c "select count(*) from mart.current_listing"`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Options of the dashboard.
#[derive(Args, Clone, Debug)]
pub struct DashboardArgs {
    /// What it shows.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Port of 127.0.0.1 that Superset listens on
    #[arg(long, default_value_t = 8088)]
    pub port: u16,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
}

/// Options of the page.
#[derive(Args, Clone, Debug)]
pub struct SiteArgs {
    /// What it shows.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Port of 127.0.0.1 that the page is served on
    #[arg(long, default_value_t = 8089)]
    pub port: u16,
    /// Show single listings, too: of a real portal only with its permission
    #[arg(long)]
    pub show_listings: bool,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
}

/// A path as a shell takes it for one word.
pub(crate) fn in_shell(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, Error> {
        Cli::read(line.split(' '))
    }

    #[test]
    fn options_are_told_as_they_were_typed() {
        let cli = read("cenovka --data-dir /tmp/a --listings 500 --rows b.json").unwrap();
        assert_eq!(cli.market.typed(), " --data-dir '/tmp/a' --listings 500 --rows 'b.json'");
        assert_eq!(read("cenovka").unwrap().market.typed(), "");
        let cli = read("cenovka --data-dir /tmp/o'neill").unwrap();
        assert_eq!(cli.market.typed(), r" --data-dir '/tmp/o'\''neill'");
    }

    #[test]
    fn rows_before_a_command_leave_the_command_alone() {
        let cli = read("cenovka --rows a.json --rows b.json psql -c x").unwrap();
        let Some(Command::Psql { local, arguments }) = cli.command else { panic!("{cli:?}") };
        assert_eq!(arguments, ["-c", "x"]);
        assert_eq!(local.market.rows, [PathBuf::from("a.json"), PathBuf::from("b.json")]);
        assert!(matches!(local.market(), Market::Recorded { .. }));
    }

    #[test]
    fn what_stands_after_the_command_wins() {
        let cli = read("cenovka --listings 1 --data-dir a serve --listings 2").unwrap();
        let Some(Command::Serve { local, .. }) = cli.command else { panic!("{cli:?}") };
        assert!(matches!(local.market(), Market::Simulated { listings: 2 }));
        assert_eq!(local.data_dir(), Some(Path::new("a")));
    }

    #[test]
    fn an_option_that_a_command_does_not_heed_is_refused_by_name() {
        for (line, option) in [
            ("cenovka --listings 5 migrate", "--listings"),
            ("cenovka --data-dir x load raw/a", "--data-dir"),
            ("cenovka --rows x verify", "--rows"),
            ("cenovka --rows x seed", "--rows"),
            ("cenovka --rows x psql --seeded", "--rows"),
            ("cenovka --days 3 serve", "--days"),
            ("cenovka --days 3 watch check a.toml", "--days"),
            ("cenovka --listings 5 watch send", "--listings"),
        ] {
            let error = read(line).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{line}");
            assert!(error.to_string().contains(option), "{line}: {error}");
        }
    }

    #[test]
    fn the_help_of_a_command_lists_only_what_it_heeds() {
        let market = ["--data-dir", "--listings", "--rows"];
        for (command, heeded) in [
            ("collect", &market[..0]),
            ("load", &market[..0]),
            ("reconcile", &market[..0]),
            ("quarantine list", &market[..0]),
            ("verify", &market[..0]),
            ("migrate", &market[..0]),
            ("seed", &market[..2]),
            ("serve", &market),
            ("psql", &market),
            ("watch check", &market),
            ("watch list", &market[..0]),
            ("watch send", &market[..0]),
            ("dashboard", &market),
        ] {
            let help = read(&format!("cenovka {command} --help")).unwrap_err();
            assert_eq!(help.kind(), ErrorKind::DisplayHelp);
            let help = help.to_string();
            let listed: Vec<_> =
                market.into_iter().filter(|option| help.contains(&format!("{option} <"))).collect();
            assert_eq!(listed, heeded, "{command}: {help}");
        }
    }
}
