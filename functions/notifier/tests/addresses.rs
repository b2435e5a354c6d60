//! Addresses that no message may go to, whatever leads there.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use notifier::channel::SendError;
use notifier::outbound::{AddressRules, Outbound, Timeouts};
use runtime::failure::{Class, Classed};
use tokio::net::TcpListener;

use crate::channels::{assert_discreet, channel, message};

/// Something inside, and how often it was connected to.
struct Inside {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Inside {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn refusal(kind: &str, url: &str, outbound: &Outbound) -> SendError {
    let channel = channel(kind, &format!("url = \"{url}\""));
    channel.send("phone", None, &message(&["Byt"]), outbound).await.unwrap_err()
}

/// Looks names up in a script: the first answer the first time, the last one from then on.
fn scripted(answers: &[&[&str]]) -> (Outbound, Arc<AtomicUsize>) {
    let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
    let answers: Vec<Vec<IpAddr>> = answers.iter().map(parse).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let timeouts = Timeouts { connect: Duration::from_millis(300), ..Timeouts::default() };
    let outbound = Outbound::from_parts(AddressRules::default(), timeouts, move |_| {
        let answer = answers[count.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    });
    (outbound, asked)
}

#[tokio::test]
async fn loopback_is_refused_by_name_and_by_every_form_of_its_number() {
    let inside = Inside::new().await;
    let outbound = Outbound::new(AddressRules::default());
    for host in [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "%31%32%37.0.0.1",
        "127.0.0.1.",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ] {
        for kind in ["webhook", "ntfy"] {
            let error = refusal(kind, &format!("https://{host}:{}/topic", inside.port), &outbound).await;
            assert_eq!(error.to_string(), "channel phone leads to an address that is not public", "{host}");
            assert_eq!(error.class(), Class::Stop);
            assert_discreet(&error);
        }
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn the_clouds_metadata_and_private_networks_are_refused() {
    let outbound = Outbound::new(AddressRules::default());
    for host in [
        "169.254.169.254",
        "0xa9fea9fe",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "[fe80::1]",
    ] {
        let error = refusal("webhook", &format!("https://{host}/latest/meta-data"), &outbound).await;
        assert!(matches!(error, SendError::NotPublic { .. }), "{host}: {error}");
    }
}

#[tokio::test]
async fn a_name_whose_addresses_are_all_inside_is_refused() {
    let inside = Inside::new().await;
    for addresses in
        [&["127.0.0.1"][..], &["::1", "127.0.0.1"], &["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"]]
    {
        let (outbound, _) = scripted(&[addresses]);
        let error = refusal("webhook", &format!("https://hook.example:{}/", inside.port), &outbound).await;
        assert!(matches!(error, SendError::NotPublic { .. }), "{addresses:?}: {error}");
        assert_discreet(&error);
    }
    assert_eq!(inside.connections(), 0);
}

/// The public address is one that IANA has given to nobody, so that no packet arrives anywhere.
#[tokio::test]
async fn a_name_that_has_another_address_a_moment_later_leads_nowhere_inside() {
    let inside = Inside::new().await;
    let (outbound, asked) = scripted(&[&["2d00::1"], &["127.0.0.1"]]);
    let url = format!("https://hook.example:{}/", inside.port);

    // One lookup: what it answered was judged, and was connected to.
    let error = refusal("webhook", &url, &outbound).await;
    assert!(matches!(error, SendError::NotAnswered { .. }), "{error}");
    assert_eq!((asked.load(Ordering::Relaxed), inside.connections()), (1, 0));

    let error = refusal("webhook", &url, &outbound).await;
    assert!(matches!(error, SendError::NotPublic { .. }), "{error}");
    assert_eq!((asked.load(Ordering::Relaxed), inside.connections()), (2, 0));
}

#[tokio::test]
async fn an_address_inside_beside_a_public_one_is_not_connected_to() {
    let inside = Inside::new().await;
    let (outbound, _) = scripted(&[&["127.0.0.1", "2d00::1"]]);
    let error = refusal("webhook", &format!("https://hook.example:{}/", inside.port), &outbound).await;
    assert!(matches!(error, SendError::NotAnswered { .. }), "{error}");
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn only_https_is_spoken() {
    let (outbound, asked) = scripted(&[&["2d00::1"]]);
    for url in ["http://hook.example/", "http://127.0.0.1/", "ftp://hook.example/"] {
        let error = refusal("webhook", url, &outbound).await;
        assert_eq!((error.to_string().as_str(), error.class()), ("channel phone is not https", Class::Stop));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
