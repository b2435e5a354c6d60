//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Listings on the simulated market
    #[arg(long, default_value_t = 10_000, global = true)]
    pub listings: usize,
    /// Serve these recorded rows instead of a simulated market
    #[arg(long, num_args = 1.., value_name = "FILE", global = true)]
    pub rows: Vec<PathBuf>,
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
    /// Look at the raw objects that the loader set aside, and release them.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Bring schema, roles and grants of the warehouse at `DATABASE_URL` up to date.
    ///
    /// Whoever that URL logs in as owns the warehouse from then on.
    Migrate,
    /// Keep portal simulator, S3 and Postgres running, and print the settings for functions that are invoked
    /// by hand.
    Serve,
    /// Open psql on the private Postgres of the simulated days.
    Psql {
        /// Arguments for psql, for example `-c "select count(*) from mart.current_listing"`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// What to do with the raw objects that the loader set aside.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List every raw object that is or was in quarantine, with the reason.
    ///
    /// Postgres comes from the environment: `DATABASE_URL`.
    List,
    /// Release a raw object and load it at once: a falsified walk without the check that it failed, any other as it is
    /// now read.
    ///
    /// Bucket, S3 and Postgres come from the environment, as for `load`.
    Release {
        /// Key of the raw object, as listed.
        key: String,
    },
}
