//! Regions and districts of the Czech Republic as the portal numbers them.
//!
//! Source: `estates/filter_page` recorded on 17 May 2025. District 47 (all of Prague) is not offered there
//! but works in queries, and rows carry it when nothing finer is known.

use std::iter::once;
use std::ops::RangeInclusive;

/// `locality_country_id` of the Czech Republic in API v1.
pub const CZECH_REPUBLIC: i32 = 112;

/// District id of Prague as a whole: a query for it returns the adverts of Prague's parts too.
pub const ALL_PRAGUE: i32 = 47;

/// District ids of Prague's parts. Queries and rows know Praha 1 to 10 (5001 to 5010); another reader of the portal
/// takes all ids up to 5022 for Prague, and so does this one, should they ever come.
pub const PARTS_OF_PRAGUE: RangeInclusive<i32> = 5001..=5022;

/// A region (kraj).
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// `locality_region_id`.
    pub id: i32,
    /// How a segment writes it.
    pub slug: &'static str,
    /// Its name as rows deliver it.
    pub name: &'static str,
}

/// A district (okres, or one of Prague's ten).
#[derive(Debug, PartialEq, Eq)]
pub struct District {
    /// `locality_district_id`.
    pub id: i32,
    /// How a segment writes it.
    pub slug: &'static str,
    /// Its name as rows deliver it.
    pub name: &'static str,
    /// The region it belongs to.
    pub region_id: i32,
}

impl District {
    /// The district ids of the rows that a query for this district returns: its own, and for all of Prague those of
    /// the parts.
    pub fn ids(&self) -> impl Iterator<Item = i32> + use<> {
        let parts = (self.id == ALL_PRAGUE).then_some(PARTS_OF_PRAGUE);
        once(self.id).chain(parts.into_iter().flatten())
    }

    /// Whether a query for this district returns rows of district `id`.
    #[must_use]
    pub fn includes(&self, id: i32) -> bool {
        self.ids().any(|included| included == id)
    }

    /// Whether it lies within another district: Praha 1 to 10 within all of Prague.
    #[must_use]
    pub fn is_part_of_prague(&self) -> bool {
        PARTS_OF_PRAGUE.contains(&self.id)
    }
}

/// Where a segment is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A whole region.
    Region(&'static Region),
    /// One district.
    District(&'static District),
}

impl Place {
    /// Finds a region or a district by its slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        let region = REGIONS.iter().find(|region| region.slug == slug).map(Self::Region);
        let district = || DISTRICTS.iter().find(|district| district.slug == slug).map(Self::District);
        region.or_else(district)
    }

    /// Whether what stands in this region and district stands here. All of Prague includes its parts.
    #[must_use]
    pub fn includes(self, region_id: Option<i32>, district_id: Option<i32>) -> bool {
        match self {
            Self::Region(region) => region_id == Some(region.id),
            Self::District(district) => district_id.is_some_and(|id| district.includes(id)),
        }
    }

    /// How a segment writes it.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Region(region) => region.slug,
            Self::District(district) => district.slug,
        }
    }
}

/// All 14 regions, by id.
pub const REGIONS: &[Region] = &[
    Region { id: 1, slug: "jihocesky", name: "Jihočeský kraj" },
    Region { id: 2, slug: "plzensky", name: "Plzeňský kraj" },
    Region { id: 3, slug: "karlovarsky", name: "Karlovarský kraj" },
    Region { id: 4, slug: "ustecky", name: "Ústecký kraj" },
    Region { id: 5, slug: "liberecky", name: "Liberecký kraj" },
    Region { id: 6, slug: "kralovehradecky", name: "Královéhradecký kraj" },
    Region { id: 7, slug: "pardubicky", name: "Pardubický kraj" },
    Region { id: 8, slug: "olomoucky", name: "Olomoucký kraj" },
    Region { id: 9, slug: "zlinsky", name: "Zlínský kraj" },
    Region { id: 10, slug: "praha", name: "Hlavní město Praha" },
    Region { id: 11, slug: "stredocesky", name: "Středočeský kraj" },
    Region { id: 12, slug: "moravskoslezsky", name: "Moravskoslezský kraj" },
    Region { id: 13, slug: "vysocina", name: "Kraj Vysočina" },
    Region { id: 14, slug: "jihomoravsky", name: "Jihomoravský kraj" },
];

