//! A bucket: S3, or anything that speaks its protocol.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use aws_smithy_checksums::ChecksumAlgorithm;
use causes::with_causes;
use jiff::Timestamp;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::aws;
use crate::failure::{Class, Classed};
use crate::s3_event::ObjectCreated;
use crate::settings::variable;

/// Pause before a put is tried again after a conflict; it doubles with every further one.
const CONFLICT_PAUSE: Duration = Duration::from_millis(200);
/// Larger objects are fetched into a file. The largest segments of the portal, of some 20 000 listings, have 13 MB; writing
/// and reading that takes some milliseconds.
const LARGEST_IN_MEMORY: usize = 4 * 1024 * 1024;
/// The pause after which a conflict is final.
const LONGEST_CONFLICT_PAUSE: Duration = Duration::from_millis(1600);

/// Why an object could not be stored or fetched.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("s3://{bucket}/{key} exists already, and is never changed")]
    Exists { bucket: String, key: String },
    /// A put that was to replace what this process had read.
    #[error("s3://{bucket}/{key} was replaced by somebody else meanwhile")]
    Replaced { bucket: String, key: String },
    #[error("s3://{bucket}/{key} does not exist")]
    Missing { bucket: String, key: String },
    /// In Glacier, or in an archive tier of Intelligent-Tiering.
    ///
    /// S3 answers a get with 403 and `InvalidObjectState` until the object is restored:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
    #[error(
        "s3://{bucket}/{key} is archived; restore it with `aws s3api restore-object`, and load it when that is done"
    )]
    Archived { bucket: String, key: String },
    /// No such bucket, or no right to use it.
    #[error("s3://{bucket}/{key} is out of reach: {reason}")]
    Denied { bucket: String, key: String, reason: String },
    /// S3 did not answer, or with an error of its own.
    #[error("s3://{bucket}/{key}: {reason}")]
    Unavailable { bucket: String, key: String, reason: String },
    /// The local file could not be read.
    #[error("could not use a file in the temporary folder")]
    File(#[source] io::Error),
}

impl Classed for StoreError {
    fn class(&self) -> Class {
        match self {
            Self::Exists { .. } | Self::Missing { .. } | Self::Archived { .. } => Class::Reject,
            Self::Denied { .. } => Class::Stop,
            Self::Replaced { .. } | Self::Unavailable { .. } | Self::File(_) => Class::Retry,
        }
    }
}

/// An S3 client from the environment's region, credentials and endpoint.
///
/// With an endpoint of its own (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`: LocalStack, or an S3 in this
/// process) it addresses buckets by path, since `bucket.localhost` does not resolve everywhere, and leaves out the
/// checksums that S3 does not require, which others do not know.
pub async fn s3_client() -> Client {
    let config = aws::config().await;
    let own_endpoint = config.endpoint_url().is_some() || variable("AWS_ENDPOINT_URL_S3").is_some();
    Client::from_conf(configured(config, own_endpoint).build())
}

fn configured(config: &SdkConfig, own_endpoint: bool) -> Builder {
    let builder = Builder::from(config);
    if own_endpoint { for_own_endpoint(builder) } else { builder }
}

/// Sets what an S3 that is not AWS's needs.
#[must_use]
pub fn for_own_endpoint(builder: Builder) -> Builder {
    builder
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

/// An object that was fetched.
pub struct FetchedObject {
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag, as S3 gives it.
    pub etag: String,
    /// Its media type, if whoever stored it said one.
    pub media_type: Option<String>,
    /// Its bytes, in memory or in a temporary file.
    pub bytes: Box<dyn BufRead + Send>,
}

impl fmt::Debug for FetchedObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FetchedObject").field("size", &self.size).finish_non_exhaustive()
    }
}

/// One bucket: of raw objects, or of what is published.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    bucket: String,
}

impl Bucket {
    /// A bucket, through a client that was built at start.
    #[must_use]
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Stores a walk file under a new key, in one request of known length, with its checksum before it.
    ///
    /// # Errors
    /// If the key exists, or S3 refuses or is out of reach.
    pub async fn put_new(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        self.put_new_file(key, file, "application/jsonl", Some("zstd")).await
    }

