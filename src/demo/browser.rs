//! Opens pages in the person's browser, where there is a desktop. Nothing depends on it: the
//! addresses are printed too.
//!
//! By the desktop's own program: three names, instead of a crate with dependencies, which would
//! leave the browser in the group of processes that Ctrl-C ends.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// How long an address waits for the one before it, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the demo runs where a browser can show itself.
pub(super) fn has_desktop() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Opens these addresses, one after the other. What cannot be opened is said on standard error,
/// whenever it is known: a browser that is not there yet may take seconds to say so.
pub(super) fn open(addresses: Vec<String>) {
    let opening = thread::Builder::new().name("browser".to_owned());
    let opened = opening.spawn(move || {
        if let Err(error) = open_all(&addresses) {
            report(&error);
        }
    });
    if let Err(error) = opened {
        report(&error);
    }
}

fn report(error: &io::Error) {
    eprintln!("modegate demo: could not open a browser: {error}; open the addresses above");
}

/// One after the other, so that the last one is in front. A browser that was not running before
/// may go on for as long as its window is open: the next address waits for it a little only.
fn open_all(addresses: &[String]) -> io::Result<()> {
    let mut openers = Vec::new();
    for address in addresses {
        let (name, mut child) = start(address)?;
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            if child.try_wait()?.is_some() {
                break;
            }
            thread::sleep(PAUSE);
        }
        match child.try_wait()? {
            Some(_) => wait((name, child))?,
            None => openers.push((name, child)),
        }
    }
    openers.into_iter().try_for_each(wait)
}

/// A program that opens an address, by its name.
type Opener = (String, Child);

fn start(address: &str) -> io::Result<Opener> {
    let (program, arguments) = opener(env::var_os("BROWSER"), address);
    let name = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Ctrl-C ends the demo, not the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    match command.spawn() {
        Ok(child) => Ok((name, child)),
        Err(error) => Err(io::Error::new(error.kind(), format!("{name}: {error}"))),
    }
}

fn wait((name, mut child): Opener) -> io::Result<()> {
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{name} ended with {status}")))
}

/// The program that opens an address, and its arguments. No shell reads the address.
fn opener(browser: Option<OsString>, address: &str) -> (OsString, Vec<String>) {
    let address = address.to_owned();
    if cfg!(target_os = "macos") {
        return ("open".into(), vec![address]);
    }
    if cfg!(windows) {
        // `start` would be cmd's, which reads `&` in an address as its own.
        let handler = "url.dll,FileProtocolHandler".to_owned();
        return ("rundll32".into(), vec![handler, address]);
    }
    // `BROWSER` may name several, with arguments, for xdg-open to choose from; one name alone is
    // a wish that can be met where xdg-open is not installed.
    let named = browser.filter(|name| {
        let text = name.to_string_lossy();
        !text.is_empty() && !text.contains([':', ' ', '%'])
    });
    (named.unwrap_or_else(|| "xdg-open".into()), vec![address])
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn the_browser_that_somebody_names_is_used_and_else_the_desktops() {
        let opened = |browser: Option<&str>| opener(browser.map(OsString::from), "http://a/?b&c").0;
        assert_eq!(opened(None), "xdg-open");
        assert_eq!(opened(Some("")), "xdg-open");
        assert_eq!(opened(Some("/usr/bin/chromium")), "/usr/bin/chromium");
        assert_eq!(opened(Some("firefox -new-tab %s:w3m")), "xdg-open");
        let (_, arguments) = opener(None, "http://a/?b&c");
        assert_eq!(arguments, ["http://a/?b&c"], "as one argument");
    }
}
