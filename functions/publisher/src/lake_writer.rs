//! One publication of the lake, from a snapshot of the marts to its manifest.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use runtime::{Bucket, StoreError};
use serde_json::json;
use warehouse::{ColumnType, MartColumn, MartSnapshot, MartValue};

use crate::dataset::{DATASETS, Dataset};
use crate::digest;
use crate::error::Error;
use crate::garbage;
use crate::manifest::{self, DatasetFiles, LakeFile, MANIFEST, Manifest};
use crate::partition_file::PartitionFile;
use crate::report::Report;

const FORMAT: u32 = 1;
/// <https://www.iana.org/assignments/media-types/application/vnd.apache.parquet>.
const MEDIA_TYPE: &str = "application/vnd.apache.parquet";
/// The part of a dataset without rows: its one file still says what the columns are.
const NO_ROWS: &str = "empty";

const MARKET: &str =
    "select portal from mart.walk_health where portal is not null order by started_at desc limit 1";

/// Publishes what a snapshot shows. Until the manifest is put, which comes last, readers see the publication before.
pub(crate) async fn publish(store: &Bucket, snapshot: &MartSnapshot<'_>) -> Result<Report, Error> {
    let (last, etag) = manifest::read::<Manifest>(store, MANIFEST).await?.unzip();
    let mut writer = LakeWriter { store, snapshot, stored: HashSet::new(), report: Report::default() };
    writer.stored.extend(last.iter().flat_map(Manifest::keys));
    let mut datasets = BTreeMap::new();
    let mut schema = BTreeMap::new();
    for dataset in &DATASETS {
        let columns = snapshot.columns(dataset.mart).await?;
        schema.insert(dataset.name, writer.schema(dataset, &columns).await?);
        datasets.insert(dataset.name.to_owned(), writer.write(dataset, &columns).await?);
    }
    let market = snapshot.texts(MARKET).await?.into_iter().next();
    let manifest = Manifest {
        format: FORMAT,
        publication: Manifest::next_publication(snapshot.taken_at(), last.as_ref()),
        taken_at: snapshot.taken_at(),
        market,
        schema: writer.put_schema(&json!(schema)).await?,
        datasets,
    };
    let mut report = writer.report;
    match last.filter(|last| last.says_the_same(&manifest)) {
        Some(last) => {
            report.publication = last.publication;
            report.unchanged = true;
        }
        None => {
            put_manifest(store, &manifest, etag.as_deref()).await?;
            report.publication = manifest.publication;
        }
    }
    report.files_deleted = garbage::delete_old(store, Timestamp::now()).await?;
    Ok(report)
}

/// First what a reader may ask for after the manifest, then the manifest, unless somebody else has put another since.
async fn put_manifest(store: &Bucket, manifest: &Manifest, etag: Option<&str>) -> Result<(), StoreError> {
    for (name, dataset) in &manifest.datasets {
        let address = |file: &LakeFile| format!("s3://{}/{}\n", store.bucket(), file.key);
        let list = dataset.files.iter().map(address).collect::<String>();
        store.put_small(&manifest.list_key(name), list.into_bytes(), "text/plain").await?;
    }
    store.put_json(&manifest.kept_key(), manifest.to_json()).await?;
    store.replace_json(MANIFEST, etag, manifest.to_json()).await
}

struct LakeWriter<'l> {
    store: &'l Bucket,
    snapshot: &'l MartSnapshot<'l>,
    /// Keys that the last publication names: what they hold is there.
    stored: HashSet<String>,
    report: Report,
}

impl LakeWriter<'_> {
    /// What the lake says of a dataset's columns.
    async fn schema(&self, dataset: &Dataset, columns: &[MartColumn]) -> Result<serde_json::Value, Error> {
        let comment = self.snapshot.comment(dataset.mart).await?;
        let column = |MartColumn { name, data_type, comment, .. }: &MartColumn| json!({ "name": name, "type": type_name(*data_type), "comment": comment });
        let columns: Vec<_> = columns.iter().map(column).collect();
        Ok(json!({
            "mart": dataset.mart,
            "comment": comment,
            "sorted_by": dataset.sorted_by,
            "columns": columns,
        }))
    }

    async fn put_schema(&self, schema: &serde_json::Value) -> Result<String, Error> {
        let json = format!("{schema:#}\n").into_bytes();
        let key = format!("lake/schema/{}.json", digest::short_name(&json));
        if !self.stored.contains(&key) {
            self.store.put_json(&key, json).await?;
        }
        Ok(key)
    }

    /// Writes the files of a dataset, one after the other as the rows arrive.
    async fn write(
        &mut self,
        dataset: &'static Dataset,
        columns: &[MartColumn],
    ) -> Result<DatasetFiles, Error> {
        let mut rows = self.snapshot.rows(&dataset.query(columns), &[]).await?;
        let mut written = DatasetFiles::default();
        let mut open: Option<PartitionFile> = None;
        while let Some(row) = rows.next().await? {
            let part = match row.value(0, ColumnType::Text)? {
                MartValue::Text(part) => part,
                _ => NO_ROWS,
            };
            let mut file = match open.take() {
                Some(file) if file.part == part => file,
                ended => {
                    if let Some(ended) = ended {
                        written.add(self.put(ended).await?);
                    }
                    PartitionFile::begin(dataset, part.to_owned(), columns)?
                }
            };
            file.push(&row)?;
            open = Some(file);
        }
        let last = match open {
            Some(file) => file,
            None => PartitionFile::begin(dataset, NO_ROWS.to_owned(), columns)?,
        };
        written.add(self.put(last).await?);
        self.report.rows += written.rows;
        Ok(written)
    }

    /// Stores a file, unless the last publication has it.
    async fn put(&mut self, file: PartitionFile) -> Result<LakeFile, Error> {
        let (local, file) = file.finish()?;
        if self.stored.contains(&file.key) {
            self.report.files_kept += 1;
            return Ok(file);
        }
        self.store.put_new_file(&file.key, local.path(), MEDIA_TYPE, None).await?;
        self.report.files_written += 1;
        self.report.bytes_written += file.bytes;
        Ok(file)
    }
}

impl DatasetFiles {
    fn add(&mut self, file: LakeFile) {
        self.rows += file.rows;
        self.files.push(file);
    }
}

/// As Parquet's readers call it.
fn type_name(data_type: ColumnType) -> &'static str {
    match data_type {
        ColumnType::Boolean => "boolean",
        ColumnType::Integer => "int32",
        ColumnType::Bigint => "int64",
        ColumnType::Double => "double",
        ColumnType::Text => "string",
        ColumnType::Date => "date",
        ColumnType::Timestamp => "timestamp[us, UTC]",
    }
}
