//! Where properties lie: the districts with their real centres, price levels, share of the market, and towns.
//!
//! Centres are those of the district's seat to about a kilometre. Price levels are rough prices of a flat per
//! m² of the year 2025; the shares follow totals measured in summer 2026: a quarter of the flats is in
//! Prague, and no other district has a thousand of any kind.

use sreality::place::{DISTRICTS, District, REGIONS, Region};

/// What the market needs to know of a district.
#[derive(Debug)]
pub(crate) struct Locale {
    /// The district with its portal id and region.
    pub(crate) district: &'static District,
    /// The district's region.
    pub(crate) region: &'static Region,
    /// Latitude and longitude of its centre in degrees (WGS 84).
    pub(crate) centre: (f64, f64),
    /// What a flat costs here, in CZK per m².
    pub(crate) flat_price: f64,
    /// Its weight among flats and commercial space.
    pub(crate) urban: u32,
    /// Its weight among houses and land.
    pub(crate) rural: u32,
    /// The city, where the whole district is one: `places` are then its parts, otherwise towns.
    pub(crate) city: Option<&'static str>,
    /// Towns or parts of the city; never empty, the seat first.
    pub(crate) places: &'static [&'static str],
}

impl Locale {
    /// What a flat is let for here, in CZK per m² and month: 420 in Prague, 200 in the cheapest towns.
    pub(crate) fn flat_rent(&self) -> f64 {
        135.0 + self.flat_price * 0.0019
    }

    /// Whether it is one of Praha 1 to 10.
    pub(crate) fn is_prague(&self) -> bool {
        self.city == Some("Praha")
    }
}

/// A district of towns. `price` is in thousands of CZK per m².
const fn towns(
    id: i32,
    centre: (f64, f64),
    price: u32,
    (urban, rural): (u32, u32),
    places: &'static [&'static str],
) -> Locale {
    let district = district(id);
    let region = region(district.region_id);
    Locale { district, region, centre, flat_price: price as f64 * 1000.0, urban, rural, city: None, places }
}

/// A district that is one city, or lies in one.
const fn city(
    id: i32,
    name: &'static str,
    centre: (f64, f64),
    price: u32,
    weights: (u32, u32),
    parts: &'static [&'static str],
) -> Locale {
    let mut locale = towns(id, centre, price, weights, parts);
    locale.city = Some(name);
    locale
}

/// The district with this id; the build fails if there is none.
#[expect(clippy::indexing_slicing, clippy::panic, reason = "runs at compile time only")]
const fn district(id: i32) -> &'static District {
    let mut index = 0;
    while index < DISTRICTS.len() {
        if DISTRICTS[index].id == id {
            return &DISTRICTS[index];
        }
        index += 1;
    }
    panic!("no such district")
}

/// The region with this id; the build fails if there is none.
#[expect(clippy::indexing_slicing, clippy::panic, reason = "runs at compile time only")]
const fn region(id: i32) -> &'static Region {
    let mut index = 0;
    while index < REGIONS.len() {
        if REGIONS[index].id == id {
            return &REGIONS[index];
        }
        index += 1;
    }
    panic!("no such region")
}

/// Prague as a whole (47): what a row carries when nothing finer is known.
pub(crate) static PRAGUE: &District = district(sreality::place::ALL_PRAGUE);