/// All districts, by id: 76 districts, all of Prague (47), Praha 1 to 10 (5001 to 5010).
pub const DISTRICTS: &[District] = &[
    District { id: 1, slug: "ceske-budejovice", name: "České Budějovice", region_id: 1 },
    District { id: 2, slug: "cesky-krumlov", name: "Český Krumlov", region_id: 1 },
    District { id: 3, slug: "jindrichuv-hradec", name: "Jindřichův Hradec", region_id: 1 },
    District { id: 4, slug: "pisek", name: "Písek", region_id: 1 },
    District { id: 5, slug: "prachatice", name: "Prachatice", region_id: 1 },
    District { id: 6, slug: "strakonice", name: "Strakonice", region_id: 1 },
    District { id: 7, slug: "tabor", name: "Tábor", region_id: 1 },
    District { id: 8, slug: "domazlice", name: "Domažlice", region_id: 2 },
    District { id: 9, slug: "cheb", name: "Cheb", region_id: 3 },
    District { id: 10, slug: "karlovy-vary", name: "Karlovy Vary", region_id: 3 },
    District { id: 11, slug: "klatovy", name: "Klatovy", region_id: 2 },
    District { id: 12, slug: "plzen-mesto", name: "Plzeň-město", region_id: 2 },
    District { id: 13, slug: "plzen-jih", name: "Plzeň-jih", region_id: 2 },
    District { id: 14, slug: "plzen-sever", name: "Plzeň-sever", region_id: 2 },
    District { id: 15, slug: "rokycany", name: "Rokycany", region_id: 2 },
    District { id: 16, slug: "sokolov", name: "Sokolov", region_id: 3 },
    District { id: 17, slug: "tachov", name: "Tachov", region_id: 2 },
    District { id: 18, slug: "ceska-lipa", name: "Česká Lípa", region_id: 5 },
    District { id: 19, slug: "decin", name: "Děčín", region_id: 4 },
    District { id: 20, slug: "chomutov", name: "Chomutov", region_id: 4 },
    District { id: 21, slug: "jablonec-nad-nisou", name: "Jablonec nad Nisou", region_id: 5 },
    District { id: 22, slug: "liberec", name: "Liberec", region_id: 5 },
    District { id: 23, slug: "litomerice", name: "Litoměřice", region_id: 4 },
    District { id: 24, slug: "louny", name: "Louny", region_id: 4 },
    District { id: 25, slug: "most", name: "Most", region_id: 4 },
    District { id: 26, slug: "teplice", name: "Teplice", region_id: 4 },
    District { id: 27, slug: "usti-nad-labem", name: "Ústí nad Labem", region_id: 4 },
    District { id: 28, slug: "hradec-kralove", name: "Hradec Králové", region_id: 6 },
    District { id: 29, slug: "chrudim", name: "Chrudim", region_id: 7 },
    District { id: 30, slug: "jicin", name: "Jičín", region_id: 6 },
    District { id: 31, slug: "nachod", name: "Náchod", region_id: 6 },
    District { id: 32, slug: "pardubice", name: "Pardubice", region_id: 7 },
    District { id: 33, slug: "rychnov-nad-kneznou", name: "Rychnov nad Kněžnou", region_id: 6 },
    District { id: 34, slug: "semily", name: "Semily", region_id: 5 },
    District { id: 35, slug: "svitavy", name: "Svitavy", region_id: 7 },
    District { id: 36, slug: "trutnov", name: "Trutnov", region_id: 6 },
    District { id: 37, slug: "usti-nad-orlici", name: "Ústí nad Orlicí", region_id: 7 },
    District { id: 38, slug: "zlin", name: "Zlín", region_id: 9 },
    District { id: 39, slug: "kromeriz", name: "Kroměříž", region_id: 9 },
    District { id: 40, slug: "prostejov", name: "Prostějov", region_id: 8 },
    District { id: 41, slug: "uherske-hradiste", name: "Uherské Hradiště", region_id: 9 },
    District { id: 42, slug: "olomouc", name: "Olomouc", region_id: 8 },
    District { id: 43, slug: "prerov", name: "Přerov", region_id: 8 },
    District { id: 44, slug: "sumperk", name: "Šumperk", region_id: 8 },
    District { id: 45, slug: "vsetin", name: "Vsetín", region_id: 9 },
    District { id: 46, slug: "jesenik", name: "Jeseník", region_id: 8 },
    District { id: 47, slug: "hlavni-mesto-praha", name: "Hlavní město Praha", region_id: 10 },
    District { id: 48, slug: "benesov", name: "Benešov", region_id: 11 },
    District { id: 49, slug: "beroun", name: "Beroun", region_id: 11 },
    District { id: 50, slug: "kladno", name: "Kladno", region_id: 11 },
    District { id: 51, slug: "kolin", name: "Kolín", region_id: 11 },
    District { id: 52, slug: "kutna-hora", name: "Kutná Hora", region_id: 11 },
    District { id: 53, slug: "mlada-boleslav", name: "Mladá Boleslav", region_id: 11 },
    District { id: 54, slug: "melnik", name: "Mělník", region_id: 11 },
    District { id: 55, slug: "nymburk", name: "Nymburk", region_id: 11 },
    District { id: 56, slug: "praha-vychod", name: "Praha-východ", region_id: 11 },
    District { id: 57, slug: "praha-zapad", name: "Praha-západ", region_id: 11 },
    District { id: 58, slug: "pribram", name: "Příbram", region_id: 11 },
    District { id: 59, slug: "rakovnik", name: "Rakovník", region_id: 11 },
    District { id: 60, slug: "bruntal", name: "Bruntál", region_id: 12 },
    District { id: 61, slug: "frydek-mistek", name: "Frýdek-Místek", region_id: 12 },
    District { id: 62, slug: "karvina", name: "Karviná", region_id: 12 },
    District { id: 63, slug: "novy-jicin", name: "Nový Jičín", region_id: 12 },
    District { id: 64, slug: "opava", name: "Opava", region_id: 12 },
    District { id: 65, slug: "ostrava-mesto", name: "Ostrava-město", region_id: 12 },
    District { id: 66, slug: "havlickuv-brod", name: "Havlíčkův Brod", region_id: 13 },
    District { id: 67, slug: "jihlava", name: "Jihlava", region_id: 13 },
    District { id: 68, slug: "pelhrimov", name: "Pelhřimov", region_id: 13 },
    District { id: 69, slug: "trebic", name: "Třebíč", region_id: 13 },
    District { id: 70, slug: "zdar-nad-sazavou", name: "Žďár nad Sázavou", region_id: 13 },
    District { id: 71, slug: "blansko", name: "Blansko", region_id: 14 },
    District { id: 72, slug: "brno-mesto", name: "Brno-město", region_id: 14 },
    District { id: 73, slug: "brno-venkov", name: "Brno-venkov", region_id: 14 },
    District { id: 74, slug: "breclav", name: "Břeclav", region_id: 14 },
    District { id: 75, slug: "hodonin", name: "Hodonín", region_id: 14 },
    District { id: 76, slug: "vyskov", name: "Vyškov", region_id: 14 },
    District { id: 77, slug: "znojmo", name: "Znojmo", region_id: 14 },
    District { id: 5001, slug: "praha-1", name: "Praha 1", region_id: 10 },
    District { id: 5002, slug: "praha-2", name: "Praha 2", region_id: 10 },
    District { id: 5003, slug: "praha-3", name: "Praha 3", region_id: 10 },
    District { id: 5004, slug: "praha-4", name: "Praha 4", region_id: 10 },
    District { id: 5005, slug: "praha-5", name: "Praha 5", region_id: 10 },
    District { id: 5006, slug: "praha-6", name: "Praha 6", region_id: 10 },
    District { id: 5007, slug: "praha-7", name: "Praha 7", region_id: 10 },
    District { id: 5008, slug: "praha-8", name: "Praha 8", region_id: 10 },
    District { id: 5009, slug: "praha-9", name: "Praha 9", region_id: 10 },
    District { id: 5010, slug: "praha-10", name: "Praha 10", region_id: 10 },
];
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique_across_regions_and_districts() {
        let mut slugs: Vec<_> = REGIONS.iter().map(|region| region.slug).collect();
        slugs.extend(DISTRICTS.iter().map(|district| district.slug));
        let all = slugs.len();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), all);
    }

    #[test]
    fn every_district_lies_in_a_known_region() {
        assert_eq!(REGIONS.len(), 14);
        assert_eq!(DISTRICTS.len(), 87);
        for district in DISTRICTS {
            assert!(REGIONS.iter().any(|region| region.id == district.region_id), "{district:?}");
        }
    }

    #[test]
    fn all_of_prague_includes_its_districts() {
        let Some(Place::District(all_prague)) = Place::from_slug("hlavni-mesto-praha") else {
            unreachable!()
        };
        assert!(all_prague.includes(5004));
        assert!(all_prague.includes(47));
        assert!(!all_prague.includes(56));
        assert!(all_prague.ids().eq(once(47).chain(5001..=5022)));
    }

    #[test]
    fn any_other_district_includes_itself_only() {
        for district in DISTRICTS.iter().filter(|district| district.id != ALL_PRAGUE) {
            assert!(district.ids().eq([district.id]), "{district:?}");
        }
    }

    #[test]
    fn only_prague_has_parts() {
        let parts = DISTRICTS.iter().filter(|district| district.is_part_of_prague());
        assert!(parts.map(|part| (part.id, part.region_id)).eq((5001..=5010).map(|id| (id, 10))));
    }
}
