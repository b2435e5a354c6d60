//! `simulator`: serves the simulated portal until it is interrupted.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use simulator::{FaultError, Faults, Market, RecordedRows, RecordedRowsError, Robots, Simulator, Source};

/// Answers as the portal's API does, from a seeded market or from recorded rows.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", env = "PORTAL_SIMULATOR_LISTEN")]
    listen: SocketAddr,
    /// The same seed gives the same market.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many listings the market holds.
    #[arg(long, default_value_t = 105_000, value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    listings: u32,
    /// The day on which the market starts.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3_660))]
    day: u32,
    /// What every answer calls the market, by which a warehouse knows it [default: made of seed and listings, or of the
    /// files' names].
    #[arg(long, env = "PORTAL_SIMULATOR_MARKET")]
    market: Option<String>,
    /// Serves recorded rows from these files instead of a market.
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with_all = ["seed", "listings", "day"])]
    rows: Vec<PathBuf>,
    /// Lets requests meet a fault: its name, for some an argument in parentheses, and a rate from 0 to 1, without which
    /// it occurs always. Can be given several times, and also takes `user-agent=required` and `accept=any`.
    #[arg(long, value_name = "FAULT[(ARGUMENT)][=RATE]")]
    fault: Vec<String>,
    /// What the first requests meet, one after the other: `ok*3, 429(retry-after=2), reset`.
    #[arg(long, value_name = "STEP[*TIMES],…")]
    script: Option<String>,
    /// The same seed gives the same faults to the same requests.
    #[arg(long, default_value_t = 1)]
    fault_seed: u64,
    /// Answers /robots.txt with this file.
    #[arg(long, value_name = "FILE")]
    robots: Option<PathBuf>,
    /// The HTTP status of /robots.txt.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    robots_status: u16,
}

/// Why the simulator did not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Rows(#[from] RecordedRowsError),
    #[error(transparent)]
    Fault(#[from] FaultError),
    #[error("cannot read {}: {source}", file.display())]
    Robots { file: PathBuf, source: io::Error },
    #[error(
        "cannot listen on {address}: another program listens there; stop it, or name another port with --listen"
    )]
    InUse { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot wait for an interrupt: {0}")]
    Interrupt(io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), StartError> {
    let (faults, robots) = (faults(&arguments)?, robots(&arguments)?);
    let (source, content) = source(&arguments)?;
    let address = arguments.listen;
    let simulator = Simulator::start(source, address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse { address },
        _ => StartError::Listen { address, source },
    })?;
    let known = if faults == Faults::default() { String::new() } else { format!("; faults: {faults}") };
    simulator.set_faults(faults);
    simulator.set_robots(robots);
    if let Some(market) = &arguments.market {
        simulator.set_market(market);
    }
    println!("listening on {} with {content}{known}", simulator.base_url());
    tokio::signal::ctrl_c().await.map_err(StartError::Interrupt)?;
    println!("stopping after {} requests", simulator.requests().len());
    simulator.stop().await;
    Ok(())
}

/// What to serve, and how to call it.
fn source(arguments: &Arguments) -> Result<(Source, String), StartError> {
    let Arguments { seed, listings, day, .. } = *arguments;
    if arguments.rows.is_empty() {
        let mut market = Market::new(seed, listings as usize);
        market.advance_to(day);
        let content = format!("{} listings on day {day} (seed {seed})", market.len());
        return Ok((Source::Market(market), content));
    }
    let rows = RecordedRows::read(&arguments.rows)?;
    let segments: Vec<_> = rows.segments().iter().map(ToString::to_string).collect();
    let content = format!("{} recorded rows of {}", rows.len(), segments.join(", "));
    Ok((Source::Rows(rows), content))
}

fn faults(arguments: &Arguments) -> Result<Faults, FaultError> {
    let mut faults = Faults::default().with_seed(arguments.fault_seed);
    let script = arguments.script.as_ref().map(|script| format!("script={script}"));
    arguments.fault.iter().chain(&script).try_for_each(|item| faults.add(item))?;
    Ok(faults)
}

fn robots(arguments: &Arguments) -> Result<Robots, StartError> {
    let text = match &arguments.robots {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|source| StartError::Robots { file: file.clone(), source })?,
        None => Robots::default().text,
    };
    Ok(Robots { status: arguments.robots_status, text })
}
