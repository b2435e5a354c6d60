//! Whom Postgres runs as. It refuses root, so a process of root's hands it to an ordinary user.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use tokio::process::Command;

use super::error::Error;

/// The user that Postgres runs as.
#[derive(Debug)]
pub(super) enum Account {
    /// The user of this process.
    Ours,
    /// This process is root's: an ordinary user.
    Other {
        /// For messages.
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl Account {
    /// This process's own user; if that is root, the owner of an existing cluster, or else Postgres's own
    /// user, or else nobody.
    pub(super) fn choose(cluster: &Path) -> Result<Self, Error> {
        let ours = our_uid()?;
        let owner = match fs::metadata(cluster) {
            Ok(metadata) => Some((metadata.uid(), metadata.gid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("look at", cluster)(error)),
        };
        match owner {
            Some((owner, _)) if owner == ours => Ok(Self::Ours),
            Some((uid, gid)) if ours == 0 => Ok(Self::Other { name: format!("with uid {uid}"), uid, gid }),
            Some((owner, _)) => Err(Error::ForeignCluster {
                cluster: cluster.to_owned(),
                owner: format!("the user with uid {owner}"),
            }),
            None if ours == 0 => ordinary_user(),
            None => Ok(Self::Ours),
        }
    }

    /// Makes the command run as this account. The standard library drops root's other groups as well.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
    }

    /// Gives a folder of ours to this account.
    pub(super) fn give(&self, folder: &Path) -> Result<(), Error> {
        match self {
            Self::Ours => Ok(()),
            Self::Other { uid, gid, .. } => {
                chown(folder, Some(*uid), Some(*gid)).map_err(Error::io("change the owner of", folder))
            }
        }
    }

    /// Checks that this account may enter the folders, which another user than ours need not. The account is
    /// asked itself, since permission bits are not all that counts.
    pub(super) async fn check_reach(&self, folders: &[&Path]) -> Result<(), Error> {
        let Self::Other { name, .. } = self else { return Ok(()) };
        let mut command = Command::new("/bin/sh");
        command.args([
            "-c",
            r#"for folder do test -x "$folder" || { printf %s "$folder"; exit 1; }; done"#,
            "sh",
        ]);
        for folder in folders {
            let mut ancestors: Vec<&Path> = folder.ancestors().collect();
            ancestors.reverse();
            command.args(ancestors);
        }
        command.current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
        self.apply(&mut command);
        let output = command.output().await.map_err(Error::io("run", Path::new("/bin/sh")))?;
        if output.status.success() {
            return Ok(());
        }
        let folder = PathBuf::from(std::ffi::OsString::from_vec(output.stdout));
        Err(Error::Unreachable { user: name.clone(), folder })
    }
}

/// Whether this process is root's: Postgres then runs as somebody else, who must be able to enter the data
/// folder.
pub fn is_root() -> bool {
    our_uid().is_ok_and(|uid| uid == 0)
}

/// The standard library does not tell, and asking the C library needs unsafe code.
fn our_uid() -> Result<u32, Error> {
    let program = Path::new("id");
    let output = process::Command::new(program).arg("-u").output().map_err(Error::io("run", program))?;
    let uid = String::from_utf8_lossy(&output.stdout).trim().parse();
    uid.map_err(|error| Error::io("read the answer of", program)(io::Error::other(error)))
}

fn ordinary_user() -> Result<Account, Error> {
    let path = Path::new("/etc/passwd");
    let passwd = fs::read(path).map_err(Error::io("read", path))?;
    let passwd = String::from_utf8_lossy(&passwd);
    ["postgres", "nobody"].iter().find_map(|name| find_user(&passwd, name)).ok_or(Error::NoOrdinaryUser)
}

fn find_user(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let _password = fields.next()?;
        let uid = fields.next()?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account::Other { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres-old:x:7:7::/:/bin/sh\npostgres:x:101:104:,,,:/:/bin/sh\n";
        let found = find_user(passwd, "postgres");
        assert!(matches!(found, Some(Account::Other { uid: 101, gid: 104, .. })), "{found:?}");
        assert!(find_user(passwd, "nobody").is_none());
    }
}
