//! What robots.txt says: RFC 9309, and `Crawl-delay`, which is older than it.

use std::time::Duration;

use reqwest::Url;

use crate::contact::PRODUCT;

/// Path of the file below the portal's base URL.
pub const ROBOTS_PATH: &str = "/robots.txt";
/// More of the file is not read. RFC 9309 (2.5) asks for at least as much.
pub const LARGEST: usize = 500 * 1024;
/// Longest `Crawl-delay` that is obeyed; a longer one counts as this.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// What robots.txt means for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Robots {
    /// It does not forbid the search, or there is none.
    Allowed,
    /// It forbids the search, and the operator has said that they hold permission all the same.
    Disregarded,
}

/// The rules that hold for this software; none if by default.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    crawl_delay: Duration,
}

/// One line `Allow` or `Disallow`.
#[derive(Clone, Debug)]
struct Rule {
    allow: bool,
    /// Normalised as paths are.
    pattern: String,
    line: String,
}

impl Rules {
    /// Reads a file: the rules of all groups for [`PRODUCT`], or if there is none, those for `*`. Whatever is no
    /// rule is skipped.
    #[must_use]
    pub fn parse(file: &str) -> Self {
        let (mut own, mut others): (Option<Self>, Self) = Default::default();
        let mut for_own = false;
        let mut for_others = false;
        let mut in_rules = false;
        for line in file.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default().trim();
            let Some((key, value)) = line.split_once(':') else { continue };
            let key = key.trim().to_ascii_lowercase();
            let value = value.trim();
            match key.as_str() {
                "user-agent" => {
                    if std::mem::take(&mut in_rules) {
                        (for_own, for_others) = (false, false);
                    }
                    for_own |= product_token(value).eq_ignore_ascii_case(PRODUCT);
                    for_others |= value.starts_with('*');
                    if for_own {
                        own.get_or_insert_default();
                    }
                }
                "allow" | "disallow" | "crawl-delay" => {
                    in_rules = true;
                    let own = own.as_mut().filter(|_| for_own);
                    for group in own.into_iter().chain(for_others.then_some(&mut others)) {
                        group.add(&key, value, line);
                    }
                }
                _ => {}
            }
        }
        own.unwrap_or(others)
    }

    fn add(&mut self, key: &str, value: &str, line: &str) {
        if key == "crawl-delay" {
            let seconds = value.parse().ok().filter(|seconds: &f64| *seconds > 0.0).unwrap_or_default();
            let delay = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY);
            self.crawl_delay = self.crawl_delay.max(delay);
        } else if !value.is_empty() {
            let rule = Rule { allow: key == "allow", pattern: normalise(value), line: line.to_owned() };
            self.rules.push(rule);
        }
    }

    /// The line that forbids a URL's path and query; `None` if they are allowed.
    #[must_use]
    pub fn forbids(&self, url: &Url) -> Option<&str> {
        match url.query() {
            Some(query) => self.forbids_path(&format!("{}?{query}", url.path())),
            None => self.forbids_path(url.path()),
        }
    }

    /// The longest match decides, and of two equally long ones the one that allows.
    fn forbids_path(&self, path: &str) -> Option<&str> {
        let path = normalise(path);
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        let strongest = matching.max_by_key(|rule| (rule.pattern.len(), rule.allow))?;
        (!strongest.allow).then_some(strongest.line.as_str())
    }

    /// How far apart requests should be; zero if the file does not say.
    #[must_use]
    pub fn crawl_delay(&self) -> Duration {
        self.crawl_delay
    }
}

/// `Cenovka/1.0` names the same robot as `Cenovka`.
fn product_token(value: &str) -> &str {
    let end = value.find(|letter: char| !letter.is_ascii_alphabetic() && !matches!(letter, '-' | '_'));
    value.split_at(end.unwrap_or(value.len())).0
}

