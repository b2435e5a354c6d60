//! The portal's code tables: what its numbers mean.
//!
//! Source: Seznam's import interface specification 4.0.0 (14 October 2025), chapters 3.1 and 3.2,
//! confirmed by recorded answers of `estates/filter_page` where that serves the table.
//! In every table but `image_sort` 0 means "not given" and is not listed.
//! Sub-categories stand in [`crate::category`], regions and districts in [`crate::place`].

/// One code table.
#[derive(Debug)]
pub struct CodeTable {
    /// The table's name: the portal's field without its `_cb` suffix.
    pub name: &'static str,
    /// Codes with their Czech names, in the portal's order.
    pub codes: &'static [(i16, &'static str)],
}

impl CodeTable {
    /// The name of a code; `None` for 0 ("not given") and for codes that the table does not know.
    #[must_use]
    pub fn name_of(&self, code: i16) -> Option<&'static str> {
        self.codes.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
    }
}

/// Every table of this module.
pub const ALL: &[&CodeTable] = &[
    &CATEGORY_MAIN,
    &CATEGORY_TYPE,
    &COUNTRY,
    &PRICE_UNIT,
    &PRICE_CURRENCY,
    &BUILDING_TYPE,
    &BUILDING_CONDITION,
    &OWNERSHIP,
    &ENERGY_EFFICIENCY_RATING,
    &ENERGY_PERFORMANCE_CERTIFICATE,
    &FURNISHED,
    &ELEVATOR,
    &EASY_ACCESS,
    &PERSONAL,
    &FLAT_CLASS,
    &OBJECT_TYPE,
    &OBJECT_KIND,
    &OBJECT_LOCATION,
    &ROOM_COUNT,
    &STATE,
    &SURROUNDINGS_TYPE,
    &PROTECTION,
    &AUCTION_KIND,
    &AUCTION_BIDDING,
    &LEASE_TYPE,
    &ELECTRICITY,
    &GAS,
    &GULLY,
    &WATER,
    &WELL_TYPE,
    &HEATING,
    &HEATING_ELEMENT,
    &HEATING_SOURCE,
    &WATER_HEAT_SOURCE,
    &ROAD_TYPE,
    &TELECOMMUNICATION,
    &TRANSPORT,
    &INTERNET_CONNECTION_TYPE,
    &CIRCUIT_BREAKER,
    &PHASE_DISTRIBUTIONS,
    &ADVERT_LIFETIME,
    &POI,
    &IMAGE_SORT,
    &ROOM_TYPE,
];

/// Main categories (`category_main_cb`).
pub const CATEGORY_MAIN: CodeTable = CodeTable {
    name: "category_main",
    codes: &[(1, "Byty"), (2, "Domy"), (3, "Pozemky"), (4, "Komerční"), (5, "Ostatní")],
};

/// Deal types (`category_type_cb`).
pub const CATEGORY_TYPE: CodeTable = CodeTable {
    name: "category_type",
    codes: &[(1, "Prodej"), (2, "Pronájem"), (3, "Dražby"), (4, "Podíly")],
};

/// Countries (`locality_country_id`) that adverts have been seen in. The numbers are those of ISO 3166 but for the
/// Czech Republic, which is 203 there.
pub const COUNTRY: CodeTable = CodeTable {
    name: "country",
    codes: &[
        (112, "Česká republika"),
        (703, "Slovensko"),
        (40, "Rakousko"),
        (276, "Německo"),
        (724, "Španělsko"),
        (191, "Chorvatsko"),
        (100, "Bulharsko"),
    ],
};

/// What an advertised price is for. Units 3 to 5, 9 and 10 are prices per m².
pub const PRICE_UNIT: CodeTable = CodeTable {
    name: "price_unit",
    codes: &[
        (1, "za nemovitost"),
        (2, "za měsíc"),
        (3, "za m²"),
        (4, "za m²/měsíc"),
        (5, "za m²/rok"),
        (6, "za rok"),
        (7, "za den"),
        (8, "za hodinu"),
        (9, "za m²/den"),
        (10, "za m²/hodinu"),
    ],
};

/// Codes of `price_currency`.
pub const PRICE_CURRENCY: CodeTable =
    CodeTable { name: "price_currency", codes: &[(1, "Kč"), (2, "USD"), (3, "EUR")] };

/// Codes of `building_type`.
pub const BUILDING_TYPE: CodeTable = CodeTable {
    name: "building_type",
    codes: &[
        (1, "Dřevostavba"),
        (2, "Cihlová"),
        (3, "Kamenná"),
        (4, "Montovaná"),
        (5, "Panelová"),
        (6, "Skeletová"),
        (7, "Smíšená"),
        (8, "Modulární"),
    ],
};

