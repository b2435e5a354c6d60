//! Main categories, deal types and sub-categories.
//!
//! Source: Seznam's import interface specification 4.0.0, chapter 3.1. Codes of sub-categories are unique
//! over all main categories.

/// `category_main_cb`: what kind of property it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Byty.
    Flats,
    /// Domy.
    Houses,
    /// Pozemky.
    Land,
    /// Komerční.
    Commercial,
    /// Ostatní.
    Other,
}

impl Category {
    /// All of them, in the portal's order.
    pub const ALL: [Self; 5] = [Self::Flats, Self::Houses, Self::Land, Self::Commercial, Self::Other];

    /// The portal's code.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            Self::Flats => 1,
            Self::Houses => 2,
            Self::Land => 3,
            Self::Commercial => 4,
            Self::Other => 5,
        }
    }

    /// How a segment writes it.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Flats => "flats",
            Self::Houses => "houses",
            Self::Land => "land",
            Self::Commercial => "commercial",
            Self::Other => "other",
        }
    }
}

/// `category_type_cb`: what is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deal {
    /// Prodej.
    Sale,
    /// Pronájem.
    Rent,
    /// Dražby.
    Auction,
    /// Podíly: a share in a co-owned property.
    Share,
}

impl Deal {
    /// All of them, in the portal's order.
    pub const ALL: [Self; 4] = [Self::Sale, Self::Rent, Self::Auction, Self::Share];

    /// The portal's code.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            Self::Sale => 1,
            Self::Rent => 2,
            Self::Auction => 3,
            Self::Share => 4,
        }
    }

    /// How a segment writes it.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Rent => "rent",
            Self::Auction => "auction",
            Self::Share => "share",
        }
    }
}

/// `category_sub_cb`: the disposition of a flat, the kind of a house, a plot or a commercial space.
#[derive(Debug, PartialEq, Eq)]
pub struct SubCategory {
    /// The portal's code.
    pub code: i16,
    /// The main category it belongs to.
    pub category: Category,
    /// How a segment writes it.
    pub slug: &'static str,
    /// Its Czech name.
    pub name: &'static str,
}

/// The sub-categories of one main category.
pub fn sub_categories(category: Category) -> impl Iterator<Item = &'static SubCategory> {
    SUB_CATEGORIES.iter().filter(move |sub| sub.category == category)
}

