//! Which word somebody may have meant.

/// The most similar of some words, if it is similar enough for a slip of the fingers.
pub(super) fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let allowed = 2.min(word.chars().count() / 3);
    words
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be inserted, removed or replaced to make one of the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    // The distances of what was read of `from` to each beginning of `to`.
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (read, character) in from.chars().enumerate() {
        let mut left = read + 1;
        let mut next = vec![left];
        for ((other, corner), above) in to.chars().zip(&row).zip(row.iter().skip(1)) {
            left = (corner + usize::from(character != other)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_insertions_removals_and_replacements() {
        for (from, to, expected) in [
            ("praha", "praha", 0),
            ("prah", "praha", 1),
            ("brno", "bron", 2),
            ("", "abc", 3),
            ("kočka", "kocka", 1),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn only_a_slip_is_taken_for_another_word() {
        let words = ["price", "area_m2", "region"];
        assert_eq!(nearest("prise", words), Some("price"));
        assert_eq!(nearest("regoin", words), Some("region"));
        assert_eq!(nearest("rooms", words), None);
        assert_eq!(nearest("p", words), None);
    }
}
