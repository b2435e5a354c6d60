//! robots.txt: what is asked of a portal that has one, and when nothing is.

use axum::response::{IntoResponse, Redirect, Response};
use sreality_client::{Client, ClientSettings, RequestError, Robots, RobotsTxt};

use crate::portal::{Portal, page, query, status};

/// A portal with this robots.txt, and two clients: one that obeys it, and one whose operator holds permission.
async fn portal(robots: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (Portal, Client, Client) {
    let portal = Portal::start(move |_| robots(), |_, _| page()).await;
    let permitted = ClientSettings { robots_txt: RobotsTxt::Disregard, ..portal.settings() };
    let (obeying, permitted) = (portal.client(), Client::new(permitted).unwrap());
    (portal, obeying, permitted)
}

#[tokio::test]
async fn what_allows_the_search_is_no_obstacle_and_not_disregarded() {
    for file in [
        "User-agent: *\nAllow: /\n",
        "User-agent: *\nDisallow: /\n\nUser-agent: cenovka\nAllow: /api/\nDisallow: /\n",
    ] {
        let (portal, obeying, permitted) = portal(|| file.into_response()).await;
        for client in [obeying, permitted] {
            assert_eq!(client.begin_run().await.unwrap(), Robots::Allowed);
            client.search(&query()).await.unwrap();
            assert_eq!(client.counts().requests, 2);
        }
        assert_eq!(portal.requests().len(), 4);
    }
}

#[tokio::test]
async fn what_forbids_the_search_stops_it_unless_the_operator_holds_permission() {
    for (file, rule) in [
        ("User-agent: *\nDisallow: / # neplecha ukončena\n", "`Disallow: /`"),
        (
            "User-agent: *\nAllow: /\n\nUser-agent: Cenovka\nDisallow: /api/*/search?*limit=\n",
            "`Disallow: /api/*/search?*limit=`",
        ),
    ] {
        let (portal, obeying, permitted) = portal(|| file.into_response()).await;
        let error = obeying.begin_run().await.unwrap_err();
        assert!(matches!(error, RequestError::Forbidden { .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains(rule) && error.contains("CENOVKA_ROBOTS_TXT=disregard"), "{error}");
        let error = obeying.search(&query()).await.unwrap_err();
        assert!(matches!(error, RequestError::NotBegun { .. }), "{error}");
        assert_eq!(portal.searches(), 0);

        assert_eq!(permitted.begin_run().await.unwrap(), Robots::Disregarded);
        permitted.search(&query()).await.unwrap();
    }
}

#[tokio::test]
async fn a_search_that_a_rule_closes_is_not_made_in_a_run_that_is_open() {
    let file = "User-agent: *\nDisallow: /*offset=20&\nDisallow: /*offset=20$\n";
    let (portal, client, _) = portal(|| file.into_response()).await;
    client.begin_run().await.unwrap();
    client.search(&query()).await.unwrap();
    let mut closed = query();
    closed.offset = 20;
    let error = client.search(&closed).await.unwrap_err();
    assert!(matches!(error, RequestError::Forbidden { .. }), "{error}");
    assert_eq!(portal.searches(), 1);
}

#[tokio::test]
async fn without_a_robots_txt_there_are_no_rules() {
    for code in [204, 400, 404, 410, 418, 422, 451] {
        let (portal, client, _) = portal(move || status(code)).await;
        assert_eq!(client.begin_run().await.unwrap(), Robots::Allowed);
        assert_eq!(portal.requests().len(), 1, "{code}");
    }
    let (_portal, client, _) = portal(|| "<html>nenalezeno</html>".into_response()).await;
    assert_eq!(client.begin_run().await.unwrap(), Robots::Allowed);
}

#[tokio::test]
async fn while_robots_txt_is_not_to_be_had_nothing_is_asked() {
    for (code, tries) in [(500, 12), (503, 12), (501, 1), (408, 12)] {
        let (portal, obeying, permitted) = portal(move || status(code)).await;
        for client in [obeying, permitted] {
            let error = client.begin_run().await.unwrap_err();
            assert!(matches!(error, RequestError::RobotsUnreachable { .. }), "{error}");
            assert_eq!(client.counts().requests, tries, "{code}");
            let error = client.search(&query()).await.unwrap_err();
            assert!(matches!(error, RequestError::NotBegun { .. }), "{error}");
        }
        assert_eq!(portal.searches(), 0);
    }
    for code in [401, 403, 429] {
        let (portal, client, _) = portal(move || status(code)).await;
        let error = client.begin_run().await.unwrap_err();
        assert!(matches!(error, RequestError::Refused(_)), "{error}");
        assert_eq!(portal.requests().len(), 10, "{code}");
    }
}

#[tokio::test]
async fn a_moment_without_robots_txt_is_waited_for() {
    let robots = |number| if number < 3 { status(503) } else { "User-agent: *\nDisallow: /".into_response() };
    let portal = Portal::start(robots, |_, _| page()).await;
    let error = portal.client().begin_run().await.unwrap_err();
    assert!(matches!(error, RequestError::Forbidden { .. }), "{error}");
    assert_eq!(portal.requests().len(), 4);
}

#[tokio::test]
async fn a_robots_txt_elsewhere_is_not_read() {
    let (other, _) = Portal::searched(|_, _| page()).await;
    let before = other.requests().len();
    let to = format!("{}/robots.txt", other.base_url);
    let (_portal, obeying, permitted) = portal(move || Redirect::permanent(&to).into_response()).await;
    for client in [obeying, permitted] {
        let error = client.begin_run().await.unwrap_err();
        assert!(matches!(error, RequestError::Redirect { .. }), "{error}");
        assert_eq!(client.counts().requests, 1);
    }
    assert_eq!(other.requests().len(), before);
}

#[tokio::test]
async fn of_a_huge_robots_txt_only_the_beginning_is_read() {
    let filler = "# all work and no play\n".repeat(30_000);
    let late = format!("{filler}User-agent: *\nDisallow: /\n");
    let (_portal, client, _) = portal(move || late.clone().into_response()).await;
    assert_eq!(client.begin_run().await.unwrap(), Robots::Allowed);

    let early = format!("User-agent: *\nDisallow: /\n{filler}");
    let (_portal, client, _) = portal(move || early.clone().into_response()).await;
    assert!(matches!(client.begin_run().await, Err(RequestError::Forbidden { .. })));

    // Half a rule would forbid more than the whole one.
    let start = "User-agent: *\n";
    let padding = "#".repeat(500 * 1024 - start.len() - 1 - "Disallow: /a".len());
    let cut = format!("{start}{padding}\nDisallow: /another\n");
    let (_portal, client, _) = portal(move || cut.clone().into_response()).await;
    assert_eq!(client.begin_run().await.unwrap(), Robots::Allowed);
}

#[tokio::test]
async fn a_crawl_delay_slows_the_run_also_where_rules_are_disregarded() {
    let (portal, _, permitted) =
        portal(|| "User-agent: *\nDisallow: /\nCrawl-delay: 0.3\n".into_response()).await;
    assert_eq!(permitted.begin_run().await.unwrap(), Robots::Disregarded);
    for _ in 0..2 {
        permitted.search(&query()).await.unwrap();
    }
    let times: Vec<_> = portal.requests().into_iter().map(|(_, time)| time).collect();
    assert!(times.windows(2).all(|pair| (pair[1] - pair[0]).as_secs_f64() >= 0.3), "{times:?}");
}
