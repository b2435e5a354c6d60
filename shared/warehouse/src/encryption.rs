//! Which connections are encrypted, and whose certificates are believed.
//!
//! What leaves this machine is encrypted, and the server's certificate is verified in full: chain, validity and host
//! name. No setting weakens that, since encryption without it stops nobody who stands in between.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::Error;

/// How TLS names Postgres's protocol, which `sslnegotiation=direct` asks for.
const ALPN: &[u8] = b"postgresql";

/// How connections to these hosts are encrypted, `None` if they stay in plain text; the configuration then says the
/// same. A bundle of root certificates is read in any case, so that a wrong one is found at the start.
pub(crate) fn choose(config: &mut Config, bundle: Option<&Path>) -> Result<Option<ClientConfig>, Error> {
    let bundle = bundle.map(read_bundle).transpose()?;
    // An address without a name is its own name, which the certificate must bear.
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
    let foreign = foreign(config);
    let wanted = config.get_ssl_mode();
    if let (Some(host), SslMode::Disable) = (&foreign, wanted) {
        return Err(Error::NotEncrypted { host: host.clone() });
    }
    if foreign.is_none() && (wanted != SslMode::Require || only_sockets(config)) {
        // Without this a local server that offers TLS would be asked for a certificate that nobody made for it.
        config.ssl_mode(SslMode::Disable);
        return Ok(None);
    }
    config.ssl_mode(SslMode::Require);
    let roots = bundle.map_or_else(system_roots, Ok)?;
    // The provider is said, because rustls would otherwise look for one of the process's and panic without.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut tls = versions.map_err(Error::Tls)?.with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Some(tls))
}

/// Whether a connection goes to another machine than this one or a compose service.
#[must_use]
pub fn leaves_this_machine(config: &Config) -> bool {
    foreign(config).is_some()
}

/// The first host that is neither this machine nor a compose service.
fn foreign(config: &Config) -> Option<String> {
    let hosts = config.get_hosts();
    let addresses = config.get_hostaddrs();
    let name = hosts.iter().find_map(foreign_name).map(str::to_owned);
    // An address beside a name is where the connection really goes.
    name.or_else(|| addresses.iter().find(|address| !address.is_loopback()).map(ToString::to_string))
}

/// The host's name, if it is neither this machine nor a name without dots, as compose gives its services.
fn foreign_name(host: &Host) -> Option<&str> {
    match host {
        Host::Unix(_) => None,
        Host::Tcp(name) => match name.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_loopback() => None,
            Err(_) if is_compose_name(name) => None,
            _ => Some(name),
        },
    }
}

/// Numbers without dots and addresses with a zone are addresses, too, so a name must begin as one.
fn is_compose_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_')
}

/// Unix sockets know no TLS, and nobody listens there: `sslmode` says nothing about them, as in libpq.
fn only_sockets(config: &Config) -> bool {
    config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
}

/// Reads root certificates.
pub(crate) fn read_bundle(path: &Path) -> Result<RootCertStore, Error> {
    let wrong = |reason: String| Error::RootCertificates { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("it is not intact PEM: {error}")))?;
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(wrong("it holds no certificate in PEM".to_owned()));
    }
    if ignored > 0 {
        tracing::warn!(path = %path.display(), ignored, "ignored root certificates that cannot be read");
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    // Single files that cannot be read are common where others can.
    if added == 0 {
        // Its text, since it repeats its cause.
        let reason = found.errors.first().map_or_else(|| "there is none".to_owned(), ToString::to_string);
        return Err(Error::NoRootCertificates { reason });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str) -> Result<Option<ClientConfig>, Error> {
        let mut config: Config = url.parse().unwrap();
        let chosen = choose(&mut config, None);
        if let Ok(tls) = &chosen {
            let mode = if tls.is_some() { SslMode::Require } else { SslMode::Disable };
            assert_eq!(config.get_ssl_mode(), mode, "{url}");
        }
        chosen
    }

    #[test]
    fn plain_text_stays_on_this_machine_and_between_compose_services() {
        for url in [
            "postgres://u@localhost/x",
            "postgres://u@127.0.0.1/x",
            "postgres://u@[::1]/x",
            "postgres://u@localhost/x?sslmode=disable",
            "postgres://u@postgres/x",
            "postgres://u@warehouse-db_1/x",
            "host=/tmp",
            "host=/tmp sslmode=require",
            "hostaddr=127.0.0.1",
        ] {
            assert!(chosen(url).unwrap().is_none(), "{url}");
        }
    }

    #[test]
    fn what_leaves_this_machine_is_encrypted_whatever_the_url_says() {
        for url in [
            "postgres://u@db.example.com/x",
            "postgres://u@db.example.com/x?sslmode=prefer",
            "postgres://u@10.0.0.1/x",
            "postgres://u@[fd00::1]/x",
            "postgres://u@localhost,db.example.com/x",
            "postgres://u@localhost/x?sslmode=require",
            "host=db.example.com hostaddr=127.0.0.1",
            "hostaddr=10.0.0.1",
            // Ways to write 10.0.0.1 that the system understands, and an address with its zone.
            "host=167772161",
            "host=0x0a000001",
            "host=fe80::1%eth0",
            // The name is only for the certificate: the address is asked.
            "host=localhost hostaddr=10.0.0.1",
            "host=/tmp hostaddr=10.0.0.1",
        ] {
            assert!(chosen(url).unwrap().is_some(), "{url}");
        }
    }

    #[test]
    fn plain_text_over_a_network_is_refused_by_the_hosts_name() {
        for (url, host) in [
            ("postgres://u:secret@db.example.com/x?sslmode=disable", "db.example.com"),
            ("host=localhost hostaddr=10.0.0.1 password=secret sslmode=disable", "10.0.0.1"),
        ] {
            let error = chosen(url).unwrap_err();
            assert!(matches!(error, Error::NotEncrypted { .. }) && !error.is_transient());
            let message = error.to_string();
            assert!(message.contains(host) && !message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn a_wrong_bundle_of_root_certificates_is_named_even_where_it_is_not_needed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.pem");
        let read = |pem: Option<&str>| {
            if let Some(pem) = pem {
                std::fs::write(&path, pem).unwrap();
            }
            choose(&mut "host=localhost".parse().unwrap(), Some(&path))
        };
        let whole = rcgen::generate_simple_self_signed(["authority".to_owned()]).unwrap().cert.pem();
        let half = &whole[..whole.len() / 2];
        for (pem, expected) in [
            (None, "No such file"),
            (Some(""), "it holds no certificate"),
            (
                Some("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
                "no certificate",
            ),
            (
                Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                "it holds no certificate",
            ),
            (Some(half), "it is not intact PEM"),
        ] {
            let error = read(pem).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("PGSSLROOTCERT is wrong: "), "{message}");
            assert!(message.contains(path.to_str().unwrap()) && message.contains(expected), "{message}");
            assert!(!error.is_transient());
        }
        assert!(read(Some(&format!("# the test's own\n{whole}{whole}"))).unwrap().is_none());
    }
}
