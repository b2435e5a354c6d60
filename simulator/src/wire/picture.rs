//! The pictures of a row.

use serde::Serialize;

use crate::random::Random;

/// A picture with what the portal's image recognition says of it (the shape since 2026).
#[derive(Debug, Serialize)]
pub(crate) struct Picture {
    /// Protocol-relative address.
    #[serde(rename = "advert_image_sdn_url")]
    pub(crate) url: String,
    restb_room_type: i16,
    room_type_confidence: f64,
}

/// Room types as they occur; 0 where nothing was recognised.
const ROOM_TYPES: [i16; 16] = [0, 0, 0, 1, 1, 4, 4, 5, 6, 10, 16, 19, 22, 28, 29, 29];

/// The pictures of an advert: 3 to 21, of which a list shows the first three separately.
pub(crate) fn pictures(advert: u64) -> Vec<Picture> {
    let mut random = Random::stream(advert, 4);
    let count = 3 + random.below(19).min(random.below(26));
    let folder = format!("//d18-a.sdn.cz/d_18/c_img_{}_{}", text(&mut random, 2), text(&mut random, 1));
    (0..count)
        .map(|_| Picture {
            url: format!("{folder}/{}/{:04x}.jpeg", text(&mut random, 24), random.below(1 << 16)),
            restb_room_type: random.pick(&ROOM_TYPES),
            // The portal computes it in single precision and prints it in double.
            room_type_confidence: f64::from(random.within(0.5, 1.0) as f32),
        })
        .collect()
}

/// Letters and digits as in the names of pictures.
pub(crate) fn text(random: &mut Random, length: usize) -> String {
    const LETTERS: [u8; 62] = *b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..length).map(|_| char::from(random.pick(&LETTERS))).collect()
}
