//! Everything around the functions, on this machine: portal simulator, S3, Postgres.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_sdk_s3::Client as S3Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use loader::Loader;
use reconciler::{LoaderFunction, Reconciler, Request};
use runtime::s3_event::ObjectCreated;
use runtime::settings::variable;
use runtime::{Bucket, Class, DatabaseSettings, Login};
use simulator::Simulator;
use sreality::Segment;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedReceiver;
use warehouse::Warehouse;

use crate::args::{LocalArgs, in_shell};
use crate::dashboard::error::Error as DashboardError;
use crate::data_folder::{DataFolder, State};
use crate::error::Error;
use crate::market::Market;
use local::object_store::{ObjectStore, REGION};
use local::postgres::PrivatePostgres;

pub(crate) const BUCKET: &str = "cenovka-raw";

/// Postgres at `DATABASE_URL`, or a private one.
pub(crate) struct Postgres {
    database: DatabaseSettings,
    pub(crate) private: Option<PrivatePostgres>,
}

impl Postgres {
    pub(crate) async fn start(folder: &DataFolder) -> Result<Self, Error> {
        if variable("DATABASE_URL").is_some() {
            return Ok(Self { database: DatabaseSettings::from_env()?, private: None });
        }
        let private = PrivatePostgres::start(&folder.postgres()).await?;
        let login = Login::Url(private.database_url());
        let database = DatabaseSettings { login, root_certificates: None };
        Ok(Self { database, private: Some(private) })
    }

    /// The warehouse in it, with a connection of its own.
    pub(crate) fn warehouse(&self) -> Result<Warehouse, Error> {
        Ok(credentials::warehouse(&self.database)?)
    }

    /// The same, with something in it. Only a private one is brought up to date.
    pub(crate) async fn filled_warehouse(&self, market: &Market<'_>) -> Result<Warehouse, Error> {
        let mut warehouse = self.warehouse()?;
        if self.private.is_some() {
            warehouse.migrate().await?;
            if warehouse.latest_start().await?.is_none() {
                return Err(DashboardError::NothingToShow { fill: market.fill() }.into());
            }
        }
        Ok(warehouse)
    }

    /// The same for simulated loads. Of those a private Postgres writes none to the disk at once: what a power cut
    /// takes is still in the raw zone, and loaded again by the next run.
    pub(crate) fn loaders_warehouse(&self) -> Result<Warehouse, Error> {
        match &self.private {
            Some(private) => {
                let url = format!("{}&options=-csynchronous_commit%3Doff", private.database_url());
                let database = DatabaseSettings { login: Login::Url(url), root_certificates: None };
                Ok(credentials::warehouse(&database)?)
            }
            None => self.warehouse(),
        }
    }

    pub(crate) async fn stop(self) -> Result<(), Error> {
        match self.private {
            Some(private) => Ok(private.stop().await?),
            None => Ok(()),
        }
    }
}

/// The parts that end with the process.
pub(crate) struct Local {
    pub(crate) simulator: Simulator,
    /// What there is to walk on the simulated portal.
    pub(crate) segments: Vec<Segment>,
    pub(crate) store: Bucket,
    pub(crate) events: UnboundedReceiver<ObjectCreated>,
    pub(crate) object_store: ObjectStore,
}

impl Local {
    /// Starts the parts, with the simulated market on this day, an up-to-date schema, and everything loaded
    /// that an earlier run stored but did not come to load.
    pub(crate) async fn start(
        market: &Market<'_>,
        folder: &DataFolder,
        postgres: &Postgres,
        day: u32,
    ) -> Result<Self, Error> {
        let mut warehouse = postgres.warehouse()?;
        let name = folder.market()?;
        check_market(&mut warehouse, &name).await?;
        warehouse.migrate().await?;
        let (source, segments) = market.source(day)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator = Simulator::start(source, address).await.map_err(Error::Simulator)?;
        simulator.set_market(&name);
        let (object_store, events) = ObjectStore::start(&folder.object_store()).await?;
        let store = bucket(&object_store, BUCKET).await?;
        load_left_over(&store, Loader::new(store.clone(), warehouse), postgres.warehouse()?).await?;
        Ok(Self { simulator, segments, store, events, object_store })
    }
}

/// Refuses a warehouse that holds another market, before anything in it is changed.
async fn check_market(warehouse: &mut Warehouse, name: &str) -> Result<(), Error> {
    let ours = format!("simulated:{name}");
    match warehouse.market().await? {
        Some(held) if held != ours => Err(Error::OtherMarket { held, ours }),
        _ => Ok(()),
    }
}

