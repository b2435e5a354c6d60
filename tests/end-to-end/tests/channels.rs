//! Channels that encrypt, against real servers: the notifier tells who is believed and nobody else.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use end_to_end::mail_server::{MailEncryption, MailServer};
use end_to_end::network_postgres::{Authority, Certificate};
use end_to_end::walk_file::walk_file;
use end_to_end::{Function, World, world::BUCKET};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use simulator::{Market, Source};

const LOGIN: &str = "cenovka:hunter2";

/// A webhook by https on `localhost`.
struct SecureWebhook {
    port: u16,
    requests: mpsc::Receiver<String>,
}

impl SecureWebhook {
    fn start(certificate: &Certificate) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, requests) = mpsc::channel();
        thread::spawn(move || {
            while let Ok((connection, _)) = listener.accept() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                // Whoever does not believe the certificate says no more.
                if let Some(request) = answer(StreamOwned::new(tls, connection)) {
                    taken.send(request).unwrap();
                }
            }
        });
        Self { port, requests }
    }
}

/// Reads a request to its end, and answers that it was taken.
fn answer(mut stream: impl Read + Write) -> Option<String> {
    let mut request = String::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).ok().filter(|length| *length > 0)?;
        request.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= expected.parse().unwrap() {
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
            return Some(request);
        }
    }
}

/// A flat in words that the loader understands.
fn row(price: i64) -> String {
    json!({
        "hash_id": 1,
        "advert_name": "Prodej bytu 2+kk 50 m²",
        "category_main_cb": { "value": 1 },
        "category_type_cb": { "value": 1 },
        "price_summary_czk": price,
        "price_summary_unit_cb": { "value": 1 },
        "price_currency_cb": { "value": 1 },
        "locality": { "region_id": 10, "district_id": 5001 },
    })
    .to_string()
}

async fn notifier(world: &World, secrets: &Value, authority: Option<&Path>) -> Function {
    let (database, secrets) = (world.database.url("notifier"), secrets.to_string());
    let mut settings = vec![
        ("DATABASE_URL", database.as_str()),
        ("CENOVKA_CHANNELS_PRIVATE", "allow"),
        ("CENOVKA_CHANNEL_SECRETS", &secrets),
    ];
    settings.extend(authority.map(|file| ("SSL_CERT_FILE", file.to_str().unwrap())));
    Function::start("notifier", &world.environment_with(&settings)).await
}

/// Lets a flat become cheaper, which is told to each of these channels.
async fn something_to_tell(world: &mut World, channels: &str, names: &[&str], secrets: &Value) {
    let watches = format!(
        "[[watch]]\nname = \"cheaper\"\ndeal = \"sale\"\ncategory = \"flats\"\nchannels = {names:?}\n{channels}"
    );
    let put = world.s3.put_object().bucket(BUCKET).key("watches.toml").body(watches.into_bytes().into());
    put.send().await.unwrap();
    world.next_event().await;
    notifier(world, secrets, None).await.invoke(json!({})).await.unwrap();
    world.next_event().await;
    let mut loader = world.loader().await;
    for (walk, price) in [(1, 5_000_000), (2, 4_500_000)] {
        let (key, file) = walk_file(walk, &[&row(price)], true).await;
        let event = world.put(&key, file).await;
        assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "loaded");
    }
}

#[tokio::test]
async fn a_webhook_by_https_is_told_if_its_authority_is_believed() {
    let mut world = World::start(Source::Market(Market::new(11, 0))).await;
    let authority = Authority::new("ours");
    let webhook = SecureWebhook::start(&authority.certificate("localhost"));
    let channels =
        format!("[channels.hook]\nkind = \"webhook\"\nurl = \"https://localhost:{}/in\"\n", webhook.port);
    let secrets = json!({ "hook": "key" });
    something_to_tell(&mut world, &channels, &["hook"], &secrets).await;

    let report = notifier(&world, &secrets, None).await.invoke(json!({})).await.unwrap();
    assert_eq!((&report["failed"], &report["told"]), (&json!(["hook"]), &json!(0)), "{report}");
    assert!(webhook.requests.try_recv().is_err());

    world.sql.batch_execute("update warehouse.delivery set due_at = now()").await.unwrap();
    let report = notifier(&world, &secrets, Some(&authority.bundle())).await.invoke(json!({})).await.unwrap();
    assert_eq!((&report["failed"], &report["told"]), (&json!([]), &json!(1)), "{report}");
    let request = webhook.requests.recv().unwrap();
    assert!(
        request.starts_with("POST /in HTTP/1.1\r\n") && request.contains("x-cenovka-signature: v1="),
        "{request}"
    );
    assert!(request.contains(r#""price":4500000,"price_before":5000000"#), "{request}");
}

#[tokio::test]
async fn mail_is_encrypted_and_logged_in_wherever_its_server_is() {
    let authority = Authority::new("ours");
    // This machine under an address that does not look like it, for which STARTTLS is demanded.
    let elsewhere = "::ffff:127.0.0.1";
    let (by_name, by_address) = (authority.certificate("localhost"), authority.certificate(elsewhere));
    let start = |encryption| MailServer::start(LOGIN, encryption);
    let Some(mut plain) = start(MailEncryption::None).await else {
        println!("skipped: there is no aiosmtpd; .ci/run says how it is installed");
        return;
    };
    let mut starttls = start(MailEncryption::StartTls(&by_address)).await.unwrap();
    let mut encrypted = start(MailEncryption::FromTheStart(&by_name)).await.unwrap();
    let url =
        |scheme, host, port| format!("{scheme}://{LOGIN}@{host}:{port}?from=Cenovka%20<cenovka@example.com>");
    let secrets = json!({
        "plain": url("smtp", "127.0.0.1", plain.port),
        "starttls": url("smtp", "[::ffff:127.0.0.1]", starttls.port),
        "encrypted": url("smtps", "localhost", encrypted.port),
    });
    let names = ["plain", "starttls", "encrypted"];
    let channel = |name| format!("[channels.{name}]\nkind = \"mail\"\nto = \"Jana <jana@example.org>\"\n");

    let mut world = World::start(Source::Market(Market::new(11, 0))).await;
    something_to_tell(&mut world, &names.map(channel).concat(), &names, &secrets).await;
    let report = notifier(&world, &secrets, None).await.invoke(json!({})).await.unwrap();
    assert_eq!(report["told"], 1, "{report}");
    let failed: Vec<&str> =
        report["failed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(failed.len() == 2 && !failed.contains(&"plain"), "{report}");

    world.sql.batch_execute("update warehouse.delivery set due_at = now()").await.unwrap();
    let report = notifier(&world, &secrets, Some(&authority.bundle())).await.invoke(json!({})).await.unwrap();
    assert_eq!((&report["failed"], &report["told"]), (&json!([]), &json!(2)), "{report}");

    let mut ids = Vec::new();
    for (server, is_encrypted) in [(&mut plain, false), (&mut starttls, true), (&mut encrypted, true)] {
        let mail = server.mail().await;
        assert_eq!((&mail["encrypted"], &mail["login"]), (&json!(is_encrypted), &json!(LOGIN)), "{mail}");
        assert_eq!(
            (&mail["from"], &mail["to"]),
            (&json!("cenovka@example.com"), &json!(["jana@example.org"]))
        );
        let text = mail["text"].as_str().unwrap();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        assert_eq!(header("To: "), "Jana <jana@example.org>");
        assert!(text.contains("4=C2=A0500=C2=A0000"), "{text}");
        ids.push(header("Message-ID: "));
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "the same message has the same id: {ids:?}");
}
