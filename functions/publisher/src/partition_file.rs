//! One file of the lake in the making.

use std::io::{self, Write};

use lake::FileWriter;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use warehouse::{MartColumn, MartRow};

use crate::dataset::Dataset;
use crate::digest;
use crate::error::Error;
use crate::manifest::LakeFile;

/// What file a row belongs to is the first column of a dataset's query.
const FIRST_COLUMN: usize = 1;

/// A file of one part of a dataset, in the temporary folder: memory holds one row group of it.
pub(crate) struct PartitionFile {
    dataset: &'static Dataset,
    pub(crate) part: String,
    rows: u64,
    writer: FileWriter<DigestedFile>,
}

impl PartitionFile {
    pub(crate) fn begin(
        dataset: &'static Dataset,
        part: String,
        columns: &[MartColumn],
    ) -> Result<Self, Error> {
        let output = DigestedFile::new().map_err(Error::File)?;
        let writer = FileWriter::new(columns, dataset.sorted_by, output).map_err(Error::of(dataset.name))?;
        Ok(Self { dataset, part, rows: 0, writer })
    }

    pub(crate) fn push(&mut self, row: &MartRow) -> Result<(), Error> {
        self.rows += 1;
        self.writer.push(row, FIRST_COLUMN).map_err(Error::of(self.dataset.name))
    }

    /// The whole file, and what the manifest says of it.
    pub(crate) fn finish(self) -> Result<(NamedTempFile, LakeFile), Error> {
        let Self { dataset, part, rows, writer } = self;
        let DigestedFile { file, digest, bytes } = writer.finish().map_err(Error::of(dataset.name))?;
        let key = format!("lake/{}/{part}/{}.parquet", dataset.name, digest::name(digest));
        Ok((file, LakeFile { key, part, rows, bytes }))
    }
}

/// A temporary file whose bytes are digested on their way.
struct DigestedFile {
    file: NamedTempFile,
    digest: Sha256,
    bytes: u64,
}

impl DigestedFile {
    fn new() -> io::Result<Self> {
        Ok(Self { file: NamedTempFile::new()?, digest: Sha256::new(), bytes: 0 })
    }
}

impl Write for DigestedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
