//! A message as text.

use crate::message::{Item, Language, Message};

/// The title of the only event, or the watch and how many there are: one line.
pub(crate) fn subject(message: &Message) -> String {
    let subject = match message.items.as_slice() {
        [item] if message.more == 0 => item.title.clone(),
        items => format!("{}: {}", message.watch, items.len() + message.more),
    };
    subject.replace(char::is_control, " ")
}

/// What stands below [`subject`]: the title of the only event is not said twice.
pub(crate) fn below_subject(message: &Message) -> String {
    text(message, message.items.len(), !is_subject(message))
}

/// Every event with its title, for who shows no subject; or as many as fit into a size.
pub(crate) fn whole_within(message: &Message, most: usize, size: fn(char) -> usize) -> String {
    within(message, true, most, size)
}

/// [`below_subject`], or as many events as fit into a size.
pub(crate) fn below_subject_within(message: &Message, most: usize, size: fn(char) -> usize) -> String {
    within(message, !is_subject(message), most, size)
}

fn is_subject(message: &Message) -> bool {
    message.items.len() == 1 && message.more == 0
}

fn within(message: &Message, with_titles: bool, most: usize, size: fn(char) -> usize) -> String {
    let fits = |text: &String| text.chars().map(size).sum::<usize>() <= most;
    let mut fewer = (1..=message.items.len()).rev().map(|count| text(message, count, with_titles));
    fewer.find(fits).unwrap_or_else(|| cut(&text(message, 1, with_titles), most, size))
}

/// The first events, and how many more there are.
fn text(message: &Message, count: usize, with_titles: bool) -> String {
    let items = message.items.iter().take(count).map(|item| item_text(item, with_titles));
    let left_out = message.items.len().saturating_sub(count) + message.more;
    let rest = (left_out > 0).then(|| and_more(left_out, message.language));
    items.chain(rest).collect::<Vec<_>>().join("\n\n")
}

fn item_text(item: &Item, with_title: bool) -> String {
    let title = with_title.then_some(item.title.as_str());
    let lines = [title, Some(item.text.trim_end()), item.url.as_deref()];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn and_more(count: usize, language: Language) -> String {
    match (language, count) {
        (Language::Cs, 1..=4) => format!("a {count} další"),
        (Language::Cs, _) => format!("a {count} dalších"),
        (Language::En, _) => format!("and {count} more"),
    }
}

/// As much of a text as fits into a size together with an ellipsis.
fn cut(text: &str, most: usize, size: fn(char) -> usize) -> String {
    let mut left = most.saturating_sub(size('…'));
    let fits = |letter: &char| match left.checked_sub(size(*letter)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::example::{item, message};

    #[test]
    fn a_single_event_is_its_own_subject_and_its_title_is_not_repeated() {
        let message = message(&[1]);
        assert_eq!(subject(&message), "Byt 1 zlevnil");
        assert_eq!(below_subject(&message), "6 490 000 Kč\n62 m²\nhttps://www.sreality.cz/1");
        assert_eq!(
            whole_within(&message, usize::MAX, char::len_utf8),
            "Byt 1 zlevnil\n6 490 000 Kč\n62 m²\nhttps://www.sreality.cz/1"
        );
    }

    #[test]
    fn several_events_are_counted_and_told_one_after_the_other() {
        let mut message = message(&[1, 2]);
        message.items[1].url = None;
        message.more = 5;
        assert_eq!(subject(&message), "vinohrady: 7");
        let text = "Byt 1 zlevnil\n6 490 000 Kč\n62 m²\nhttps://www.sreality.cz/1\n\n\
                    Byt 2 zlevnil\n6 490 000 Kč\n62 m²\n\na 5 dalších";
        assert_eq!(below_subject(&message), text);
        assert_eq!(whole_within(&message, usize::MAX, char::len_utf8), text);
    }

    #[test]
    fn how_many_more_is_said_in_the_readers_language() {
        let said = [1, 4, 5].map(|count| and_more(count, Language::Cs));
        assert_eq!(said, ["a 1 další", "a 4 další", "a 5 dalších"]);
        assert_eq!(and_more(3, Language::En), "and 3 more");
    }

    #[test]
    fn a_subject_is_one_line() {
        let mut message = message(&[1]);
        message.items[0].title = "Byt\r\nBcc: all@example.com".to_owned();
        assert_eq!(subject(&message), "Byt  Bcc: all@example.com");
    }

    #[test]
    fn events_that_do_not_fit_are_counted() {
        let mut message = message(&[1, 2, 3]);
        message.more = 1;
        let whole = whole_within(&message, 10_000, char::len_utf8);
        assert!(whole.contains("Byt 3") && whole.ends_with("\n\na 1 další"), "{whole}");
        let cut = whole_within(&message, whole.len() - 1, char::len_utf8);
        assert!(cut.contains("Byt 2") && !cut.contains("Byt 3") && cut.ends_with("\n\na 2 další"), "{cut}");
    }

    #[test]
    fn one_event_that_does_not_fit_ends_with_an_ellipsis_within_the_size() {
        let mut message = message(&[1]);
        message.items = vec![Item { text: "Ž𝄞".repeat(100), ..item(1) }];
        for (most, size) in [(50, char::len_utf8 as fn(char) -> usize), (51, char::len_utf16)] {
            let cut = whole_within(&message, most, size);
            let length: usize = cut.chars().map(size).sum();
            assert!(cut.ends_with('…') && length <= most && length + 4 > most, "{length} of {most}: {cut}");
        }
    }
}
