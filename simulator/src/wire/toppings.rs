//! Adverts that are topped: they go to the front of the list, and so the rows behind them move while a walk runs.
//!
//! There is one order at a time, that of the whole market; every query sees the part of it that matches. A walk that
//! asks for m pages, while before each of them a share p of all adverts is topped, misses about p·m/2 of them: those
//! that were topped from where it had yet to come. Others it sees twice: those that were pushed onto its next page.

use crate::random::Random;

/// Which adverts were topped, and in which order. An advert goes by its position in whatever is served.
#[derive(Debug, Default)]
pub(crate) struct Toppings {
    /// Oldest first; an advert that was topped again is still where it was, too.
    topped: Vec<u32>,
    /// For each advert where in `topped` it stands, counted from 1; 0 or nothing if it was never topped.
    places: Vec<u32>,
}

impl Toppings {
    /// Tops this share of the first `adverts`.
    pub(crate) fn top(&mut self, share: f64, adverts: usize, random: &mut Random) {
        for position in 0..adverts as u32 {
            if random.chance(share) {
                self.top_one(position);
            }
        }
    }

    fn top_one(&mut self, position: u32) {
        let index = position as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, 0);
        }
        self.topped.push(position);
        if let Some(place) = self.places.get_mut(index) {
            *place = self.topped.len() as u32;
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The order of these adverts: the topped ones for which `among` holds, the last topped first, then the others as
    /// they come.
    pub(crate) fn order(
        &self,
        others: impl Iterator<Item = u32>,
        among: impl Fn(u32) -> bool,
    ) -> impl Iterator<Item = u32> {
        let topped = self.topped.iter().enumerate().rev();
        let topped = topped.filter(|(place, position)| self.place(**position) == *place as u32 + 1);
        let topped = topped.map(|(_, position)| *position).filter(move |position| among(*position));
        topped.chain(others.filter(|position| self.place(*position) == 0))
    }

    fn place(&self, position: u32) -> u32 {
        self.places.get(position as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_topped_is_the_first_and_everyone_is_there_once() {
        let mut toppings = Toppings::default();
        let order = |toppings: &Toppings, among: &dyn Fn(u32) -> bool| -> Vec<u32> {
            toppings.order((0..6).filter(|position| among(*position)), among).collect()
        };
        assert_eq!(order(&toppings, &|_| true), [0, 1, 2, 3, 4, 5]);
        for position in [4, 2, 4, 5, 2] {
            toppings.top_one(position);
        }
        assert_eq!(order(&toppings, &|_| true), [2, 5, 4, 0, 1, 3]);
        assert_eq!(order(&toppings, &|position| position % 2 == 0), [2, 4, 0]);
        toppings.clear();
        assert_eq!(order(&toppings, &|_| true), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_share_is_topped() {
        let mut toppings = Toppings::default();
        toppings.top(0.01, 100_000, &mut Random::new(3));
        assert!((900..1_100).contains(&toppings.topped.len()), "{}", toppings.topped.len());
    }
}
