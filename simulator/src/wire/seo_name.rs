//! The names of places as the portal writes them in addresses.

/// Lower case, without diacritics, words joined by hyphens: `Ústí nad Labem` is `usti-nad-labem`.
pub(crate) fn seo_name(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        let plain = without_diacritics(character);
        if plain.is_ascii_alphanumeric() {
            text.push(plain);
        } else if !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
    }
    text.truncate(text.trim_end_matches('-').len());
    text
}

/// The letter under a Czech diacritic.
fn without_diacritics(character: char) -> char {
    match character {
        'á' => 'a',
        'č' => 'c',
        'ď' => 'd',
        'é' | 'ě' => 'e',
        'í' => 'i',
        'ň' => 'n',
        'ó' => 'o',
        'ř' => 'r',
        'š' => 's',
        'ť' => 't',
        'ú' | 'ů' => 'u',
        'ý' => 'y',
        'ž' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use sreality::place::{DISTRICTS, REGIONS};

    use super::*;

    #[test]
    fn names_lose_case_diacritics_and_spaces() {
        assert_eq!(seo_name("Žďár nad Sázavou"), "zdar-nad-sazavou");
        assert_eq!(seo_name("Praha-Šeberov"), "praha-seberov");
        assert_eq!(seo_name(""), "");
    }

    #[test]
    fn districts_get_the_slugs_that_segments_use() {
        for district in DISTRICTS {
            assert_eq!(seo_name(district.name), district.slug);
        }
        assert_eq!(REGIONS.first().map(|region| seo_name(region.name)), Some("jihocesky-kraj".to_owned()));
    }
}
