//! Which market an answer is of: a real portal's, or a simulated one. A warehouse holds one and never two.

use reqwest::Url;

use sreality::address::REAL_PORTAL;

/// What the name of a simulated market begins with.
const SIMULATED: &str = "simulated:";
/// Longest name that is taken over, in bytes.
const LONGEST: usize = 100;

/// The market's name: `simulated:` and what the answer's [`sreality::MARKET_HEADER`] says, or else the host, with its port if it has
/// one. The real portal has no simulated markets, whatever its answers say.
pub(crate) fn market(base_url: &Url, simulated: Option<&str>) -> String {
    let host = base_url.authority().to_owned();
    let is_name =
        |name: &&str| !name.is_empty() && name.len() <= LONGEST && name.bytes().all(|c| c.is_ascii_graphic());
    match simulated.filter(is_name) {
        // Also without its `www`.
        Some(name) if !REAL_PORTAL.ends_with(&host) => format!("{SIMULATED}{name}"),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_is_the_one_that_a_simulator_names_or_the_host() {
        let market = |url: &str, simulated| market(&url.parse().unwrap(), simulated);
        assert_eq!(market("https://www.sreality.cz", None), "www.sreality.cz");
        assert_eq!(market("https://www.sreality.cz", Some("a")), "www.sreality.cz");
        assert_eq!(market("http://127.0.0.1:8080", Some("seed-1")), "simulated:seed-1");
        assert_eq!(market("https://portal.example.org", Some("seed-1")), "simulated:seed-1");
        assert_eq!(market("http://127.0.0.1:8080", None), "127.0.0.1:8080");
        for no_name in ["", "two words", "žluťoučký", &"x".repeat(101)] {
            assert_eq!(market("http://portal:8080", Some(no_name)), "portal:8080", "{no_name}");
        }
    }
}
