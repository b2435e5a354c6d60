//! The pause that the portal has asked for, kept where the next process finds it: a function's process is gone within
//! minutes, a command's at its end.

use runtime::{Bucket, StoreError};
use serde::{Deserialize, Serialize};
use sreality_client::{Client, Refused};

use crate::error::Error;

/// The only object of the raw bucket that is ever overwritten.
const KEY: &str = "pause.json";

/// The latest pause of a portal's.
#[derive(Debug, Serialize, Deserialize)]
struct Pause {
    /// Base URL of the portal.
    portal: String,
    refused: Refused,
}

/// Lets the client know of a pause that an earlier process was asked for.
pub(crate) async fn read(store: &Bucket, portal: &Client) -> Result<(), Error> {
    let json = match store.read(KEY).await {
        Ok(json) => json,
        Err(StoreError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(Error::KeepPause(error)),
    };
    let pause: Pause = serde_json::from_slice(&json).map_err(|reason| Error::NoPause { key: KEY, reason })?;
    if pause.portal == portal.base_url().as_str() {
        portal.keep_pause(pause.refused);
    }
    Ok(())
}

/// Keeps the pause that the client was asked for, if it was.
pub(crate) async fn keep(store: &Bucket, portal: &Client) -> Result<(), Error> {
    let Some(refused) = portal.pause() else { return Ok(()) };
    let pause = Pause { portal: portal.base_url().as_str().to_owned(), refused };
    let json = serde_json::to_vec(&pause).map_err(|reason| Error::NoPause { key: KEY, reason })?;
    store.put_json(KEY, json).await.map_err(Error::KeepPause)
}
