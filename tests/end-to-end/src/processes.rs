//! Processes of this machine, as Linux tells them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// All processes that descend from this one, itself included.
#[must_use]
pub fn family(ancestor: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let (mut family, mut next) = (vec![ancestor], 0);
    while let Some(member) = family.get(next) {
        family.extend(children.remove(member).unwrap_or_default());
        next += 1;
    }
    family
}

/// Whether the process runs: one that has ended and was not waited for does not.
#[must_use]
pub fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields[0] != "Z")
}

/// Addresses that a process listens on, in the kernel's hexadecimal form.
#[must_use]
pub fn listening(pid: u32) -> Vec<String> {
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return Vec::new() };
    let own: Vec<_> = descriptors
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok()?.to_str().map(str::to_owned))
        .collect();
    let mut addresses = Vec::new();
    for table in ["net/tcp", "net/tcp6"] {
        for line in fs::read_to_string(process.join(table)).unwrap_or_default().lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            if fields[3] == "0A" && own.contains(&format!("socket:[{}]", fields[9])) {
                addresses.push(fields[1].to_owned());
            }
        }
    }
    addresses
}

/// Whether one of these addresses can be reached from this machine only.
#[must_use]
pub fn is_loopback(address: &str) -> bool {
    address.starts_with("0100007F:") || address.starts_with("00000000000000000000000001000000:")
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid)?[1].parse().ok()
}

/// State, parent and what follows. The name before them may hold blanks and parentheses.
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}
