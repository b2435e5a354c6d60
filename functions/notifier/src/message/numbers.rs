//! Numbers as people read them. What belongs together is held together by no-break spaces.

use crate::message::Language;

/// The no-break space.
pub(super) const NBSP: char = '\u{a0}';

/// A whole number in groups of three.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(NBSP);
        }
        text.push(digit);
    }
    text
}

/// By how many tenths of a percent `now` differs from `before`, rounded; `None` if there is nothing to compare with.
pub(super) fn tenths_of_percent(before: i64, now: i64) -> Option<i64> {
    if before <= 0 {
        return None;
    }
    let (before, change) = (i128::from(before), i128::from(now) - i128::from(before));
    // Half a tenth is rounded away from zero.
    let tenths = (2000 * change + before * change.signum()) / (2 * before);
    i64::try_from(tenths).ok()
}

/// Tenths of a percent without their sign: `4,4 %`.
pub(super) fn percent(tenths: i64, language: Language) -> String {
    let point = match language {
        Language::Cs => ',',
        Language::En => '.',
    };
    let tenths = tenths.unsigned_abs();
    let whole = grouped(i64::try_from(tenths / 10).unwrap_or(i64::MAX));
    format!("{whole}{point}{}{NBSP}%", tenths % 10)
}

/// `one`, `few` (two to four) or `many` of something: Czech needs all three, English takes the same twice.
pub(super) fn plural<'w>(number: i64, [one, few, many]: [&'w str; 3]) -> &'w str {
    match number {
        1 => one,
        2..=4 => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_groups_of_three() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1 000"), (6_490_000, "6 490 000"), (-12_345, "−12 345")]
        {
            assert_eq!(grouped(number).replace(NBSP, " "), text);
        }
        assert_eq!(grouped(i64::MIN).replace(NBSP, ""), "−9223372036854775808");
    }

    #[test]
    fn changes_are_rounded_to_tenths_of_a_percent() {
        for (before, now, tenths) in [
            (6_790_000, 6_490_000, Some(-44)),
            (1000, 1000, Some(0)),
            (10_000, 10_005, Some(1)),
            (10_000, 9_995, Some(-1)),
            (10_000, 10_004, Some(0)),
            (0, 5, None),
            (i64::MAX, 1, Some(-1000)),
            (1, i64::MAX, None),
        ] {
            assert_eq!(tenths_of_percent(before, now), tenths, "{before} {now}");
        }
    }

    #[test]
    fn a_percentage_has_the_languages_point() {
        assert_eq!(percent(-44, Language::Cs), "4,4\u{a0}%");
        assert_eq!(percent(12_345, Language::En), "1\u{a0}234.5\u{a0}%");
    }

    #[test]
    fn czech_counts_one_few_and_many() {
        let days = |number| plural(number, ["den", "dny", "dní"]);
        assert_eq!([0, 1, 2, 4, 5, 21, 22].map(days), ["dní", "den", "dny", "dny", "dní", "dní", "dní"]);
    }
}
