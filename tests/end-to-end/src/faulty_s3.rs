//! A way to the S3 on which reads can fail.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The end of an HTTP head.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const ARCHIVED: &str = "<Error><Code>InvalidObjectState</Code><Message>The operation is not valid for the object's \
                        storage class</Message><StorageClass>DEEP_ARCHIVE</StorageClass></Error>";

/// How a read fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It is answered with this HTTP status.
    Status(u16),
    /// Its answer breaks off after this share of the body.
    Cut(f64),
    /// It is answered as S3 answers for an object in Glacier:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
    Archived,
}

#[derive(Default)]
struct Faults {
    /// With the part of the path that it is for.
    fault: Option<(Fault, String)>,
    struck: usize,
    requests: usize,
}

/// A proxy in front of an S3 for those who only read: requests with a body are not passed on whole.
pub struct FaultyS3 {
    /// Where it is reached.
    pub endpoint: String,
    faults: Arc<Mutex<Faults>>,
}

impl FaultyS3 {
    /// Serves on a free port of this machine, for as long as the test lives.
    pub async fn start(endpoint: &str) -> Self {
        let upstream = endpoint.strip_prefix("http://").expect("the S3 speaks plain HTTP").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let faults = Arc::new(Mutex::new(Faults::default()));
        let shared = Arc::clone(&faults);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, faults) = (upstream.clone(), Arc::clone(&shared));
                // A client that is killed breaks its connection: no error here.
                tokio::spawn(async move { drop(serve(client, &upstream, &faults).await) });
            }
        });
        Self { endpoint, faults }
    }

    /// Makes every read of a path with this part in it fail, until [`FaultyS3::heal`].
    pub fn fail(&self, fault: Fault, part_of_path: &str) {
        self.faults.lock().unwrap().fault = Some((fault, part_of_path.to_owned()));
    }

    /// Lets everything pass.
    pub fn heal(&self) {
        self.faults.lock().unwrap().fault = None;
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.faults.lock().unwrap().requests
    }

    /// How many reads were made to fail.
    #[must_use]
    pub fn struck(&self) -> usize {
        self.faults.lock().unwrap().struck
    }
}

/// One request, and the end of the connection: keeping it open would mean to understand the answers.
async fn serve(mut client: TcpStream, upstream: &str, faults: &Mutex<Faults>) -> io::Result<()> {
    let head = read_head(&mut client).await?;
    let line = head.lines().next().unwrap_or_default();
    let fault = {
        let mut faults = faults.lock().unwrap();
        faults.requests += 1;
        let struck = faults.fault.clone().filter(|(_, part)| line.contains(part)).map(|(fault, _)| fault);
        faults.struck += usize::from(struck.is_some());
        struck
    };
    let refusal = match fault {
        Some(Fault::Status(status)) => Some((status, "")),
        Some(Fault::Archived) => Some((403, ARCHIVED)),
        Some(Fault::Cut(_)) | None => None,
    };
    if let Some((status, body)) = refusal {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} Fault\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        return client.write_all(format!("{head}{body}").as_bytes()).await;
    }
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(head.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await?;
    let Some(Fault::Cut(share)) = fault else {
        return tokio::io::copy(&mut server, &mut client).await.map(drop);
    };
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    let end_of_head = answer.windows(END_OF_HEAD.len()).position(|bytes| bytes == END_OF_HEAD);
    let head = end_of_head.unwrap_or_default() + END_OF_HEAD.len();
    let passing = head + ((answer.len() - head) as f64 * share) as usize;
    client.write_all(&answer[..passing]).await
}

async fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(END_OF_HEAD) {
        head.push(client.read_u8().await?);
    }
    String::from_utf8(head).map_err(io::Error::other)
}