/// Codes of `building_condition`.
pub const BUILDING_CONDITION: CodeTable = CodeTable {
    name: "building_condition",
    codes: &[
        (1, "Velmi dobrý"),
        (2, "Dobrý"),
        (3, "Špatný"),
        (4, "Ve výstavbě"),
        (5, "Projekt"),
        (6, "Novostavba"),
        (7, "K demolici"),
        (8, "Před rekonstrukcí"),
        (9, "Po rekonstrukci"),
        (10, "V rekonstrukci"),
    ],
};

/// Codes of `ownership`.
pub const OWNERSHIP: CodeTable =
    CodeTable { name: "ownership", codes: &[(1, "Osobní"), (2, "Družstevní"), (3, "Státní/obecní")] };

/// Energy classes; G is also what is put when no certificate exists.
pub const ENERGY_EFFICIENCY_RATING: CodeTable = CodeTable {
    name: "energy_efficiency_rating",
    codes: &[
        (1, "A Mimořádně úsporná"),
        (2, "B Velmi úsporná"),
        (3, "C Úsporná"),
        (4, "D Méně úsporná"),
        (5, "E Nehospodárná"),
        (6, "F Velmi nehospodárná"),
        (7, "G Mimořádně nehospodárná"),
    ],
};

/// Codes of `energy_performance_certificate`.
pub const ENERGY_PERFORMANCE_CERTIFICATE: CodeTable = CodeTable {
    name: "energy_performance_certificate",
    codes: &[(1, "č. 148/2007 Sb."), (2, "č. 78/2013 Sb."), (3, "č. 264/2020 Sb.")],
};

/// Codes of `furnished`.
pub const FURNISHED: CodeTable =
    CodeTable { name: "furnished", codes: &[(1, "Ano"), (2, "Ne"), (3, "Částečně")] };

/// Codes of `elevator`.
pub const ELEVATOR: CodeTable = CodeTable { name: "elevator", codes: &[(1, "Ano"), (2, "Ne")] };

/// Codes of `easy_access`.
pub const EASY_ACCESS: CodeTable = CodeTable { name: "easy_access", codes: &[(1, "Ano"), (2, "Ne")] };

/// Codes of `personal`.
pub const PERSONAL: CodeTable = CodeTable { name: "personal", codes: &[(1, "Ano"), (2, "Ne")] };

/// Codes of `flat_class`.
pub const FLAT_CLASS: CodeTable = CodeTable {
    name: "flat_class",
    codes: &[(1, "Mezonet"), (2, "Loft"), (3, "Podkrovní"), (4, "Jednopodlažní")],
};

/// Codes of `object_type`.
pub const OBJECT_TYPE: CodeTable =
    CodeTable { name: "object_type", codes: &[(1, "Přízemní"), (2, "Patrový")] };

/// Codes of `object_kind`.
pub const OBJECT_KIND: CodeTable = CodeTable {
    name: "object_kind",
    codes: &[(1, "Řadový"), (2, "Rohový"), (3, "V bloku"), (4, "Samostatný")],
};

/// Codes of `object_location`.
pub const OBJECT_LOCATION: CodeTable = CodeTable {
    name: "object_location",
    codes: &[
        (1, "Centrum obce"),
        (2, "Klidná část obce"),
        (3, "Rušná část obce"),
        (4, "Okraj obce"),
        (5, "Sídliště"),
        (6, "Polosamota"),
        (7, "Samota"),
    ],
};

/// Codes of `room_count`.
pub const ROOM_COUNT: CodeTable = CodeTable {
    name: "room_count",
    codes: &[
        (1, "1 pokoj"),
        (2, "2 pokoje"),
        (3, "3 pokoje"),
        (4, "4 pokoje"),
        (5, "5 a více pokojů"),
        (6, "Atypický"),
    ],
};

/// Whether an advert is reserved or sold (details only).
pub const STATE: CodeTable = CodeTable { name: "state", codes: &[(1, "Rezervováno"), (2, "Prodáno")] };

/// Codes of `surroundings_type`.
pub const SURROUNDINGS_TYPE: CodeTable = CodeTable {
    name: "surroundings_type",
    codes: &[
        (1, "Bydlení"),
        (2, "Bydlení a kanceláře"),
        (3, "Obchodní"),
        (4, "Administrativní"),
        (5, "Průmyslová"),
        (6, "Venkovská"),
        (7, "Rekreační"),
        (8, "Rekreačně nevyužitá"),
    ],
};

/// Codes of `protection`.
pub const PROTECTION: CodeTable = CodeTable {
    name: "protection",
    codes: &[
        (1, "Ochranné pásmo"),
        (2, "Národní park"),
        (3, "CHKO"),
        (4, "Památková zóna"),
        (5, "Památková rezervace"),
        (6, "Kulturní památka"),
        (7, "Národní kulturní památka"),
    ],
};

