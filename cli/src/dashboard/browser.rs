//! The user's browser.

use std::process::Stdio;

use runtime::settings::variable;
use tokio::process::Command;

/// Opens an address, if there is a screen to open it on. If that fails nothing is lost: the address is printed, too.
pub(crate) fn open(address: &str) {
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| variable(name).is_some());
    let program = match (cfg!(target_os = "macos"), has_screen) {
        (true, _) => "open",
        (false, true) => "xdg-open",
        (false, false) => return,
    };
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.spawn();
}
