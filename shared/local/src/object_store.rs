//! S3 on one machine: the raw zone's bucket as a folder, and the event that S3 sends for a new object.
//!
//! The functions talk to it over HTTP through the same AWS SDK that they use on AWS, so `cargo run` passes
//! through signing, streaming, conditional puts and paging, not through a stand-in for them.
//!
//! **What a killed process leaves.** `s3s-fs` writes a body to `.tmp.<n>.internal.part` in the store's folder
//! and renames it to its final place, so an interrupted put leaves no half object under its key; the next
//! start deletes the remainder. Content type, user metadata and the `ETag` are written to files beside it
//! after the rename, and the event is sent last: a kill between these steps leaves a whole object without
//! metadata, or one that nobody was told of. The reconciler finds the second; nothing in this project depends
//! on the first. Files are not synced to the disk, so all this holds for a killed process, not for a power cut.
//!
//! **What a folder cannot hold.** A key that is also the beginning of another key's path (`a` and `a/b`), and
//! keys too long for a file name (refused before anything is written).

use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use causes::with_causes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use jiff::Timestamp;
use runtime::s3_event::ObjectCreated;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput,
    Range,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::folder_lock::FolderLock;
use crate::object_listing::{ListedObject, Listing};

/// The region that the store says it is in. Clients must name one to sign a request; any would do.
pub const REGION: &str = "eu-central-1";

const ACCESS_KEY: &str = "cenovka";

/// How long [`ObjectStore::stop`] lets requests in progress go on.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// The longest file name of the usual file systems, in bytes.
const LONGEST_FILE_NAME: usize = 255;

/// Why the object store did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("another cenovka uses the object store in {folder}: end it, or pass another --data-dir")]
    InUse { folder: PathBuf },
    #[error("cannot use {folder} as the object store's folder")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("cannot serve the object store on a free port of 127.0.0.1")]
    Serve(#[source] io::Error),
    #[error("cannot read random bytes for a secret key from /dev/urandom")]
    SecretKey(#[source] io::Error),
}

/// An S3 endpoint on this machine, serving one folder until it is stopped or dropped.
#[derive(Debug)]
pub struct ObjectStore {
    address: SocketAddr,
    secret_key: String,
    server: JoinHandle<()>,
    /// Tells the server to end, by being sent or by being dropped.
    stop: oneshot::Sender<()>,
}

impl ObjectStore {
    /// Serves `folder` (made if missing) on a free port of 127.0.0.1. Every object that is put from now on is
    /// sent to the receiver; objects that already lie in the folder are not.
    pub async fn start(folder: &Path) -> Result<(Self, mpsc::UnboundedReceiver<ObjectCreated>), Error> {
        let (created, receiver) = mpsc::unbounded_channel();
        let files = NotifyingFiles::open(folder, created)?;
        let secret_key = random_secret_key().map_err(Error::SecretKey)?;

        // The port is open to every user and every program of the machine: the secret, new in each run, keeps
        // them out.
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, secret_key.as_str()));

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Error::Serve)?;
        let address = listener.local_addr().map_err(Error::Serve)?;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, service.build(), stopped));
        Ok((Self { address, secret_key, server, stop }, receiver))
    }

    /// The endpoint's URL. Requests must be path-style: `<endpoint>/<bucket>/<key>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key to sign requests with.
    pub fn access_key(&self) -> &str {
        ACCESS_KEY
    }

    /// The secret key to sign requests with; another one in each run.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// Takes no more requests, lets those in progress end (for at most ten seconds) and frees the folder.
    pub async fn stop(self) {
        let Self { server, stop, .. } = self;
        drop(stop);
        if let Err(error) = server.await {
            tracing::error!(error = with_causes(&error), "the object store's server ended badly");
        }
    }
}

fn random_secret_key() -> io::Result<String> {
    let mut bytes = [0; 20];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn serve(listener: TcpListener, service: S3Service, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    // Dropped, and with it what is left in it aborted, when this function ends.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, service.clone(), graceful.watcher()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: waiting is better than spinning.
                    tracing::warn!(error = with_causes(&error), "the object store could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_PATIENCE, graceful.shutdown()).await.is_err() {
        tracing::warn!("the object store broke off requests that did not end in time");
    }
    connections.shutdown().await;
}

async fn serve_connection(
    stream: TcpStream,
    service: S3Service,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Small answers would otherwise wait for the client's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = with_causes(&error), "the object store could not set TCP_NODELAY");
    }
    let http = auto::Builder::new(TokioExecutor::new()).http1_only();
    let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error, "a connection to the object store broke");
    }
}

/// A folder as S3, which tells of every new object. Only what the functions and the tests ask for is passed
/// on; the trait answers every other operation with `NotImplemented`.
struct NotifyingFiles {
    files: FileSystem,
    folder: PathBuf,
    created: mpsc::UnboundedSender<ObjectCreated>,
    /// Held during a put. `s3s-fs` looks whether the key exists long before it renames the body into place:
    /// without this, two conditional puts of one key at once could both succeed.
    one_put_at_a_time: Mutex<()>,
    /// Held as long as a request can still write: two processes would overwrite each other's temporary files.
    _lock: FolderLock,
}