/// One way of writing for what RFC 9309 (2.2.2) compares as equal: unreserved characters as they are, other encoded
/// ones in upper case, and what is not ASCII encoded. An encoded `*` or `$` stays encoded, and is so no wildcard.
fn normalise(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut bytes = path.as_bytes().iter();
    while let Some(&byte) = bytes.next() {
        let encoded = match bytes.as_slice() {
            [high, low, ..] if byte == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        if encoded.is_some() {
            bytes.nth(1);
        }
        match encoded.unwrap_or(byte) {
            plain if plain.is_ascii_alphanumeric() || b"-._~".contains(&plain) => normal.push(plain.into()),
            plain if encoded.is_none() && plain.is_ascii() => normal.push(plain.into()),
            other => normal.push_str(&format!("%{other:02X}")),
        }
    }
    normal
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether a pattern matches from the path's start: `*` stands for anything, `$` at its end for the path's end.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let Some((first, others)) = pattern.split_once('*') else {
        return if whole { path == pattern } else { path.starts_with(pattern) };
    };
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    // Taking each piece where it comes first leaves most for those that follow.
    for piece in middle.split('*') {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    if whole { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEARCH: &str = "/api/v1/estates/search?limit=500";

    fn forbids(file: &str) -> Option<String> {
        Rules::parse(file).forbids_path(SEARCH).map(str::to_owned)
    }

    #[test]
    fn no_rules_allow_everything() {
        for file in
            ["", "\n\n", "<html>not found</html>", "Disallow: /", "User-agent: *\nDisallow:", "Sitemap: /x"]
        {
            assert_eq!(forbids(file), None, "{file}");
        }
    }

    #[test]
    fn the_group_for_everyone_holds_unless_there_is_an_own_one() {
        let closed = "User-agent: *\nDisallow: /\n";
        assert_eq!(forbids(closed).as_deref(), Some("Disallow: /"));
        for own in ["cenovka", "CENOVKA", "Cenovka/1.0", "Cenovka # us"] {
            assert_eq!(forbids(&format!("{closed}\nUser-agent: {own}\nAllow: /\n")), None, "{own}");
            assert_eq!(forbids(&format!("User-agent: {own}\nDisallow:\n{closed}")), None, "{own}");
        }
        for other in ["Cenovkabot", "Cenov", "SeznamBot"] {
            assert!(forbids(&format!("{closed}\nUser-agent: {other}\nAllow: /\n")).is_some(), "{other}");
        }
        assert_eq!(
            forbids("User-agent: Cenovka\n\nUser-agent: *\nUser-agent: x\nDisallow: /").as_deref(),
            Some("Disallow: /")
        );
    }

    #[test]
    fn groups_of_one_robot_are_one_and_a_group_can_be_for_several() {
        let file = "User-agent: Cenovka\nDisallow: /api\n\nUser-agent: x\nDisallow: /\n
            User-agent: cenovka\nAllow: /api/v1/";
        assert_eq!(forbids(file), None);
        let file =
            "User-agent: x\nUser-agent: Cenovka\nUser-agent: y\nDisallow: /api\nUser-agent: *\nAllow: /";
        assert_eq!(forbids(file).as_deref(), Some("Disallow: /api"));
        let unknown_between = "User-agent: Cenovka\nSitemap: /s\n?!\nUser-agent: y\nDisallow: /";
        assert!(forbids(unknown_between).is_some());
    }

    #[test]
    fn the_longest_match_decides_and_allow_wins_ties() {
        let with = |rules: &str| forbids(&format!("User-agent: *\n{rules}"));
        assert_eq!(with("Disallow: /\nAllow: /api/"), None);
        assert_eq!(with("Allow: /api/\nDisallow: /api/v1"), Some("Disallow: /api/v1".to_owned()));
        assert_eq!(with("Disallow: /api/v1\nAllow: /api/v1"), None);
        assert_eq!(with("Disallow: /*?limit=\nAllow: /api/"), Some("Disallow: /*?limit=".to_owned()));
    }

    #[test]
    fn line_ends_marks_spaces_and_comments_do_not_matter() {
        for file in [
            "\u{feff}User-agent: *\r\nDisallow: /\r\n",
            "USER-AGENT:*\rdisallow:/",
            "# closed\nUser-agent : * # everyone\n\n  Disallow :  /  # neplecha ukončena",
        ] {
            assert!(forbids(file).is_some(), "{file}");
        }
    }

    #[test]
    fn patterns_match_from_the_start_with_wildcards_and_an_end() {
        for (pattern, path, expected) in [
            ("/fish", "/fish/salmon", true),
            ("/fish", "/Fish", false),
            ("/fish$", "/fish", true),
            ("/fish$", "/fish/", false),
            ("/*.php", "/a/b.php?c", true),
            ("/*.php$", "/a/b.php?c", false),
            ("/a*b*c$", "/a-b-c-b-c", true),
            ("/a*b*c$", "/abcd", false),
            ("*/x", "/y/x", true),
            ("/**", "/", true),
            ("$", "/", false),
            ("/a$b", "/a$b", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn encoded_paths_are_compared_as_what_they_mean() {
        for (left, right) in [("/%61%7e", "/a~"), ("/á", "/%c3%A1"), ("/%2f", "/%2F"), ("/100%", "/100%")] {
            assert_eq!(normalise(left), normalise(right), "{left}");
        }
        assert_ne!(normalise("/%2F"), normalise("//"));
        assert!(!matches(&normalise("/%2A"), "/x"));
    }

    #[test]
    fn a_crawl_delay_is_read_and_bounded() {
        let delay =
            |lines: &str| Rules::parse(&format!("User-agent: *\n{lines}")).crawl_delay().as_secs_f64();
        for (lines, seconds) in [
            ("", 0.0),
            ("Crawl-delay: 2.5", 2.5),
            ("Crawl-delay: 2\nCrawl-delay: 5\nDisallow: /x", 5.0),
            ("Crawl-delay: 86400", 60.0),
            ("Crawl-delay: inf", 60.0),
            ("Crawl-delay: -1", 0.0),
            ("Crawl-delay: NaN", 0.0),
            ("Crawl-delay: soon", 0.0),
            ("Disallow: /x\nUser-agent: y\nCrawl-delay: 5", 0.0),
        ] {
            assert!((delay(lines) - seconds).abs() < 1e-9, "{lines}");
        }
    }

    /// The definition, letter by letter.
    fn naive(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern, path) {
            ([], _) => true,
            ([b'$'], _) => path.is_empty(),
            ([b'*', pattern @ ..], _) => (0..=path.len()).any(|skipped| naive(pattern, &path[skipped..])),
            ([letter, pattern @ ..], [first, path @ ..]) if letter == first => naive(pattern, path),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_as_defined(pattern in "[/ab*]{0,8}[$]?", path in "/[/ab]{0,10}") {
            prop_assert_eq!(matches(&pattern, &path), naive(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn any_text_can_be_read(
            text in "((User-agent|Allow|Disallow|Crawl-delay)?:?[ */a-z$%0-9é#]{0,9}\\PC{0,3}\r?\n){0,9}",
        ) {
            let _ = Rules::parse(&text).forbids_path(&text);
        }
    }
}
