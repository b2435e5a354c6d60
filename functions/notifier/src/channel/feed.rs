//! An Atom feed (RFC 4287): a file that is made from what it was before and from a message.

use std::collections::HashSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::message::{Item, Message};

/// So many entries are kept, the newest.
const MOST_ENTRIES: usize = 100;

/// What may stand in a URN as it is: RFC 8141.
const OUTSIDE_URN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'/');

const ENTRY_START: &str = "<entry><id>";
const UPDATED: (&str, &str) = ("<updated>", "</updated>");

/// Where the feed of a watch is kept.
#[must_use]
pub fn key(watch: &str) -> String {
    format!("feeds/{watch}.xml")
}

/// The feed with a message's events in it, newest first; what it has already is not added again. `message.more` has no
/// place here, so a feed is told every event.
///
/// An earlier feed was made here too: each entry is a line. Of anything else nothing is kept.
#[must_use]
pub fn with_entries(earlier: Option<&str>, message: &Message, title: &str) -> String {
    let new = message.items.iter().rev().map(entry);
    let old = earlier.unwrap_or_default().lines().filter(|line| line.starts_with(ENTRY_START));
    let mut known = HashSet::new();
    let mut entries: Vec<(Timestamp, String)> = old
        .map(str::to_owned)
        .chain(new)
        .filter(|line| between(line, ENTRY_START, "</id>").is_some_and(|id| known.insert(id.to_owned())))
        .filter_map(|line| Some((updated(&line)?, line)))
        .collect();
    // Events of one walk have one time: then the line decides, so that the order of messages changes nothing.
    entries.sort_by(|(one, line), (other, other_line)| other.cmp(one).then_with(|| line.cmp(other_line)));
    entries.truncate(MOST_ENTRIES);

    let newest = entries.first().map_or(Timestamp::UNIX_EPOCH, |(updated, _)| *updated);
    let mut feed = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    feed.push_str("<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    let id = urn(&format!("feed:{}", message.watch));
    let _ = writeln!(feed, "<id>{id}</id>\n<title>{}</title>\n<updated>{newest}</updated>", escaped(title));
    feed.push_str("<author><name>Cenovka</name></author>\n");
    for (_, line) in entries {
        feed.push_str(&line);
        feed.push('\n');
    }
    feed.push_str("</feed>\n");
    feed
}

/// One line, whatever the event says.
fn entry(item: &Item) -> String {
    let link = item.url.as_deref().map(|url| format!("<link rel=\"alternate\" href=\"{}\"/>", escaped(url)));
    format!(
        "{ENTRY_START}{}</id><title>{}</title><updated>{}</updated>{}<content type=\"text\">{}</content></entry>",
        urn(&item.key),
        escaped(&item.title),
        item.happened_at,
        link.unwrap_or_default(),
        escaped(&item.text),
    )
}

fn updated(line: &str) -> Option<Timestamp> {
    between(line, UPDATED.0, UPDATED.1)?.parse().ok()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

fn urn(name: &str) -> String {
    format!("urn:cenovka:{}", utf8_percent_encode(name, OUTSIDE_URN))
}

/// As text or as an attribute. What XML 1.0 cannot say at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\0'..' ' | '\u{FFFE}' | '\u{FFFF}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::example::message;

    fn ids(feed: &str) -> Vec<&str> {
        feed.lines().filter_map(|line| between(line, ENTRY_START, "</id>")).collect()
    }

    #[test]
    fn a_first_feed_says_all_that_atom_asks_for() {
        let mut message = message(&[1]);
        message.items[0].title = "Byt <2+kk> & \"sklep\"".to_owned();
        let expected = r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>urn:cenovka:feed:vinohrady</id>
<title>Byty &amp; domy</title>
<updated>2026-11-23T03:00:01Z</updated>
<author><name>Cenovka</name></author>
<entry><id>urn:cenovka:vinohrady/1</id><title>Byt &lt;2+kk&gt; &amp; &quot;sklep&quot;</title><updated>2026-11-23T03:00:01Z</updated><link rel="alternate" href="https://www.sreality.cz/1"/><content type="text">6 490 000 Kč&#10;62 m²</content></entry>
</feed>
"#;
        assert_eq!(with_entries(None, &message, "Byty & domy"), expected);
    }

    #[test]
    fn new_entries_come_first_and_the_feed_is_as_new_as_they() {
        let first = with_entries(None, &message(&[1, 2]), "x");
        let second = with_entries(Some(&first), &message(&[3, 4]), "x");
        let expected = ["4", "3", "2", "1"].map(|number| format!("urn:cenovka:vinohrady/{number}"));
        assert_eq!(ids(&second), expected);
        assert!(second.contains("\n<updated>2026-11-23T03:00:04Z</updated>\n"), "{second}");
        assert!(first.lines().filter(|line| line.starts_with("<entry>")).all(|line| second.contains(line)));
    }

    #[test]
    fn what_is_told_twice_or_in_another_order_makes_the_same_feed() {
        let first = with_entries(None, &message(&[1, 2]), "x");
        assert_eq!(with_entries(Some(&first), &message(&[1, 2]), "x"), first);
        let orders = [[1, 2, 3], [3, 1, 2], [2, 3, 1]].map(|order| {
            let add =
                |feed: Option<String>, number| Some(with_entries(feed.as_deref(), &message(&[number]), "x"));
            order.into_iter().fold(None, add).unwrap()
        });
        assert_eq!(orders[0], orders[1]);
        assert_eq!(orders[0], orders[2]);
    }

    #[test]
    fn only_the_hundred_newest_are_kept() {
        let mut feed = String::new();
        for number in 0..130 {
            feed = with_entries(Some(&feed), &message(&[number]), "x");
        }
        let ids = ids(&feed);
        assert_eq!(
            (ids.len(), ids[0], ids[99]),
            (100, "urn:cenovka:vinohrady/129", "urn:cenovka:vinohrady/30")
        );
    }

    #[test]
    fn no_text_of_a_listing_can_break_the_line_or_the_document() {
        let mut message = message(&[1]);
        message.items[0].text = "a\r\n</entry>\n<entry><id>urn:cenovka:x</id>\u{0}\u{FFFF}]]>".to_owned();
        message.items[0].key = "a b\n<č>".to_owned();
        let feed = with_entries(None, &message, "\n<entry><id>");
        assert_eq!(ids(&feed), ["urn:cenovka:a%20b%0A%3C%C4%8D%3E"]);
        let content = between(&feed, "<content type=\"text\">", "</content>").unwrap();
        assert_eq!(content, "a&#10;&lt;/entry&gt;&#10;&lt;entry&gt;&lt;id&gt;urn:cenovka:x&lt;/id&gt;]]&gt;");
    }

    #[test]
    fn of_what_is_no_feed_of_ours_nothing_is_kept() {
        let strange = "<html>\n<entry><id>urn:x</id></entry>\n<entry>\nsomething";
        let feed = with_entries(Some(strange), &message(&[1]), "x");
        assert_eq!(feed, with_entries(None, &message(&[1]), "x"));
    }

    #[test]
    fn each_watch_has_its_own_file() {
        assert_eq!(key("vinohrady"), "feeds/vinohrady.xml");
    }
}
