//! `cenovka dashboard`: Superset over the marts, without Docker.
//!
//! ```text
//! <data folder>/superset/venv-…           what pip installed, for all markets
//! <data folder>/<market>/superset/source/ the folder `superset` of this program's repository
//! <data folder>/<market>/superset/home/   Superset's own: secrets and whatever it writes
//! <data folder>/<market>/superset/server.log
//! ```
//!
//! Superset's metadata are in the database `superset` of the market's private Postgres, also where the warehouse is
//! elsewhere.

pub(crate) mod browser;
pub mod error;
pub(crate) mod login;
mod program;
mod python;
mod source;
mod venv;

use std::fs;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use runtime::settings::variable;
use warehouse::Warehouse;

use crate::args::DashboardArgs;
use crate::data_folder::DataFolder;
use crate::error::Error as CommandError;
use crate::market::Market;
pub use error::Error;
use local::postgres::PrivatePostgres;
use login::Login;
use program::Program;

/// The database of Superset's metadata.
const METADATA: &str = "superset";
/// What Superset says on standard error.
const LOG: &str = "server.log";
/// What Superset says when it answers.
const READY: &str = "ready";

/// Installs Superset if need be, points it at the warehouse of a market or at `DATABASE_URL`, and opens it. It runs
/// until `interrupted` ends.
///
/// # Errors
/// If anything of that fails, or Superset ends by itself.
pub async fn run(
    arguments: &DashboardArgs,
    interrupted: impl Future<Output = ()>,
) -> Result<(), CommandError> {
    let mut interrupted = std::pin::pin!(interrupted);
    check_port(arguments.port)?;
    let market = arguments.local.market();
    let folder = DataFolder::open(arguments.local.data_dir(), &market)?;
    let cluster = folder.postgres();
    let postgres = tokio::select! {
        postgres = PrivatePostgres::start(&cluster) => postgres?,
        () = &mut interrupted => return Err(CommandError::Interrupted),
    };
    let served = serve(&folder, &market, &postgres, arguments, interrupted).await;
    postgres.stop().await?;
    served
}

async fn serve(
    folder: &DataFolder,
    market: &Market<'_>,
    postgres: &PrivatePostgres,
    arguments: &DashboardArgs,
    mut interrupted: impl Future<Output = ()> + Unpin,
) -> Result<(), CommandError> {
    let home = folder.superset().join("home");
    let starting = async {
        let login = log_in(postgres, market).await?;
        let python = venv::provide(&folder.superset_installations(), source::requirements()).await?;
        let program = start(&folder.superset(), &home, &python, postgres, &login, arguments.port)?;
        Ok::<_, CommandError>(program)
    };
    let mut program = tokio::select! {
        program = starting => program?,
        () = &mut interrupted => return Err(CommandError::Interrupted),
    };
    let result = tokio::select! {
        result = show(&mut program, &home, arguments) => result.map_err(CommandError::from),
        () = &mut interrupted => Ok(()),
    };
    program.stop().await.map_err(CommandError::from)?;
    result
}

/// Says so at once, not after minutes.
pub(crate) fn check_port(port: u16) -> Result<(), Error> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(Error::PortInUse { port }),
        Err(source) => Err(Error::Port { port, source }),
    }
}

/// How to log in as an analyst, to a schema that is up to date and has something in it.
async fn log_in(postgres: &PrivatePostgres, market: &Market<'_>) -> Result<Login, CommandError> {
    postgres.make_database(METADATA).await?;
    if let Some(url) = variable("DATABASE_URL") {
        return Ok(Login::of_url(&url)?);
    }
    let mut warehouse = Warehouse::new(&postgres.database_url(), None)?;
    warehouse.migrate().await?;
    if warehouse.latest_start().await?.is_none() {
        return Err(Error::NothingToShow { fill: market.fill() }.into());
    }
    Ok(Login::analyst(postgres, warehouse.client().await?).await?)
}

fn start(
    folder: &Path,
    home: &Path,
    python: &Path,
    postgres: &PrivatePostgres,
    login: &Login,
    port: u16,
) -> Result<Program, Error> {
    let source = folder.join("source");
    source::write_out(&source)?;
    let script = source.join("start.py");
    Program::start("Superset", python, &[&script.to_string_lossy()], &folder.join(LOG), |command| {
        for name in login.removed() {
            command.env_remove(name);
        }
        command.envs(&login.set);
        command.env("CENOVKA_SUPERSET_HOME", home);
        command.env("SUPERSET_METADATA_URI", postgres.sqlalchemy_url(METADATA));
        command.env("CENOVKA_DASHBOARD_BIND", format!("{}:{port}", Ipv4Addr::LOCALHOST));
    })
}

/// Shows the steps of the start, then where to look, then nothing until Superset ends.
async fn show(program: &mut Program, home: &Path, arguments: &DashboardArgs) -> Result<(), Error> {
    loop {
        match program.line().await? {
            Some(line) if line == READY => break,
            Some(step) => println!("  {step}"),
            None => return Err(program.fail().await),
        }
    }
    let address = format!("http://localhost:{}", arguments.port);
    println!("\ndashboards   {address}");
    for user in ["viewer", "admin"] {
        let file = home.join("secrets").join(user);
        let password = fs::read_to_string(&file).map_err(Error::io("read", &file))?;
        println!("{user:<12} {}", password.trim());
    }
    println!("\nThey are there until Ctrl-C. Superset's log: {}", home.with_file_name(LOG).display());
    if !arguments.no_open {
        browser::open(&format!("{address}/superset/dashboard/market/"));
    }
    Err(program.fail().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_the_option_to_change_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = check_port(port).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--port"), "{error}");
        drop(listener);
        check_port(port).unwrap();
    }
}