    /// As [`Bucket::put_new`], for a file of any media type and content encoding.
    ///
    /// # Errors
    /// As [`Bucket::put_new`].
    pub async fn put_new_file(
        &self,
        key: &str,
        file: &Path,
        media_type: &str,
        encoding: Option<&str>,
    ) -> Result<(), StoreError> {
        // The SDK's own would follow the body, in a transfer encoding of AWS's that is not sent to others.
        let checksum = checksum(file).await.map_err(StoreError::File)?;
        let mut pause = CONFLICT_PAUSE;
        loop {
            let body = ByteStream::from_path(file).await.map_err(|error| StoreError::File(error.into()))?;
            let request = self.client.put_object().bucket(&self.bucket).key(key).body(body);
            let request = request.content_type(media_type).set_content_encoding(encoding.map(str::to_owned));
            let request = request.checksum_crc32(&checksum).if_none_match("*");
            let Err(error) = request.send().await else { return Ok(()) };
            // S3 is busy with another put of this key: an earlier try of this one, whose answer was lost.
            if status(&error) == Some(409) && pause <= LONGEST_CONFLICT_PAUSE {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            return match self.error(key, &error) {
                // Or it is done with it, and the object that exists is the one that it has stored.
                StoreError::Exists { .. } if self.holds(key, file).await => Ok(()),
                error => Err(error),
            };
        }
    }

    /// Whether the object is as large as the file. Keys are made for one walk each, so that tells whose it is.
    async fn holds(&self, key: &str, file: &Path) -> bool {
        let head = self.client.head_object().bucket(&self.bucket).key(key).send().await;
        let stored =
            head.ok().and_then(|head| head.content_length()).and_then(|size| u64::try_from(size).ok());
        let size = tokio::fs::metadata(file).await.ok().map(|metadata| metadata.len());
        stored.is_some() && stored == size
    }

    /// Fetches an object as a whole, into memory or, beyond 4 MiB, into a temporary file: nothing that comes after has to
    /// wait for S3, or can fail because of it.
    ///
    /// # Errors
    /// If it does not exist, or S3 refuses, is out of reach, or breaks off.
    pub async fn fetch(&self, key: &str) -> Result<FetchedObject, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let mut object = request.send().await.map_err(|error| self.error(key, &error))?;
        let etag = object.e_tag.take().unwrap_or_default();
        let media_type = object.content_type.take();
        let announced = object.content_length().and_then(|length| usize::try_from(length).ok());
        match announced.filter(|length| *length <= LARGEST_IN_MEMORY) {
            Some(length) => {
                let mut bytes = Vec::with_capacity(length);
                let size = self.receive(key, &mut object.body, &mut bytes).await?;
                Ok(FetchedObject { size, etag, media_type, bytes: Box::new(Cursor::new(bytes)) })
            }
            None => {
                let mut file = tempfile::tempfile().map_err(StoreError::File)?;
                let size = self.receive(key, &mut object.body, &mut file).await?;
                file.rewind().map_err(StoreError::File)?;
                Ok(FetchedObject { size, etag, media_type, bytes: Box::new(BufReader::new(file)) })
            }
        }
    }