/// Every district in which a property can lie: 76 districts and Praha 1 to 10.
#[rustfmt::skip]
pub(crate) static LOCALES: [Locale; 86] = [
    towns(1, (48.975, 14.474), 78, (22, 16), &["České Budějovice", "Hluboká nad Vltavou", "Týn nad Vltavou", "Trhové Sviny", "Lišov"]),
    towns(2, (48.811, 14.315), 55, (6, 12), &["Český Krumlov", "Kaplice", "Lipno nad Vltavou", "Větřní"]),
    towns(3, (49.144, 15.003), 45, (5, 12), &["Jindřichův Hradec", "Třeboň", "Dačice", "Slavonice"]),
    towns(4, (49.309, 14.148), 55, (5, 9), &["Písek", "Milevsko", "Protivín", "Mirotice"]),
    towns(5, (49.013, 13.997), 45, (4, 8), &["Prachatice", "Vimperk", "Volary", "Netolice"]),
    towns(6, (49.261, 13.902), 46, (4, 8), &["Strakonice", "Blatná", "Vodňany", "Volyně"]),
    towns(7, (49.414, 14.658), 58, (7, 12), &["Tábor", "Soběslav", "Sezimovo Ústí", "Bechyně"]),
    towns(8, (49.441, 12.930), 42, (4, 8), &["Domažlice", "Kdyně", "Horšovský Týn", "Holýšov"]),
    towns(9, (50.080, 12.374), 38, (14, 7), &["Cheb", "Mariánské Lázně", "Františkovy Lázně", "Aš"]),
    towns(10, (50.232, 12.872), 48, (20, 10), &["Karlovy Vary", "Ostrov", "Jáchymov", "Toužim"]),
    towns(11, (49.396, 13.295), 48, (6, 14), &["Klatovy", "Sušice", "Železná Ruda", "Horažďovice"]),
    city(12, "Plzeň", (49.747, 13.378), 78, (30, 6), &["Jižní Předměstí", "Severní Předměstí", "Lobzy", "Doubravka", "Skvrňany"]),
    towns(13, (49.590, 13.400), 50, (3, 10), &["Přeštice", "Nepomuk", "Blovice", "Dobřany"]),
    towns(14, (49.870, 13.350), 52, (4, 14), &["Třemošná", "Nýřany", "Kralovice", "Plasy"]),
    towns(15, (49.743, 13.594), 54, (3, 8), &["Rokycany", "Hrádek", "Zbiroh", "Radnice"]),
    towns(16, (50.181, 12.640), 28, (8, 5), &["Sokolov", "Chodov", "Kraslice", "Loket"]),
    towns(17, (49.795, 12.633), 34, (4, 8), &["Tachov", "Stříbro", "Planá", "Bor"]),
    towns(18, (50.686, 14.538), 42, (7, 14), &["Česká Lípa", "Nový Bor", "Doksy", "Mimoň"]),
    towns(19, (50.773, 14.213), 30, (11, 14), &["Děčín", "Varnsdorf", "Rumburk", "Česká Kamenice"]),
    towns(20, (50.461, 13.418), 28, (16, 8), &["Chomutov", "Kadaň", "Jirkov", "Klášterec nad Ohří"]),
    towns(21, (50.724, 15.171), 50, (12, 10), &["Jablonec nad Nisou", "Tanvald", "Železný Brod", "Smržovka"]),
    towns(22, (50.767, 15.056), 62, (22, 16), &["Liberec", "Frýdlant", "Hrádek nad Nisou", "Chrastava"]),
    towns(23, (50.534, 14.132), 42, (9, 18), &["Litoměřice", "Lovosice", "Roudnice nad Labem", "Štětí"]),
    towns(24, (50.357, 13.797), 33, (8, 12), &["Louny", "Žatec", "Podbořany", "Postoloprty"]),
    towns(25, (50.503, 13.637), 24, (14, 5), &["Most", "Litvínov", "Meziboří"]),
    towns(26, (50.641, 13.825), 30, (14, 8), &["Teplice", "Bílina", "Duchcov", "Dubí"]),
    towns(27, (50.661, 14.032), 34, (18, 8), &["Ústí nad Labem", "Trmice", "Chabařovice", "Povrly"]),
    towns(28, (50.210, 15.833), 74, (20, 12), &["Hradec Králové", "Třebechovice pod Orebem", "Chlumec nad Cidlinou", "Smiřice"]),
    towns(29, (49.951, 15.796), 52, (6, 11), &["Chrudim", "Hlinsko", "Slatiňany", "Heřmanův Městec"]),
    towns(30, (50.437, 15.352), 54, (5, 11), &["Jičín", "Hořice", "Nová Paka", "Lázně Bělohrad"]),
    towns(31, (50.417, 16.163), 46, (7, 11), &["Náchod", "Nové Město nad Metují", "Jaroměř", "Broumov"]),
    towns(32, (50.034, 15.781), 72, (19, 14), &["Pardubice", "Přelouč", "Holice", "Sezemice"]),
    towns(33, (50.163, 16.275), 50, (4, 9), &["Rychnov nad Kněžnou", "Dobruška", "Kostelec nad Orlicí", "Vamberk"]),
    towns(34, (50.602, 15.336), 48, (6, 12), &["Semily", "Turnov", "Jilemnice", "Lomnice nad Popelkou"]),
    towns(35, (49.756, 16.468), 42, (5, 9), &["Svitavy", "Litomyšl", "Moravská Třebová", "Polička"]),
    towns(36, (50.561, 15.913), 46, (9, 13), &["Trutnov", "Vrchlabí", "Dvůr Králové nad Labem", "Hostinné"]),
    towns(37, (49.974, 16.394), 44, (6, 12), &["Ústí nad Orlicí", "Česká Třebová", "Vysoké Mýto", "Lanškroun"]),
    towns(38, (49.224, 17.663), 66, (14, 17), &["Zlín", "Otrokovice", "Luhačovice", "Vizovice"]),
    towns(39, (49.298, 17.393), 50, (6, 11), &["Kroměříž", "Holešov", "Hulín", "Bystřice pod Hostýnem"]),
    towns(40, (49.472, 17.112), 54, (8, 11), &["Prostějov", "Konice", "Plumlov", "Němčice nad Hanou"]),
    towns(41, (49.070, 17.460), 56, (7, 15), &["Uherské Hradiště", "Uherský Brod", "Staré Město", "Kunovice"]),
    towns(42, (49.594, 17.251), 70, (24, 18), &["Olomouc", "Šternberk", "Uničov", "Litovel"]),
    towns(43, (49.455, 17.451), 44, (9, 11), &["Přerov", "Hranice", "Lipník nad Bečvou", "Kojetín"]),
    towns(44, (49.965, 16.971), 42, (7, 12), &["Šumperk", "Zábřeh", "Mohelnice", "Hanušovice"]),
    towns(45, (49.339, 17.996), 46, (7, 13), &["Vsetín", "Valašské Meziříčí", "Rožnov pod Radhoštěm", "Velké Karlovice"]),
    towns(46, (50.229, 17.205), 32, (3, 6), &["Jeseník", "Zlaté Hory", "Javorník", "Lipová-lázně"]),
    towns(48, (49.782, 14.687), 66, (7, 22), &["Benešov", "Vlašim", "Týnec nad Sázavou", "Votice"]),
    towns(49, (49.964, 14.072), 78, (8, 22), &["Beroun", "Králův Dvůr", "Hořovice", "Zdice"]),
    towns(50, (50.143, 14.105), 68, (13, 22), &["Kladno", "Slaný", "Stochov", "Buštěhrad"]),
    towns(51, (50.028, 15.200), 66, (8, 19), &["Kolín", "Český Brod", "Kouřim", "Pečky"]),
    towns(52, (49.948, 15.268), 56, (4, 13), &["Kutná Hora", "Čáslav", "Zruč nad Sázavou", "Uhlířské Janovice"]),
    towns(53, (50.411, 14.903), 68, (9, 18), &["Mladá Boleslav", "Mnichovo Hradiště", "Benátky nad Jizerou", "Bělá pod Bezdězem"]),
    towns(54, (50.351, 14.474), 66, (8, 20), &["Mělník", "Kralupy nad Vltavou", "Neratovice", "Mšeno"]),
    towns(55, (50.186, 15.041), 68, (9, 22), &["Nymburk", "Poděbrady", "Lysá nad Labem", "Milovice"]),
    towns(56, (50.187, 14.660), 98, (20, 38), &["Brandýs nad Labem-Stará Boleslav", "Čelákovice", "Říčany", "Odolena Voda", "Mnichovice"]),
    towns(57, (49.960, 14.320), 100, (15, 36), &["Černošice", "Roztoky", "Jesenice", "Hostivice", "Dobřichovice"]),
    towns(58, (49.690, 14.010), 54, (7, 22), &["Příbram", "Dobříš", "Sedlčany", "Rožmitál pod Třemšínem"]),
    towns(59, (50.104, 13.733), 48, (4, 14), &["Rakovník", "Nové Strašecí", "Křivoklát", "Jesenice"]),
    towns(60, (49.988, 17.465), 28, (6, 10), &["Bruntál", "Krnov", "Rýmařov", "Vrbno pod Pradědem"]),
    towns(61, (49.682, 18.348), 46, (14, 20), &["Frýdek-Místek", "Třinec", "Frýdlant nad Ostravicí", "Jablunkov"]),
    towns(62, (49.854, 18.541), 26, (26, 11), &["Karviná", "Havířov", "Orlová", "Český Těšín", "Bohumín"]),
    towns(63, (49.594, 18.010), 40, (9, 11), &["Nový Jičín", "Kopřivnice", "Příbor", "Odry"]),
    towns(64, (49.938, 17.904), 46, (10, 13), &["Opava", "Hlučín", "Kravaře", "Vítkov"]),
    city(65, "Ostrava", (49.835, 18.282), 48, (40, 12), &["Moravská Ostrava", "Poruba", "Zábřeh", "Hrabůvka", "Petřkovice"]),
    towns(66, (49.606, 15.579), 48, (5, 11), &["Havlíčkův Brod", "Chotěboř", "Světlá nad Sázavou", "Ledeč nad Sázavou"]),
    towns(67, (49.396, 15.591), 60, (9, 10), &["Jihlava", "Telč", "Třešť", "Polná"]),
    towns(68, (49.431, 15.223), 44, (4, 10), &["Pelhřimov", "Humpolec", "Pacov", "Kamenice nad Lipou"]),
    towns(69, (49.215, 15.882), 46, (6, 12), &["Třebíč", "Moravské Budějovice", "Náměšť nad Oslavou", "Jaroměřice nad Rokytnou"]),
    towns(70, (49.563, 15.939), 52, (6, 12), &["Žďár nad Sázavou", "Nové Město na Moravě", "Velké Meziříčí", "Bystřice nad Pernštejnem"]),
    towns(71, (49.363, 16.643), 64, (6, 14), &["Blansko", "Boskovice", "Adamov", "Letovice"]),
    city(72, "Brno", (49.195, 16.608), 118, (46, 12), &["Veveří", "Žabovřesky", "Královo Pole", "Židenice", "Bystrc", "Líšeň"]),
    towns(73, (49.230, 16.480), 84, (12, 34), &["Kuřim", "Tišnov", "Rosice", "Šlapanice", "Ivančice"]),
    towns(74, (48.759, 16.882), 58, (8, 16), &["Břeclav", "Mikulov", "Hustopeče", "Valtice"]),
    towns(75, (48.849, 17.132), 48, (8, 17), &["Hodonín", "Kyjov", "Veselí nad Moravou", "Strážnice"]),
    towns(76, (49.278, 17.000), 60, (5, 11), &["Vyškov", "Bučovice", "Slavkov u Brna", "Rousínov"]),
    towns(77, (48.855, 16.049), 50, (8, 17), &["Znojmo", "Moravský Krumlov", "Hrušovany nad Jevišovkou", "Miroslav"]),
    city(5001, "Praha", (50.087, 14.421), 185, (22, 1), &["Staré Město", "Nové Město", "Malá Strana", "Josefov"]),
    city(5002, "Praha", (50.075, 14.437), 168, (21, 1), &["Vinohrady", "Nové Město", "Vyšehrad"]),
    city(5003, "Praha", (50.084, 14.455), 155, (24, 1), &["Žižkov", "Vinohrady", "Strašnice"]),
    city(5004, "Praha", (50.038, 14.447), 142, (42, 7), &["Nusle", "Michle", "Krč", "Chodov", "Modřany"]),
    city(5005, "Praha", (50.064, 14.390), 148, (41, 6), &["Smíchov", "Košíře", "Jinonice", "Stodůlky", "Hlubočepy"]),
    city(5006, "Praha", (50.100, 14.370), 152, (32, 6), &["Dejvice", "Břevnov", "Bubeneč", "Ruzyně"]),
    city(5007, "Praha", (50.106, 14.440), 158, (15, 1), &["Holešovice", "Bubeneč", "Troja"]),
    city(5008, "Praha", (50.118, 14.465), 146, (28, 4), &["Karlín", "Libeň", "Kobylisy", "Bohnice"]),
    city(5009, "Praha", (50.112, 14.510), 138, (37, 8), &["Vysočany", "Prosek", "Letňany", "Černý Most", "Horní Počernice"]),
    city(5010, "Praha", (50.067, 14.490), 140, (30, 7), &["Vršovice", "Strašnice", "Záběhlice", "Hostivař"]),
];