/// A bucket of the S3 in this process, made if it is not there.
pub(crate) async fn bucket(object_store: &ObjectStore, name: &str) -> Result<Bucket, Error> {
    let access_key = object_store.access_key();
    let secret_key = object_store.secret_key();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(runtime::aws::http_client())
        .region(Region::new(REGION))
        .endpoint_url(object_store.endpoint())
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "cenovka"));
    let client = S3Client::from_conf(runtime::bucket::for_own_endpoint(config).build());
    if client.head_bucket().bucket(name).send().await.is_err() {
        let created = client.create_bucket().bucket(name).send().await;
        created
            .map_err(|error| Error::Bucket { name: name.to_owned(), reason: runtime::aws::reason(&error) })?;
    }
    Ok(Bucket::new(client, name.to_owned()))
}

/// Loads what an earlier run stored but did not come to load: its events are gone.
async fn load_left_over(store: &Bucket, loader: Loader, warehouse: Warehouse) -> Result<(), Error> {
    let reconciler = Reconciler::new(store.clone(), warehouse, LocalLoader(loader));
    let everything = Request { older_than_minutes: Some(0), ..Request::default() };
    Box::pin(reconciler.reconcile(&everything, None)).await.map(drop).map_err(Error::Failed)
}

/// The loader in this process, in place of the deployed one.
pub(crate) struct LocalLoader(pub(crate) Loader);

impl LoaderFunction for LocalLoader {
    async fn load(&self, key: &str, event: serde_json::Value) -> Result<(), reconciler::Error> {
        let error = |class, reason| reconciler::Error::Load { key: key.to_owned(), reason, class };
        let event = serde_json::from_value(event).map_err(|cause| error(Class::Reject, cause.to_string()))?;
        let loaded = Box::pin(self.0.load_event(&event, None)).await;
        loaded.map(drop).map_err(|failure| error(failure.class, failure.message))
    }
}

/// Keeps portal simulator, S3 and Postgres running for functions that are invoked by hand, and prints their
/// settings. Days pass in a simulated market every so often, if they are to.
///
/// # Errors
/// If a part cannot start, or the day that the market has reached cannot be kept.
pub async fn serve(
    arguments: &LocalArgs,
    day_every: Option<Duration>,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Error> {
    let market = arguments.market();
    let folder = DataFolder::open(arguments.data_dir(), &market)?;
    let postgres = Postgres::start(&folder).await?;
    let state = folder.state()?;
    let local = Local::start(&market, &folder, &postgres, state.days).await?;
    let object_store = &local.object_store;
    let (login, value) = match &postgres.database.login {
        Login::Url(url) => ("DATABASE_URL", url),
        Login::Secret(arn) => ("DATABASE_URL_SECRET", arn),
    };
    for (name, value) in [
        ("CENOVKA_PORTAL_URL", local.simulator.base_url().as_str()),
        ("CENOVKA_REQUESTS_PER_SECOND", "1000"),
        ("CENOVKA_RAW_BUCKET", BUCKET),
        (login, value.as_str()),
        ("AWS_ENDPOINT_URL", object_store.endpoint().as_str()),
        ("AWS_ACCESS_KEY_ID", object_store.access_key()),
        ("AWS_SECRET_ACCESS_KEY", object_store.secret_key()),
        ("AWS_REGION", REGION),
    ] {
        println!("export {name}='{value}'");
    }
    if let Some(path) = &postgres.database.root_certificates {
        println!("export PGSSLROOTCERT={}", in_shell(path));
    }
    println!("# running until Ctrl-C; paste the lines above where you invoke functions");
    let passing = async {
        match day_every.filter(|_| market.is_simulated()) {
            Some(every) => {
                let kept = |day| folder.save(State { days: day, ..state });
                local.simulator.pass_days(every, kept).await
            }
            None => std::future::pending().await,
        }
    };
    let served = tokio::select! {
        () = interrupted => Ok(()),
        unkept = passing => unkept,
    };
    drop(local);
    postgres.stop().await?;
    Ok(served?)
}

/// Opens psql on the private Postgres.
///
/// # Errors
/// If there is none, or it or psql cannot start, or psql fails.
pub async fn psql(which: &LocalArgs, psql_arguments: &[String]) -> Result<(), Error> {
    if variable("DATABASE_URL").is_some() {
        return Err(Error::NoPrivatePostgres);
    }
    let folder = DataFolder::open(which.data_dir(), &which.market())?;
    let postgres = PrivatePostgres::start(&folder.postgres()).await?;
    // psql handles Ctrl-C itself; this process must outlive it to stop Postgres.
    let _ignored = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    let status =
        Command::new(postgres.psql()).arg(postgres.database_url()).args(psql_arguments).status().await;
    postgres.stop().await?;
    match status.map_err(Error::Psql)? {
        status if status.success() => Ok(()),
        status => Err(Error::Psql(std::io::Error::other(status.to_string()))),
    }
}
