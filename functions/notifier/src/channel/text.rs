//! A message as text of a limited size.

use crate::message::Message;

/// One line, whatever the message says.
pub(crate) fn subject(message: &Message) -> String {
    message.title().replace(char::is_control, " ")
}

/// All that a message says, for who shows no subject; or as many events as fit into a size.
pub(crate) fn whole_within(message: &Message, most: usize, size: fn(char) -> usize) -> String {
    let whole = |message: &Message| match (message.items.len(), message.more) {
        (1, 0) => format!("{}\n{}", message.title(), message.text()),
        _ => message.text(),
    };
    within(message, whole, most, size)
}

/// What stands below [`subject`], or as many events as fit into a size.
pub(crate) fn below_subject_within(message: &Message, most: usize, size: fn(char) -> usize) -> String {
    within(message, Message::text, most, size)
}

/// Events that do not fit are counted; a single one is cut.
fn within(
    message: &Message,
    text: impl Fn(&Message) -> String,
    most: usize,
    size: fn(char) -> usize,
) -> String {
    let fits = |text: &String| text.chars().map(size).sum::<usize>() <= most;
    let whole = text(message);
    if fits(&whole) {
        return whole;
    }
    let mut fewer = message.clone();
    while fewer.items.len() > 1 {
        fewer.items.pop();
        fewer.more += 1;
        let text = text(&fewer);
        if fits(&text) {
            return text;
        }
    }
    cut(&text(&fewer), most, size)
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
    use crate::channel::example::message;

    #[test]
    fn without_a_subject_the_title_of_the_only_event_is_in_the_text() {
        let message = message(&[1]);
        assert_eq!(below_subject_within(&message, 1000, char::len_utf8), message.items[0].text);
        assert_eq!(
            whole_within(&message, 1000, char::len_utf8),
            format!("Byt 1 zlevnil\n{}", message.items[0].text)
        );
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
        assert_eq!(whole, message.text());
        let cut = whole_within(&message, whole.len() - 1, char::len_utf8);
        message.items.pop();
        message.more = 2;
        assert_eq!(cut, message.text());
    }

    #[test]
    fn one_event_that_does_not_fit_ends_with_an_ellipsis_within_the_size() {
        let mut message = message(&[1]);
        message.items[0].text = "Ž𝄞".repeat(100);
        for (most, size) in [(50, char::len_utf8 as fn(char) -> usize), (51, char::len_utf16)] {
            let cut = whole_within(&message, most, size);
            let length: usize = cut.chars().map(size).sum();
            assert!(cut.ends_with('…') && length <= most && length + 4 > most, "{length} of {most}: {cut}");
        }
    }
}