impl NotifyingFiles {
    fn open(folder: &Path, created: mpsc::UnboundedSender<ObjectCreated>) -> Result<Self, Error> {
        let unusable = |source| Error::Folder { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let folder = folder.canonicalize().map_err(unusable)?;

        // No bucket's name begins with a dot.
        let lock = FolderLock::take(&folder.join(".lock")).map_err(unusable)?;
        let lock = lock.ok_or_else(|| Error::InUse { folder: folder.clone() })?;

        let files =
            FileSystem::new(&folder).map_err(|error| unusable(io::Error::other(format!("{error:?}"))))?;
        Ok(Self { files, folder, created, one_put_at_a_time: Mutex::new(()), _lock: lock })
    }
}

#[async_trait::async_trait]
impl S3 for NotifyingFiles {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, .. } = &request.input;
        let bucket = bucket.clone();
        let key = key.clone();
        // s3s-fs would make the bucket.
        if !self.folder.join(&bucket).is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        // s3s-fs would store the object, and then fail to store what it needs to know about it.
        let longest = longest_key(&bucket);
        if key.len() > longest {
            return Err(s3_error!(KeyTooLongError, "in this bucket a key may have {longest} bytes at most"));
        }

        let _turn = self.one_put_at_a_time.lock().await;
        let response = self.files.put_object(request).await?;
        // A key that ends with a slash makes a folder, which has no tag and is of interest to nobody.
        if let Some(etag) = response.output.e_tag.clone().map(ETag::into_value) {
            let object = tokio::fs::metadata(self.folder.join(&bucket).join(&key)).await;
            let size = object.map_err(S3Error::internal_error)?.len();
            // Nobody listens any more: the object is stored all the same.
            let _ = self.created.send(ObjectCreated { bucket, key, size, etag, time: Timestamp::now() });
        }
        Ok(response)
    }

    async fn get_object(
        &self,
        mut request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let whole = request.input.range.is_none();
        let object = self.folder.join(&request.input.bucket).join(&request.input.key);
        // The last bytes of an object that has fewer are all of them, where s3s-fs would fail. Readers of Parquet ask so.
        if let Some(Range::Suffix { length }) = request.input.range
            && tokio::fs::metadata(&object).await.is_ok_and(|metadata| metadata.len() < length)
        {
            request.input.range = Some(Range::Int { first: 0, last: None });
        }
        let mut response = self.files.get_object(request).await?;
        // s3s-fs would send it in pieces of 4 KiB, each read by another thread: 80 MB/s.
        if whole {
            let bytes = tokio::fs::read(object).await.map_err(S3Error::internal_error)?;
            response.output.body = Some(Body::from(bytes).into());
        }
        Ok(response)
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let folder = self.folder.join(&request.input.bucket);
        if request.input.delimiter.is_some() || !folder.is_dir() {
            return self.files.list_objects_v2(request).await;
        }
        let input = request.input;
        let after = input.continuation_token.clone().max(input.start_after.clone()).unwrap_or_default();
        let prefix = input.prefix.clone().unwrap_or_default();
        let most = input.max_keys.unwrap_or(1000).clamp(0, 1000);
        let page = tokio::task::spawn_blocking(move || list(&folder, &prefix, &after, most));
        let (objects, is_truncated) = page.await.map_err(S3Error::internal_error)??;
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            max_keys: Some(most),
            key_count: i32::try_from(objects.len()).ok(),
            next_continuation_token: objects
                .last()
                .filter(|_| is_truncated)
                .and_then(|last| last.key.clone()),
            is_truncated: Some(is_truncated),
            contents: Some(objects),
            ..Default::default()
        }))
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.files.create_bucket(request).await
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        self.files.list_buckets(request).await
    }
}

/// A page of a bucket's objects, and whether there are more.
fn list(folder: &Path, prefix: &str, after: &str, most: i32) -> S3Result<(Vec<Object>, bool)> {
    let most = usize::try_from(most).unwrap_or_default();
    let listing = Listing::of(folder, prefix, after, most).map_err(S3Error::internal_error)?;
    let object = |ListedObject { key, metadata }: ListedObject| Object {
        key: Some(key),
        size: i64::try_from(metadata.len()).ok(),
        last_modified: metadata.modified().ok().map(Into::into),
        ..Default::default()
    };
    Ok((listing.objects.into_iter().map(object).collect(), listing.is_truncated))
}

/// `s3s-fs` names the file of an object's metadata `.bucket-<bucket>.object-<key>.metadata.json`, with both
/// in base64 without padding, which writes three bytes as four characters.
fn longest_key(bucket: &str) -> usize {
    let rest = ".bucket-".len() + (bucket.len() * 4).div_ceil(3) + ".object-.metadata.json".len();
    LONGEST_FILE_NAME.saturating_sub(rest) * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_key_fits_its_metadata_file_name() {
        // ".bucket-" + base64("raw-zone") + ".object-" + base64(156 bytes) + ".metadata.json"
        let bucket = "raw-zone";
        let name = |key: usize| 8 + 11 + 8 + (key * 4).div_ceil(3) + 14;
        assert!(name(longest_key(bucket)) <= LONGEST_FILE_NAME);
        assert!(name(longest_key(bucket) + 1) > LONGEST_FILE_NAME);
    }
}
