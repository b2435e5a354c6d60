//! What the lake has: which mart, in which files, in which order.

use warehouse::MartColumn;

/// A mart as files of the lake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dataset {
    /// Its name in the lake.
    pub(crate) name: &'static str,
    /// The mart that it is made of.
    pub(crate) mart: &'static str,
    /// In SQL, which file a row belongs to: a text of letters, digits and hyphens.
    partition: &'static str,
    /// By what the rows of a file are sorted: first what queries filter on, and in all what tells every two rows apart, so
    /// that the same rows make the same file.
    pub(crate) sorted_by: &'static [&'static str],
}

/// Which files history is in: what a month has seen is over, and its file stays as it is.
const MONTH_OF_DAY: &str = "to_char(day, 'YYYY-MM')";

/// Such as `byty-prodej`.
const CATEGORY_AND_DEAL: &str = "
    regexp_replace(
        translate(lower(concat_ws('-', category, deal)), 'áčďéěíňóřšťúůýž', 'acdeeinorstuuyz'), '[^a-z0-9]+', '-', 'g'
    )";

pub(crate) const DATASETS: [Dataset; 6] = [
    Dataset {
        name: "current_listing",
        mart: "current_listing",
        // Whoever looks for something looks for a category and a deal.
        partition: CATEGORY_AND_DEAL,
        sorted_by: &["category", "deal", "hash_id"],
    },
    Dataset {
        name: "price_history",
        mart: "price_history",
        partition: "to_char(last_seen at time zone 'UTC', 'YYYY-MM')",
        sorted_by: &["category", "deal", "hash_id", "first_seen"],
    },
    Dataset {
        name: "price_change",
        mart: "price_change",
        partition: MONTH_OF_DAY,
        sorted_by: &["category", "deal", "hash_id", "changed_at"],
    },
    Dataset {
        name: "stay",
        mart: "stay",
        partition: "coalesce(to_char(gone_on, 'YYYY-MM'), 'on-offer')",
        sorted_by: &["category", "deal", "hash_id", "came_at"],
    },
    Dataset {
        name: "price_level",
        mart: "price_level",
        partition: MONTH_OF_DAY,
        sorted_by: &[
            "category",
            "deal",
            "place",
            "all_sub_categories",
            "day",
            "region",
            "district",
            "sub_category",
        ],
    },
    Dataset {
        name: "walk",
        mart: "walk_health",
        partition: MONTH_OF_DAY,
        sorted_by: &["started_at", "walk_id"],
    },
];

impl Dataset {
    /// Selects the file of each row, and then the row, file by file and sorted. Texts are compared by their bytes, for other
    /// orders differ between servers.
    pub(crate) fn query(&self, columns: &[MartColumn]) -> String {
        let Self { mart, partition, .. } = self;
        let selected = columns.iter().map(MartColumn::expression).collect::<Vec<_>>().join(", ");
        let of_texts = |name: &&str| {
            let is_text =
                |column: &MartColumn| column.name == *name && column.data_type == warehouse::ColumnType::Text;
            if columns.iter().any(is_text) {
                format!("{name}::text collate \"C\"")
            } else {
                (*name).to_owned()
            }
        };
        let order = self.sorted_by.iter().map(of_texts).collect::<Vec<_>>().join(", ");
        format!(
            "select {partition}, {selected} from mart.{mart} order by ({partition}) collate \"C\", {order}"
        )
    }
}