/// Codes of `auction_kind`.
pub const AUCTION_KIND: CodeTable = CodeTable {
    name: "auction_kind",
    codes: &[
        (1, "Nedobrovolná"),
        (2, "Dobrovolná"),
        (3, "Exekuční dražba"),
        (4, "Aukce"),
        (5, "Obchodní veřejná soutěž"),
    ],
};

/// Codes of `auction_bidding`.
pub const AUCTION_BIDDING: CodeTable =
    CodeTable { name: "auction_bidding", codes: &[(1, "Anglická"), (2, "Holandská")] };

/// Codes of `lease_type`.
pub const LEASE_TYPE: CodeTable = CodeTable { name: "lease_type", codes: &[(1, "Nájem"), (2, "Podnájem")] };

/// Codes of `electricity`.
pub const ELECTRICITY: CodeTable =
    CodeTable { name: "electricity", codes: &[(1, "120V"), (2, "230V"), (4, "400V"), (5, "Bez přípojky")] };

/// Codes of `gas`.
pub const GAS: CodeTable = CodeTable { name: "gas", codes: &[(1, "Individuální"), (2, "Plynovod")] };

/// Codes of `gully`.
pub const GULLY: CodeTable = CodeTable {
    name: "gully",
    codes: &[
        (1, "Veřejná kanalizace"),
        (2, "ČOV pro celý objekt"),
        (3, "Septik"),
        (4, "Jímka"),
        (5, "Trativod"),
    ],
};

/// Codes of `water`.
pub const WATER: CodeTable = CodeTable {
    name: "water",
    codes: &[(1, "Místní zdroj vody"), (2, "Vodovod"), (4, "Studna"), (5, "Retenční nádrž")],
};

/// Codes of `well_type`.
pub const WELL_TYPE: CodeTable = CodeTable { name: "well_type", codes: &[(1, "Vrtaná"), (2, "Kopaná")] };

/// Codes of `heating`.
pub const HEATING: CodeTable = CodeTable {
    name: "heating",
    codes: &[
        (1, "Lokální plynové"),
        (2, "Lokální tuhá paliva"),
        (3, "Lokální elektrické"),
        (4, "Ústřední plynové"),
        (5, "Ústřední tuhá paliva"),
        (6, "Ústřední elektrické"),
        (7, "Ústřední dálkové"),
        (8, "Jiné"),
        (9, "Podlahové"),
    ],
};

/// Codes of `heating_element`.
pub const HEATING_ELEMENT: CodeTable = CodeTable {
    name: "heating_element",
    codes: &[
        (1, "WAW"),
        (2, "Podlahové vytápění"),
        (3, "Radiátory"),
        (4, "Přímotop"),
        (5, "Infrapanel"),
        (6, "Krbová kamna"),
        (7, "Krb"),
        (8, "Kotel na tuhá paliva"),
        (9, "Kamna"),
        (10, "Klimatizace"),
        (11, "Akumulační kamna"),
        (12, "Jiné"),
    ],
};

/// Codes of `heating_source`.
pub const HEATING_SOURCE: CodeTable = CodeTable {
    name: "heating_source",
    codes: &[
        (1, "WAW"),
        (2, "Plynový kondenzační kotel"),
        (3, "Plynový kotel"),
        (4, "Elektrokotel"),
        (5, "Tepelné čerpadlo"),
        (6, "Přímotop"),
        (7, "Infrapanel"),
        (8, "Krbová kamna"),
        (9, "Krb"),
        (10, "Kotel na tuhá paliva"),
        (11, "Kamna"),
        (12, "Ústřední dálkové"),
        (13, "Centrální dálkové"),
        (14, "Pára s výměníkem"),
        (15, "Akumulační kamna"),
        (16, "Jiné"),
    ],
};

/// Codes of `water_heat_source`.
pub const WATER_HEAT_SOURCE: CodeTable = CodeTable {
    name: "water_heat_source",
    codes: &[
        (1, "Plynový kondenzační kotel"),
        (2, "Plynový kotel"),
        (3, "Elektrokotel"),
        (4, "Tepelné čerpadlo"),
        (5, "Plynová karma"),
        (6, "Kotel na tuhá paliva"),
        (7, "Bojler-elektro"),
        (8, "Bojler-plyn"),
        (9, "Průtokový ohřívač"),
        (10, "Centrální dálkový ohřev"),
        (11, "Jiné"),
    ],
};

/// Codes of `road_type`.
pub const ROAD_TYPE: CodeTable = CodeTable {
    name: "road_type",
    codes: &[
        (1, "Betonová"),
        (2, "Dlážděná"),
        (3, "Asfaltová"),
        (4, "Neupravená"),
        (5, "Zpevněná"),
        (6, "Štěrková"),
        (7, "Šotolina"),
        (8, "Není příjezdová komunikace"),
    ],
};

