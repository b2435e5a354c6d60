//! A Postgres that is reached over TCP and can show certificates, as one at a provider does.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use local::postgres::PrivatePostgres;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::temporary::folder;

/// How long the server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// An authority of this name, with a key of its own.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = folder();
        fs::write(folder.path().join("authority.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// The file to believe it by.
    #[must_use]
    pub fn bundle(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A certificate for a server of this name.
    #[must_use]
    pub fn certificate(&self, name: &str) -> Certificate {
        self.sign(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// A certificate for a server of this name that is no longer valid.
    #[must_use]
    pub fn expired_certificate(&self, name: &str) -> Certificate {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certificate { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A server's certificate and its key, in PEM.
#[derive(Debug)]
pub struct Certificate {
    certificate: String,
    key: String,
}

impl Certificate {
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.clone()
    }

    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.clone()
    }
}

/// A running Postgres on a TCP port of this machine.
pub struct NetworkPostgres {
    /// Its port.
    pub port: u16,
    server: Child,
    program: PathBuf,
    cluster: PathBuf,
    _folder: TempDir,
}

impl NetworkPostgres {
    /// Starts one with the database and the role `cenovka`. Without a certificate it speaks plain text only.
    pub async fn start(certificate: Option<&Certificate>) -> Self {
        let folder = folder();
        let private = PrivatePostgres::start(folder.path()).await.unwrap();
        let program = private.psql().with_file_name("postgres");
        private.stop().await.unwrap();
        let port = free_port();
        let cluster = folder.path().join("cluster");
        let server = launch(&program, &cluster, port, certificate).await;
        Self { port, server, program, cluster, _folder: folder }
    }

    /// Stops it and starts it again, on the same port and with the same data, but with this certificate.
    pub async fn restart(&mut self, certificate: Option<&Certificate>) {
        self.stop().await;
        self.start_again(certificate).await;
    }

    /// Starts it after it was stopped.
    pub async fn start_again(&mut self, certificate: Option<&Certificate>) {
        self.server = launch(&self.program, &self.cluster, self.port, certificate).await;
    }

    /// Stops it: open connections end with an error.
    pub async fn stop(&mut self) {
        let pid = self.server.id().expect("the server runs").to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
        tokio::time::timeout(PATIENCE, self.server.wait()).await.expect("the server stops").unwrap();
    }

    /// A connection string for it under a name that no one else must know: `hostaddr` spares its lookup.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        let port = self.port;
        format!("host={name} hostaddr=127.0.0.1 port={port} user=cenovka password=hunter2 dbname=cenovka")
    }
}

/// A port below those that systems give to outgoing connections, any of which could take the server's while it is
/// restarted.
fn free_port() -> u16 {
    loop {
        let [high, low, ..] = *Uuid::new_v4().as_bytes();
        let port = 10_000 + u16::from_be_bytes([high, low]) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

async fn launch(program: &Path, cluster: &Path, port: u16, certificate: Option<&Certificate>) -> Child {
    // As root a test has made the cluster for another user, whom the server must run as.
    let (uid, gid) = fs::metadata(cluster).map(|cluster| (cluster.uid(), cluster.gid())).unwrap();
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        format!("ssl={}", if certificate.is_some() { "on" } else { "off" }),
    ];
    if let Some(Certificate { certificate, key }) = certificate {
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let path = cluster.join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&path, Some(uid), Some(gid)).unwrap();
        }
        settings.extend(["ssl_cert_file=server.crt".to_owned(), "ssl_key_file=server.key".to_owned()]);
    }
    let log = cluster.with_file_name("network.log");
    let output = File::create(&log).unwrap();
    let mut command = Command::new(program);
    command.arg("-D").arg(cluster).args(settings.iter().flat_map(|setting| ["-c", setting]));
    command.current_dir(cluster).uid(uid).gid(gid).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    let mut server = command.spawn().unwrap();

    let url = format!("host=127.0.0.1 port={port} user=cenovka dbname=cenovka");
    let patience = Instant::now() + PATIENCE;
    while tokio_postgres::connect(&url, NoTls).await.is_err() {
        let status = server.try_wait().unwrap();
        let said = || fs::read_to_string(&log).unwrap();
        assert!(status.is_none() && Instant::now() < patience, "Postgres does not start: {}", said());
        sleep(Duration::from_millis(20)).await;
    }
    server
}
