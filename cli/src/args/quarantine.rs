//! `cenovka quarantine`.

use clap::{Args, Subcommand};

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
