//! What is asked of S3, and its answers in the form that AWS gives them, which `LocalStack` need not follow.

use std::sync::{Arc, Mutex};

use aws_config::BehaviorVersion;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{
    ConfigBag, Credentials, Intercept, Region, RuntimeComponents, SharedCredentialsProvider,
};
use aws_sdk_s3::error::BoxError;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::*;

const BUCKET: &str = "cenovka-raw";
const KEY: &str = "raw/sreality/flats-sale/a.jsonl.zst";
/// What every CRC-32 is checked with; in hexadecimal its sum is cbf43926.
const CONTENT: &str = "123456789";

/// What `s3_client` makes of the environment.
fn client(endpoint: Option<&str>) -> Builder {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws::http_client())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    config.set_endpoint_url(endpoint.map(str::to_owned));
    configured(&config.build(), endpoint.is_some())
}

fn file() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CONTENT).unwrap();
    file
}

/// Writes down each request that would be sent, and lets none go.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    /// A store that asks AWS, or with an endpoint of its own another S3, and the record of its requests.
    fn store(endpoint: Option<&str>) -> (Bucket, Self) {
        let recorder = Self::default();
        let client = Client::from_conf(client(endpoint).interceptor(recorder.clone()).build());
        (Bucket::new(client, BUCKET.to_owned()), recorder)
    }

    /// The request line and the headers, one a line.
    fn request(&self) -> String {
        self.0.lock().unwrap().join("\n\n")
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let mut lines = vec![format!("{} {}", request.method(), request.uri())];
        lines.extend(request.headers().iter().map(|(name, value)| format!("{name}: {value}")));
        self.0.lock().unwrap().push(lines.join("\n"));
        Err("no request leaves a test".into())
    }
}

#[tokio::test]
async fn aws_and_others_get_the_same_put_with_checksum_and_length_before_the_body() {
    let file = file();
    for (endpoint, url) in [
        (None, "https://cenovka-raw.s3.eu-central-1.amazonaws.com/"),
        (Some("http://localhost:4566"), "http://localhost:4566/cenovka-raw/"),
    ] {
        let (store, recorder) = Recorder::store(endpoint);
        store.put_new(KEY, file.path()).await.unwrap_err();
        let request = recorder.request();
        for line in [
            format!("PUT {url}{KEY}?x-id=PutObject").as_str(),
            "content-length: 9",
            "content-encoding: zstd",
            "if-none-match: *",
            "x-amz-checksum-crc32: y/Q5Jg==",
        ] {
            assert!(request.lines().any(|found| found == line), "{line} is not in {request}");
        }
        for stranger in ["aws-chunked", "x-amz-trailer", "x-amz-decoded-content-length", "transfer-encoding"]
        {
            assert!(!request.contains(stranger), "{stranger} is in {request}");
        }
    }
}

#[tokio::test]
async fn aws_is_asked_for_an_objects_checksum_and_others_are_not() {
    for (endpoint, asked) in [(None, true), (Some("http://localhost:4566"), false)] {
        let (store, recorder) = Recorder::store(endpoint);
        assert!(store.fetch(KEY).await.is_err());
        let request = recorder.request();
        assert_eq!(request.to_lowercase().contains("x-amz-checksum-mode: enabled"), asked, "{request}");
    }
}

/// An S3 that gives one answer after the other, and the request lines that it got.
async fn s3(answers: Vec<String>) -> (Bucket, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in answers {
            let (mut client, _) = listener.accept().await.unwrap();
            let method = read_request(&mut client).await;
            shared.lock().unwrap().push(method);
            client.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (Bucket::new(Client::from_conf(client(Some(&endpoint)).build()), BUCKET.to_owned()), asked)
}

/// Reads a request to the end of its body, and returns its method.
async fn read_request(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    client.read_exact(&mut body).await.unwrap();
    head.split(' ').next().unwrap().to_owned()
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// An error in the form that S3 gives it: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn error(status: &str, code: &str, message: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId><HostId>Gg5+JqPmnLTqyJl0vHbAyCbNjbuyMgTd</HostId></Error>"
    );
    answer(status, "content-type: application/xml\r\n", &body)
}

fn conflict() -> String {
    let message =
        "The conditional request cannot succeed due to a conflicting operation against this resource.";
    error("409 Conflict", "ConditionalRequestConflict", message)
}

fn exists() -> String {
    let message = "At least one of the pre-conditions you specified did not hold";
    error("412 Precondition Failed", "PreconditionFailed", message)
}

/// The answer to `HEAD` for an object of this size.
fn head(size: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_put_that_conflicts_is_tried_again_until_s3_has_decided() {
    let stored = answer("200 OK", "etag: \"25f9e794323b453885f5181f1b624d0b\"\r\n", "");
    for (answers, methods) in [
        (vec![conflict(), conflict(), stored], vec!["put"; 3]),
        (vec![conflict(), exists(), head(CONTENT.len())], vec!["put", "put", "head"]),
    ] {
        let (store, asked) = s3(answers).await;
        store.put_new(KEY, file().path()).await.unwrap();
        assert_eq!(*asked.lock().unwrap(), methods);
    }
}

#[tokio::test]
async fn a_put_that_conflicts_for_long_may_succeed_later() {
    let (store, asked) = s3(vec![conflict(); 5]).await;
    let error = store.put_new(KEY, file().path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert_eq!((error.class(), asked.lock().unwrap().len()), (Class::Retry, 5));
}

#[tokio::test]
async fn another_object_under_the_key_is_left_alone() {
    let (store, _) = s3(vec![exists(), head(CONTENT.len() + 1)]).await;
    let error = store.put_new(KEY, file().path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    assert_eq!(error.class(), Class::Reject);
}

#[tokio::test]
async fn what_aws_answers_to_a_read_tells_what_should_happen() {
    let redirect = "The bucket you are attempting to access must be addressed using the specified endpoint.";
    let no_right = "User: arn:aws:sts::123456789012:assumed-role/loader/loader is not authorized to perform: \
                    s3:GetObject on resource: because no identity-based policy allows the s3:GetObject action";
    let archived = "The operation is not valid for the object's storage class";
    for (answer, class) in [
        (error("404 Not Found", "NoSuchKey", "The specified key does not exist."), Class::Reject),
        (error("404 Not Found", "NoSuchBucket", "The specified bucket does not exist"), Class::Stop),
        (error("403 Forbidden", "AccessDenied", no_right), Class::Stop),
        (error("403 Forbidden", "InvalidObjectState", archived), Class::Reject),
        (error("301 Moved Permanently", "PermanentRedirect", redirect), Class::Stop),
    ] {
        let (store, _) = s3(vec![answer.clone()]).await;
        let error = store.fetch(KEY).await.err().unwrap();
        assert_eq!(error.class(), class, "{answer}: {error}");
    }
    let slow_down = error("503 Slow Down", "SlowDown", "Please reduce your request rate.");
    let (store, asked) = s3(vec![slow_down; 3]).await;
    let error = store.fetch(KEY).await.err().unwrap();
    assert_eq!((error.class(), asked.lock().unwrap().len()), (Class::Retry, 3), "{error}");
    let message = with_causes(&error);
    assert!(message.ends_with(&format!("{KEY}: SlowDown: Please reduce your request rate.")), "{message}");
}
