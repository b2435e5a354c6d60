//! The simulator over HTTP: each test states one behaviour of the portal, or one promise to those who test
//! with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and ask the simulator as they like"
)]

mod client;
mod falsified;
mod faults;
mod filters;
mod moving;
mod paging;
mod recorded;
mod rows;
mod running;
mod switching;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::LazyLock;

use reqwest::header::ACCEPT;
use reqwest::{Client, ClientBuilder, Response, redirect};
use serde_json::Value;
use simulator::{Market, Simulator, Source};

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const FLATS_SALE: &str = "category_main_cb=1&category_type_cb=1&locality_country_id=112";

async fn simulator(listings: usize) -> Simulator {
    Simulator::start(Source::Market(Market::new(7, listings)), ANY_PORT).await.unwrap()
}

/// A client like anybody's. reqwest wants to know who encrypts even where nothing is encrypted.
fn client_builder() -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

fn any_client() -> Client {
    client_builder().build().unwrap()
}

/// Without a pool, because a connection must not outlive the runtime of its test.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let client = client_builder().user_agent("test/1.0").redirect(redirect::Policy::none());
    client.pool_max_idle_per_host(0).build().unwrap()
});

/// Asks as a client should that wants rows as they are recorded.
async fn ask(simulator: &Simulator, path: &str) -> reqwest::Result<Response> {
    let url = format!("{}{path}", simulator.base_url());
    CLIENT.get(url).header(ACCEPT, "application/json").send().await
}

/// Status and JSON of a path.
async fn get(simulator: &Simulator, path: &str) -> (u16, Value) {
    let response = ask(simulator, path).await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

async fn search(simulator: &Simulator, query: &str) -> Value {
    let (status, page) = get(simulator, &format!("/api/v1/estates/search?{query}")).await;
    assert_eq!(status, 200, "{query}: {page}");
    page
}

async fn total(simulator: &Simulator, query: &str) -> u64 {
    search(simulator, &format!("{query}&limit=0")).await["pagination"]["total"].as_u64().unwrap()
}

/// All rows of a query, page by page.
async fn walk(simulator: &Simulator, query: &str, limit: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let page = search(simulator, &format!("{query}&limit={limit}&offset={}", rows.len())).await;
        let results = page["results"].as_array().unwrap();
        rows.extend_from_slice(results);
        if results.len() < limit {
            return rows;
        }
    }
}

fn hash_id(row: &Value) -> u64 {
    row["hash_id"].as_u64().unwrap()
}

/// The recorded rows beside the repository; `None`, said once, where they are not: they belong to the portal
/// and are never part of it.
fn recorded_files() -> Option<Vec<PathBuf>> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = shared.join("data/v1");
    match std::fs::read_dir(&folder) {
        Ok(entries) => {
            let files = entries.map(|entry| entry.unwrap().path());
            let mut files: Vec<_> =
                files.filter(|file| file.extension().is_some_and(|kind| kind == "json")).collect();
            files.sort();
            Some(files)
        }
        Err(error) if std::env::var_os("CI").is_some() && shared.exists() => {
            panic!("{} is there but {} cannot be read: {error}", shared.display(), folder.display())
        }
        Err(_) => {
            eprintln!("skipped: no recorded rows at {}", folder.display());
            None
        }
    }
}
