//! `cenovka site`: the lake and the page of a market, made as on AWS and served on this machine.
//!
//! ```text
//! <data folder>/<market>/s3/cenovka-lake   the lake
//! <data folder>/<market>/s3/cenovka-site   the page
//! ```

mod server;

use std::future::Future;
use std::time::Instant;

use publisher::{Publisher, Report, Site};
use warehouse::Warehouse;

use crate::args::{SiteArgs, in_shell};
use crate::dashboard::error::Error as DashboardError;
use crate::dashboard::login::{ANALYST, MAKE_ANALYST};
use crate::dashboard::{browser, check_port};
use crate::data_folder::DataFolder;
use crate::error::Error;
use crate::market::Market;
use crate::parts::{Postgres, bucket};
use local::object_store::ObjectStore;

const LAKE: &str = "cenovka-lake";
const SITE: &str = "cenovka-site";

/// Publishes a market, or the warehouse at `DATABASE_URL`, and serves the page until `interrupted` ends.
///
/// # Errors
/// If there is nothing to show, or a part of it fails.
pub async fn run(arguments: &SiteArgs, interrupted: impl Future<Output = ()>) -> Result<(), Error> {
    check_port(arguments.port)?;
    let market = arguments.local.market();
    let folder = DataFolder::open(arguments.local.data_dir(), &market)?;
    let postgres = Postgres::start(&folder).await?;
    let served = tokio::select! {
        served = serve(arguments, &market, &folder, &postgres) => served,
        () = interrupted => Ok(()),
    };
    postgres.stop().await?;
    served
}

async fn serve(
    arguments: &SiteArgs,
    market: &Market<'_>,
    folder: &DataFolder,
    postgres: &Postgres,
) -> Result<(), Error> {
    let warehouse = analysts_warehouse(market, postgres).await?;
    let (object_store, _events) = ObjectStore::start(&folder.object_store()).await?;
    let (lake, site) = (bucket(&object_store, LAKE).await?, bucket(&object_store, SITE).await?);
    let page = Site { bucket: site.clone(), listings: arguments.show_listings };
    println!("publishing the marts …");
    let begun = Instant::now();
    let report = Publisher::new(lake, Some(page), warehouse).publish().await?;
    let Report { publication, rows, files_written, files_kept, .. } = report;
    println!(
        "publication {publication}: {rows} rows, {files_written} files written and {files_kept} kept, in {:.1} s\n",
        begun.elapsed().as_secs_f64()
    );
    let address = format!("http://localhost:{}", arguments.port);
    println!("page   {address}");
    println!("lake   {}", in_shell(&folder.object_store().join(LAKE)));
    println!("\nThe page is there until Ctrl-C; docs/lake.md says how engines read the lake.");
    if !arguments.no_open {
        browser::open(&address);
    }
    server::serve(site, arguments.port).await
}

/// The warehouse as an analyst sees it, with something in it to show.
async fn analysts_warehouse(market: &Market<'_>, postgres: &Postgres) -> Result<Warehouse, Error> {
    let mut owners = postgres.filled_warehouse(market).await?;
    let Some(private) = &postgres.private else { return Ok(owners) };
    let made = owners.client().await?.batch_execute(MAKE_ANALYST).await;
    made.map_err(DashboardError::Login)?;
    Ok(Warehouse::new(&private.database_url_of(ANALYST), None)?)
}
