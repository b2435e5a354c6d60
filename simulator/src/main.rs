//! `simulator`: serves the simulated portal until it is interrupted.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use causes::with_causes;
use clap::Parser;
use simulator::{
    FaultError, Faults, Market, RecordedRows, RecordedRowsError, Robots, Simulator, Source, day_length,
};

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
    /// Lets a day pass every so often (`3m`, `90s`); each third one is a bad one, on which requests meet faults. Without
    /// it the market stands still.
    #[arg(long, env = "PORTAL_SIMULATOR_DAY_EVERY", value_name = "DURATION", value_parser = day_length)]
    day_every: Option<Duration>,
    /// Keeps the day in this file, and goes on from it at the next start.
    #[arg(long, env = "PORTAL_SIMULATOR_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
    /// What every answer calls the market, by which a warehouse knows it [default: made of seed and listings, or of the
    /// files' names].
    #[arg(long, env = "PORTAL_SIMULATOR_MARKET")]
    market: Option<String>,
    /// Serves recorded rows from these files instead of a market.
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with_all = ["seed", "listings", "day", "day_every", "state"])]
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
    #[error("cannot read {}", file.display())]
    Robots { file: PathBuf, source: io::Error },
    #[error("cannot keep the day in {} (another --state may do)", file.display())]
    State { file: PathBuf, source: io::Error },
    #[error(
        "cannot listen on {address}: another program listens there; stop it, or name another port with --listen"
    )]
    InUse { address: SocketAddr },
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot wait for an interrupt")]
    Interrupt(#[source] io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulator: {}", with_causes(&error));
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
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(StartError::Interrupt)?,
        unkept = pass_days(&simulator, &arguments) => unkept?,
    }
    println!("stopping after {} requests", simulator.requests().len());
    simulator.stop().await;
    Ok(())
}

/// Lets days pass, if they are to. It ends only if a day cannot be kept.
async fn pass_days(simulator: &Simulator, arguments: &Arguments) -> Result<(), StartError> {
    let begun = |day: u32| {
        // Whoever read this may have gone.
        let _ = writeln!(io::stdout(), "day {day}");
        match &arguments.state {
            Some(file) => {
                keep_day(file, day).map_err(|source| StartError::State { file: file.clone(), source })
            }
            None => Ok(()),
        }
    };
    match arguments.day_every {
        Some(every) => simulator.pass_days(every, begun).await,
        None => std::future::pending().await,
    }
}

/// Writes the day whole or not at all: a simulator that is killed meanwhile must start again.
fn keep_day(file: &Path, day: u32) -> io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, day.to_string())?;
    std::fs::rename(new, file)
}

/// The day to begin with: the one that was kept, or else the one that was given.
fn first_day(arguments: &Arguments) -> Result<u32, StartError> {
    let Some(file) = &arguments.state else { return Ok(arguments.day) };
    let error = |source| StartError::State { file: file.clone(), source };
    match std::fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(|cause| error(io::Error::other(cause))),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(arguments.day),
        Err(source) => Err(error(source)),
    }
}

/// What to serve, and how to call it.
fn source(arguments: &Arguments) -> Result<(Source, String), StartError> {
    let Arguments { seed, listings, .. } = *arguments;
    if arguments.rows.is_empty() {
        let day = first_day(arguments)?;
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