/// Streets that exist in most towns.
pub(crate) const STREETS: [&str; 30] = [
    "Nádražní",
    "Zahradní",
    "Školní",
    "Lipová",
    "Polní",
    "Luční",
    "Lesní",
    "Krátká",
    "Dlouhá",
    "Slunečná",
    "Na Výsluní",
    "Za Humny",
    "U Hřiště",
    "Pod Lesem",
    "Květná",
    "Sadová",
    "Mlýnská",
    "Hlavní",
    "Tovární",
    "Okružní",
    "Sportovní",
    "Jabloňová",
    "Třešňová",
    "Na Vyhlídce",
    "U Potoka",
    "K Lesu",
    "U Rybníka",
    "Javorová",
    "Horní",
    "Dolní",
];

/// The geohash of a point, ten characters: what list rows carry beside the coordinates.
pub(crate) fn geohash(latitude: f64, longitude: f64) -> String {
    const ALPHABET: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm',
        'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ];
    let (mut latitudes, mut longitudes) = ((-90.0, 90.0), (-180.0, 180.0));
    let mut halve_longitudes = true;
    let mut hash = String::with_capacity(10);
    for _ in 0..10 {
        let mut code = 0_usize;
        for _ in 0..5 {
            let (range, value) =
                if halve_longitudes { (&mut longitudes, longitude) } else { (&mut latitudes, latitude) };
            let middle = (range.0 + range.1) / 2.0;
            let upper = value >= middle;
            *(if upper { &mut range.0 } else { &mut range.1 }) = middle;
            code = code * 2 + usize::from(upper);
            halve_longitudes = !halve_longitudes;
        }
        hash.extend(ALPHABET.get(code));
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_district_but_the_whole_of_prague_is_there_once() {
        let mut ids: Vec<_> = LOCALES.iter().map(|locale| locale.district.id).collect();
        ids.push(PRAGUE.id);
        ids.sort_unstable();
        let mut all: Vec<_> = DISTRICTS.iter().map(|district| district.id).collect();
        all.sort_unstable();
        assert_eq!(ids, all);
    }

    #[test]
    fn centres_lie_in_the_czech_republic_and_every_district_has_places() {
        for locale in &LOCALES {
            assert!((48.5..51.1).contains(&locale.centre.0), "{}", locale.district.name);
            assert!((12.0..18.9).contains(&locale.centre.1), "{}", locale.district.name);
            assert!(locale.places.len() >= 3, "{}", locale.district.name);
        }
    }

    #[test]
    fn a_quarter_of_the_flats_is_in_prague_and_no_other_district_has_a_thousand_of_twenty_thousand() {
        let all: u32 = LOCALES.iter().map(|locale| locale.urban).sum();
        let prague: u32 = LOCALES.iter().filter(|locale| locale.is_prague()).map(|locale| locale.urban).sum();
        assert!((230..290).contains(&(prague * 1000 / all)), "{prague} of {all}");
        let outside = LOCALES.iter().filter(|locale| !locale.is_prague());
        assert!(outside.map(|locale| locale.urban).max().unwrap() * 20 < all);
    }

    #[test]
    fn geohashes_are_those_of_the_published_example() {
        assert_eq!(geohash(57.64911, 10.40744), "u4pruydqqv");
    }
}