/// Codes of `telecommunication`.
pub const TELECOMMUNICATION: CodeTable = CodeTable {
    name: "telecommunication",
    codes: &[
        (1, "Telefon"),
        (2, "Internet"),
        (3, "Satelit"),
        (4, "Kabelová televize"),
        (5, "Kabelové rozvody"),
        (6, "Ostatní"),
    ],
};

/// Codes of `transport`.
pub const TRANSPORT: CodeTable = CodeTable {
    name: "transport",
    codes: &[(1, "Vlak"), (2, "Dálnice"), (3, "Silnice"), (4, "MHD"), (5, "Autobus")],
};

/// Codes of `internet_connection_type`.
pub const INTERNET_CONNECTION_TYPE: CodeTable = CodeTable {
    name: "internet_connection_type",
    codes: &[(1, "ADSL"), (2, "VDSL"), (3, "Optika"), (4, "Vzduchem")],
};

/// Codes of `circuit_breaker`.
pub const CIRCUIT_BREAKER: CodeTable = CodeTable {
    name: "circuit_breaker",
    codes: &[(1, "16A"), (2, "20A"), (3, "25A"), (4, "32A"), (5, "40A"), (6, "50A"), (7, "63A")],
};

/// Codes of `phase_distributions`.
pub const PHASE_DISTRIBUTIONS: CodeTable =
    CodeTable { name: "phase_distributions", codes: &[(1, "1 fáze"), (2, "3 fáze")] };

/// How long an advert was bought for (import interface only).
pub const ADVERT_LIFETIME: CodeTable = CodeTable {
    name: "advert_lifetime",
    codes: &[
        (1, "7 dní"),
        (2, "14 dní"),
        (3, "30 dní"),
        (8, "45 dní"),
        (4, "90 dní"),
        (6, "180 dní"),
        (7, "360 dní"),
    ],
};

/// Points of interest, as the `pois` filter numbers them.
pub const POI: CodeTable = CodeTable {
    name: "poi",
    codes: &[
        (1, "Autobusová zastávka"),
        (2, "Vlakové nádraží"),
        (3, "Pošta"),
        (4, "Bankomat"),
        (5, "Praktický lékař"),
        (6, "Veterinář"),
        (7, "Základní škola"),
        (8, "Mateřská škola"),
        (9, "Supermarket"),
        (10, "Malý obchod"),
        (11, "Restaurace"),
        (12, "Dětské hřiště"),
        (13, "Metro"),
    ],
};

/// Which photo a list shows first; here 0 is a choice of its own.
pub const IMAGE_SORT: CodeTable = CodeTable {
    name: "image_sort",
    codes: &[
        (0, "Výchozí"),
        (1, "Obývací prostor"),
        (4, "Ložnice"),
        (5, "Kuchyně"),
        (6, "Koupelna"),
        (19, "Zahrada"),
        (22, "Plánek"),
        (28, "Dům zvenčí"),
    ],
};

/// What a photo shows (`restb_room_type`).
pub const ROOM_TYPE: CodeTable = CodeTable {
    name: "room_type",
    codes: &[
        (1, "Obývací pokoj"),
        (2, "Obývací s jídelnou"),
        (3, "Jídelna"),
        (4, "Pokoj/Ložnice"),
        (5, "Kuchyně"),
        (6, "Koupelna"),
        (7, "Prádelna"),
        (8, "Schodiště"),
        (9, "Recepce/vstupní hala"),
        (10, "Hala/Chodba"),
        (11, "Sklad/spíž"),
        (12, "Kancelář"),
        (13, "Šatna"),
        (14, "Posilovna"),
        (15, "Prázdná místnost"),
        (16, "Balkon"),
        (17, "Terasa"),
        (18, "Sklep"),
        (19, "Zahrada"),
        (20, "Bazén"),
        (21, "Parkování"),
        (22, "2D půdorys"),
        (23, "3D půdorys"),
        (24, "Dokumenty"),
        (25, "Energetický štítek"),
        (26, "Umístění na mapě"),
        (27, "Nesouvisející"),
        (28, "Venkovní budova"),
        (29, "Venkovní dům"),
        (30, "Detaily"),
        (31, "Pohled na vodu"),
        (32, "Výhled na hory"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_code_and_unknown_codes_have_none() {
        assert_eq!(PRICE_UNIT.name_of(3), Some("za m²"));
        assert_eq!(BUILDING_TYPE.name_of(5), Some("Panelová"));
        assert_eq!(BUILDING_TYPE.name_of(0), None);
        assert_eq!(BUILDING_TYPE.name_of(99), None);
    }

    #[test]
    fn no_table_lists_a_code_twice() {
        for table in ALL {
            let mut codes: Vec<_> = table.codes.iter().map(|(code, _)| code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), table.codes.len(), "{}", table.name);
        }
    }
}
