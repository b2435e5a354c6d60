//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::market::Market;

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
    /// Options of the simulated days.
    #[command(flatten)]
    pub simulation: SimulationArgs,
}

/// Options of the simulated days.
#[derive(Args, Clone, Debug)]
pub struct SimulationArgs {
    /// Folder for raw objects, Postgres and the state of the simulation
    /// [default: ~/.local/share/cenovka, /var/lib/cenovka for root]
    #[arg(long, env = "CENOVKA_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Simulated days to collect, counted from where the last run ended [default: 5, or 1 with --rows]
    #[arg(long)]
    pub days: Option<u32>,
    /// Listings on the simulated market [default: 10000, or 2500 of a seeded one]
    #[arg(long, global = true)]
    pub listings: Option<usize>,
    /// Serve the recorded rows of this file instead of a simulated market; can be given several times
    #[arg(long, value_name = "FILE", global = true)]
    pub rows: Vec<PathBuf>,
}

impl SimulationArgs {
    /// The market of the simulated days: recorded rows, if some are named.
    #[must_use]
    pub fn market(&self) -> Market<'_> {
        match self.rows.as_slice() {
            [] => Market::Simulated { listings: self.listings.unwrap_or(LISTINGS) },
            files => Market::Recorded { files },
        }
    }

    /// The market of `cenovka seed`.
    #[must_use]
    pub fn seeded_market(&self) -> Market<'_> {
        Market::Seeded { listings: self.listings.unwrap_or(SEEDED_LISTINGS) }
    }

    /// One of the two.
    #[must_use]
    pub fn market_or_seeded(&self, seeded: bool) -> Market<'_> {
        if seeded { self.seeded_market() } else { self.market() }
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
        /// With the market of `cenovka seed` instead
        #[arg(long)]
        seeded: bool,
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
    },
    /// Open Superset with dashboards over the warehouse of the simulated days, without Docker.
    ///
    /// Needs Python 3.10, 3.11 or 3.12 with venv. The first time it installs Superset from PyPI into the data folder,
    /// which takes minutes. If `DATABASE_URL` is set, it shows that warehouse; the URL must be an analyst's, who can
    /// read nothing but the marts.
    Dashboard(DashboardArgs),
    /// Open psql on the private Postgres of the simulated days.
    Psql {
        /// On that of `cenovka seed` instead
        #[arg(long)]
        seeded: bool,
        /// Arguments for psql, for example `-c "select count(*) from mart.current_listing"`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Options of the dashboard.
#[derive(Args, Clone, Debug)]
pub struct DashboardArgs {
    /// Show the market of `cenovka seed` instead
    #[arg(long)]
    pub seeded: bool,
    /// Port of 127.0.0.1 that Superset listens on
    #[arg(long, default_value_t = 8088)]
    pub port: u16,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
}

/// What to do with the raw objects that the loader set aside.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List every raw object that is or was in quarantine, with the reason and what was decided.
    ///
    /// Postgres comes from the environment: `DATABASE_URL`.
    List,
    /// Release a raw object and load it at once: a falsified walk without the check that it failed, any other as it is
    /// now read.
    ///
    /// The decision is stored beside the raw zone, so that a rebuilt warehouse decides the same.
    /// Bucket, S3 and Postgres come from the environment, as for `load`.
    Release {
        /// Key of the raw object, as listed.
        key: String,
        /// Release every later walk of the same segment, too, that is set aside for the same reason.
        #[arg(long)]
        following: bool,
        /// Who decides.
        #[command(flatten)]
        deciding: DecidingArgs,
        /// Why.
        #[arg(long, value_name = "REASON")]
        because: Option<String>,
    },
    /// Close a raw object for good: it is never loaded, and no check or alarm speaks of it any more.
    ///
    /// Bucket, S3 and Postgres come from the environment, as for `load`.
    Dismiss {
        /// Key of the object, as listed; also one that is no raw object's.
        key: String,
        /// Who decides.
        #[command(flatten)]
        deciding: DecidingArgs,
        /// Why.
        #[arg(long, value_name = "REASON")]
        because: String,
    },
}

/// Who decides.
#[derive(Args, Clone, Debug)]
pub struct DecidingArgs {
    /// Who decides [default: the user's name].
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}