    /// Fetches a small object whole.
    ///
    /// # Errors
    /// As [`Bucket::fetch`].
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        let FetchedObject { mut bytes, .. } = self.fetch(key).await?;
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole).map_err(StoreError::File)?;
        Ok(whole)
    }

    /// Stores a small JSON object under a new key.
    ///
    /// # Errors
    /// If the key exists, or S3 refuses or is out of reach.
    pub async fn put_new_json(&self, key: &str, json: Vec<u8>) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(json));
        let request = request.content_type("application/json").if_none_match("*");
        request.send().await.map(drop).map_err(|error| self.error(key, &error))
    }

    /// Stores a small JSON object, whatever was stored under its key before.
    ///
    /// # Errors
    /// If S3 refuses or is out of reach.
    pub async fn put_json(&self, key: &str, json: Vec<u8>) -> Result<(), StoreError> {
        self.put_small(key, json, "application/json").await
    }

    /// Stores a small object of some media type, whatever was stored under its key before.
    ///
    /// # Errors
    /// As [`Bucket::put_json`].
    pub async fn put_small(&self, key: &str, bytes: Vec<u8>, media_type: &str) -> Result<(), StoreError> {
        self.put_cached(key, bytes, media_type, None).await
    }

    /// As [`Bucket::put_small`], and says how long a browser may keep it (`Cache-Control`).
    ///
    /// # Errors
    /// As [`Bucket::put_json`].
    pub async fn put_cached(
        &self,
        key: &str,
        bytes: Vec<u8>,
        media_type: &str,
        cache_control: Option<&str>,
    ) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        let request = request.set_cache_control(cache_control.map(str::to_owned));
        let sent = request.content_type(media_type).send().await;
        sent.map(drop).map_err(|error| self.error(key, &error))
    }

    /// Replaces a small JSON object that was read with this entity tag; without one, it must not exist.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] if somebody else was faster; else as [`Bucket::put_json`].
    pub async fn replace_json(&self, key: &str, etag: Option<&str>, json: Vec<u8>) -> Result<(), StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(json));
        let request = request.content_type("application/json");
        let request = match etag {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        let Err(error) = request.send().await else { return Ok(()) };
        // 409 is S3's answer while another put of this key is under way, 404 if it was deleted.
        match status(&error) {
            Some(404 | 409 | 412) if error.code() != Some("NoSuchBucket") => {
                Err(StoreError::Replaced { bucket: self.bucket.clone(), key: key.to_owned() })
            }
            _ => Err(self.error(key, &error)),
        }
    }

    /// Deletes an object; one that does not exist is no error.
    ///
    /// # Errors
    /// If S3 refuses or is out of reach.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let sent = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        sent.map(drop).map_err(|error| self.error(key, &error))
    }

    async fn receive(
        &self,
        key: &str,
        body: &mut ByteStream,
        output: &mut impl Write,
    ) -> Result<u64, StoreError> {
        let mut size = 0;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| StoreError::Unavailable {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                reason: with_causes(&error),
            })?;
            output.write_all(&piece).map_err(StoreError::File)?;
            size += piece.len() as u64;
        }
        Ok(size)
    }

    /// Lists the objects whose keys start with a prefix, in ascending order of their keys.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Listing<'_> {
        self.list_after(prefix, "")
    }

    /// The same, but only what comes after a key.
    #[must_use]
    pub fn list_after(&self, prefix: &str, key: &str) -> Listing<'_> {
        let prefix = prefix.to_owned();
        let next = Next::AfterKey(key.to_owned());
        Listing { store: self, prefix, folders: None, next }
    }

    /// What lies directly below a prefix that ends with a slash: folders, by their prefixes, and objects.
    ///
    /// # Errors
    /// If S3 refuses or is out of reach.
    pub async fn look_into(&self, prefix: &str) -> Result<(Vec<String>, Vec<StoredObject>), StoreError> {
        let mut listing = Listing { folders: Some(Vec::new()), ..self.list(prefix) };
        let mut objects = Vec::new();
        while let Some(page) = listing.next().await? {
            objects.extend(page);
        }
        Ok((listing.folders.unwrap_or_default(), objects))
    }

    fn error<E>(&self, key: &str, error: &SdkError<E>) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let bucket = self.bucket.clone();
        let key = key.to_owned();
        let reason = aws::reason(error);
        match status(error) {
            Some(412) => StoreError::Exists { bucket, key },
            Some(404) if error.code() == Some("NoSuchKey") => StoreError::Missing { bucket, key },
            Some(403) if error.code() == Some("InvalidObjectState") => StoreError::Archived { bucket, key },
            // A redirect is S3's answer for a bucket of another region.
            Some(301 | 307 | 401 | 403 | 404) => StoreError::Denied { bucket, key, reason },
            _ => StoreError::Unavailable { bucket, key, reason },
        }
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// A file's CRC-32 in base64, as S3 takes it.
async fn checksum(file: &Path) -> io::Result<String> {
    let mut checksum = ChecksumAlgorithm::Crc32.into_impl();
    let mut file = File::open(file).await?;
    let mut piece = Vec::new();
    while (&mut file).take(64 * 1024).read_to_end(&mut piece).await? > 0 {
        checksum.update(&piece);
        piece.clear();
    }
    checksum.header_value().to_str().map(str::to_owned).map_err(io::Error::other)
}

/// A listing under way.
#[derive(Debug)]
pub struct Listing<'s> {
    store: &'s Bucket,
    prefix: String,
    /// The folders so far, if what lies in them is not listed.
    folders: Option<Vec<String>>,
    next: Next,
}

/// Which page a listing asks for next.
#[derive(Debug)]
enum Next {
    AfterKey(String),
    Token(String),
    None,
}

impl Listing<'_> {
    /// The next page of up to 1000 objects; `None` after the last.
    ///
    /// # Errors
    /// If S3 refuses or is out of reach.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredObject>>, StoreError> {
        let request = self.store.client.list_objects_v2().bucket(&self.store.bucket).prefix(&self.prefix);
        let request = match &self.next {
            Next::AfterKey(key) if key.is_empty() => request,
            Next::AfterKey(key) => request.start_after(key),
            Next::Token(token) => request.continuation_token(token),
            Next::None => return Ok(None),
        };
        let request = if self.folders.is_some() { request.delimiter("/") } else { request };
        let page = request.send().await.map_err(|error| self.store.error(&self.prefix, &error))?;
        self.next = page.next_continuation_token.map_or(Next::None, Next::Token);
        if let Some(folders) = &mut self.folders {
            folders.extend(page.common_prefixes.into_iter().flatten().filter_map(|folder| folder.prefix));
        }
        Ok(Some(page.contents.into_iter().flatten().filter_map(StoredObject::listed).collect()))
    }
}

/// An object as S3 lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag without quotes.
    pub etag: String,
    /// When it was stored, to the second.
    pub stored_at: Timestamp,
}

impl StoredObject {
    fn listed(object: Object) -> Option<Self> {
        Some(Self {
            key: object.key?,
            size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            etag: object.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            stored_at: Timestamp::from_second(object.last_modified?.secs()).ok()?,
        })
    }

    /// The S3 event that said, or should have said, that it was stored.
    #[must_use]
    pub fn created_event(&self, bucket: &str) -> serde_json::Value {
        let Self { key, size, etag, stored_at } = self.clone();
        ObjectCreated { bucket: bucket.to_owned(), key, size, etag, time: stored_at }.to_event()
    }
}

#[cfg(test)]
mod tests;
