//! A page of a bucket's listing, in the order of the keys' bytes as in S3.
//!
//! Only the folders are read that can have keys of the page: `s3s-fs` reads all of the bucket for each page, which takes
//! a third of a second once there are 14 600 walks.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

/// An object of the page.
#[derive(Debug)]
pub(crate) struct ListedObject {
    pub(crate) key: String,
    pub(crate) metadata: Metadata,
}

/// A page under way: the first `most` keys after one of them that begin with a prefix.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    prefix: &'a str,
    after: &'a str,
    most: usize,
    pub(crate) objects: Vec<ListedObject>,
    /// Whether there are more.
    pub(crate) is_truncated: bool,
    folders_read: usize,
}

impl<'a> Listing<'a> {
    /// Lists a bucket's folder. It is read as it is now: what comes or goes meanwhile is listed or not.
    pub(crate) fn of(bucket: &Path, prefix: &'a str, after: &'a str, most: usize) -> io::Result<Self> {
        let mut listing =
            Self { prefix, after, most, objects: Vec::new(), is_truncated: false, folders_read: 0 };
        listing.read(bucket, "")?;
        Ok(listing)
    }

    /// Adds what a folder has, whose keys all begin with `path`.
    fn read(&mut self, folder: &Path, path: &str) -> io::Result<()> {
        self.folders_read += 1;
        let mut keys: Vec<String> = fs::read_dir(folder)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                let slash = if entry.file_type().ok()?.is_dir() { "/" } else { "" };
                Some(format!("{path}{name}{slash}"))
            })
            .collect();
        keys.sort_unstable();
        for key in keys {
            let name: OsString = key.trim_end_matches('/').rsplit('/').next().unwrap_or_default().into();
            let place = folder.join(name);
            if key.ends_with('/') {
                if self.may_have_keys(&key) {
                    self.read(&place, &key)?;
                }
            } else if key.starts_with(self.prefix) && key.as_str() > self.after {
                match fs::metadata(&place) {
                    Ok(_) if self.objects.len() == self.most => self.is_truncated = true,
                    Ok(metadata) => self.objects.push(ListedObject { key, metadata }),
                    // It was deleted meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            if self.is_truncated {
                break;
            }
        }
        Ok(())
    }

    /// Whether keys that begin so can be of the page.
    fn may_have_keys(&self, path: &str) -> bool {
        let of_prefix = path.starts_with(self.prefix) || self.prefix.starts_with(path);
        of_prefix && (path > self.after || self.after.starts_with(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 9] = [
        "decisions/a.json",
        "raw/2026-11-25/a.zst",
        "raw/2026-11-25/b.zst",
        "raw/2026-11-26-late",
        "raw/2026-11-26.txt",
        "raw/2026-11-26/a.zst",
        "raw/2026-11-26/b/c.zst",
        "raw/2026-11-260",
        "strange",
    ];

    fn bucket() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for key in KEYS {
            let file = folder.path().join(key);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, key).unwrap();
        }
        folder
    }

    fn keys(listing: &Listing<'_>) -> Vec<String> {
        listing.objects.iter().map(|object| object.key.clone()).collect()
    }

    #[test]
    fn keys_come_in_the_order_of_their_bytes_page_by_page() {
        let bucket = bucket();
        for most in 1..=KEYS.len() + 1 {
            let mut all: Vec<String> = Vec::new();
            loop {
                let after = all.last().cloned().unwrap_or_default();
                let listing = Listing::of(bucket.path(), "", &after, most).unwrap();
                assert!(listing.objects.len() <= most);
                all.extend(keys(&listing));
                if !listing.is_truncated {
                    break;
                }
            }
            assert_eq!(all, KEYS, "{most} a page");
        }
    }

    #[test]
    fn a_prefix_may_end_within_a_name_and_what_is_not_there_is_no_failure() {
        let bucket = bucket();
        let of = |prefix| keys(&Listing::of(bucket.path(), prefix, "", 1000).unwrap());
        assert_eq!(of("raw/2026-11-26"), KEYS[3..8]);
        assert_eq!(of("raw/2026-11-26/"), KEYS[5..7]);
        assert_eq!(of("raw/2026-11-26/a.zst"), KEYS[5..6]);
        assert_eq!(of("lake/").len(), 0);
        assert!(Listing::of(&bucket.path().join("none"), "", "", 1).is_err());
    }

    #[test]
    fn only_folders_that_can_have_keys_of_the_page_are_read() {
        let bucket = tempfile::tempdir().unwrap();
        for day in 0..50 {
            let folder = bucket.path().join(format!("raw/{day:02}"));
            fs::create_dir_all(&folder).unwrap();
            for walk in 0..4 {
                fs::write(folder.join(walk.to_string()), "").unwrap();
            }
        }
        let folders =
            |prefix, after, most| Listing::of(bucket.path(), prefix, after, most).unwrap().folders_read;
        // The bucket's own and that of `raw/` are two of them.
        assert_eq!(folders("decisions/", "", 1000), 1);
        assert_eq!(folders("raw/07/", "", 1000), 3);
        assert_eq!(folders("", "raw/48/2", 1000), 4);
        assert_eq!(folders("", "raw/20/3", 3), 4);
        assert_eq!(folders("", "", 1000), 52);
    }
}