/// All sub-categories, by main category.
pub const SUB_CATEGORIES: &[SubCategory] = &[
    SubCategory { code: 2, category: Category::Flats, slug: "1-kk", name: "1+kk" },
    SubCategory { code: 3, category: Category::Flats, slug: "1-1", name: "1+1" },
    SubCategory { code: 4, category: Category::Flats, slug: "2-kk", name: "2+kk" },
    SubCategory { code: 5, category: Category::Flats, slug: "2-1", name: "2+1" },
    SubCategory { code: 6, category: Category::Flats, slug: "3-kk", name: "3+kk" },
    SubCategory { code: 7, category: Category::Flats, slug: "3-1", name: "3+1" },
    SubCategory { code: 8, category: Category::Flats, slug: "4-kk", name: "4+kk" },
    SubCategory { code: 9, category: Category::Flats, slug: "4-1", name: "4+1" },
    SubCategory { code: 10, category: Category::Flats, slug: "5-kk", name: "5+kk" },
    SubCategory { code: 11, category: Category::Flats, slug: "5-1", name: "5+1" },
    SubCategory { code: 12, category: Category::Flats, slug: "6-a-vice", name: "6 a více" },
    SubCategory { code: 16, category: Category::Flats, slug: "atypicky", name: "Atypický" },
    SubCategory { code: 47, category: Category::Flats, slug: "pokoj", name: "Pokoj" },
    SubCategory { code: 33, category: Category::Houses, slug: "chata", name: "Chata" },
    SubCategory { code: 35, category: Category::Houses, slug: "pamatka-jine", name: "Památka/jiné" },
    SubCategory { code: 37, category: Category::Houses, slug: "rodinny", name: "Rodinný" },
    SubCategory { code: 39, category: Category::Houses, slug: "vila", name: "Vila" },
    SubCategory { code: 40, category: Category::Houses, slug: "na-klic", name: "Na klíč" },
    SubCategory { code: 43, category: Category::Houses, slug: "chalupa", name: "Chalupa" },
    SubCategory {
        code: 44,
        category: Category::Houses,
        slug: "zemedelska-usedlost",
        name: "Zemědělská usedlost",
    },
    SubCategory {
        code: 54,
        category: Category::Houses,
        slug: "vicegeneracni-dum",
        name: "Vícegenerační dům",
    },
    SubCategory { code: 18, category: Category::Land, slug: "komercni-pozemek", name: "Komerční" },
    SubCategory { code: 19, category: Category::Land, slug: "bydleni", name: "Bydlení" },
    SubCategory { code: 20, category: Category::Land, slug: "pole", name: "Pole" },
    SubCategory { code: 21, category: Category::Land, slug: "lesy", name: "Lesy" },
    SubCategory { code: 22, category: Category::Land, slug: "louky", name: "Louky" },
    SubCategory { code: 23, category: Category::Land, slug: "zahrady", name: "Zahrady" },
    SubCategory { code: 24, category: Category::Land, slug: "ostatni-pozemky", name: "Ostatní" },
    SubCategory { code: 46, category: Category::Land, slug: "rybniky", name: "Rybníky" },
    SubCategory { code: 48, category: Category::Land, slug: "sady-vinice", name: "Sady/vinice" },
    SubCategory { code: 25, category: Category::Commercial, slug: "kancelare", name: "Kanceláře" },
    SubCategory { code: 26, category: Category::Commercial, slug: "sklady", name: "Sklady" },
    SubCategory { code: 27, category: Category::Commercial, slug: "vyroba", name: "Výroba" },
    SubCategory {
        code: 28,
        category: Category::Commercial,
        slug: "obchodni-prostory",
        name: "Obchodní prostory",
    },
    SubCategory { code: 29, category: Category::Commercial, slug: "ubytovani", name: "Ubytování" },
    SubCategory { code: 30, category: Category::Commercial, slug: "restaurace", name: "Restaurace" },
    SubCategory { code: 31, category: Category::Commercial, slug: "zemedelsky", name: "Zemědělský" },
    SubCategory { code: 32, category: Category::Commercial, slug: "ostatni-komercni", name: "Ostatní" },
    SubCategory { code: 38, category: Category::Commercial, slug: "cinzovni-dum", name: "Činžovní dům" },
    SubCategory {
        code: 49,
        category: Category::Commercial,
        slug: "virtualni-kancelar",
        name: "Virtuální kancelář",
    },
    SubCategory { code: 56, category: Category::Commercial, slug: "ordinace", name: "Ordinace" },
    SubCategory { code: 57, category: Category::Commercial, slug: "apartmany", name: "Apartmány" },
    SubCategory { code: 34, category: Category::Other, slug: "garaz", name: "Garáž" },
    SubCategory { code: 36, category: Category::Other, slug: "ostatni-objekty", name: "Ostatní" },
    SubCategory { code: 50, category: Category::Other, slug: "vinny-sklep", name: "Vinný sklep" },
    SubCategory { code: 51, category: Category::Other, slug: "pudni-prostor", name: "Půdní prostor" },
    SubCategory { code: 52, category: Category::Other, slug: "garazove-stani", name: "Garážové stání" },
    SubCategory { code: 53, category: Category::Other, slug: "mobilheim", name: "Mobilheim" },
];
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_categories_have_unique_codes_and_slugs() {
        let mut codes: Vec<_> = SUB_CATEGORIES.iter().map(|sub| sub.code).collect();
        let mut slugs: Vec<_> = SUB_CATEGORIES.iter().map(|sub| sub.slug).collect();
        codes.sort_unstable();
        codes.dedup();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(codes.len(), SUB_CATEGORIES.len());
        assert_eq!(slugs.len(), SUB_CATEGORIES.len());
    }

    #[test]
    fn flats_have_thirteen_dispositions() {
        assert_eq!(sub_categories(Category::Flats).count(), 13);
    }
}
