//! `modegate demo` ends by opening its pages in the person's browser, where there is one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::pages::client::Browser;
use crate::program::program;
use crate::wait::{DEADLINE, eventually_blocking, seen};

/// A demo that goes on until it is ended, and what it has printed.
struct Demo {
    child: Child,
    dir: tempfile::TempDir,
}

impl Demo {
    /// Starts one whose only opener is a script with this text; `None`: there is none.
    fn start(opener: Option<&str>, set: impl FnOnce(&mut Command)) -> Demo {
        let dir = tempfile::tempdir().unwrap();
        let programs = dir.path().join("bin");
        fs::create_dir(&programs).unwrap();
        if let Some(text) = opener {
            write_script(&programs.join("xdg-open"), text);
        }
        let mut command = program();
        command
            .args(["demo", "--data"])
            .arg(dir.path().join("data"))
            .env("PATH", &programs)
            .env("OPENED", dir.path().join("opened"))
            .env("DISPLAY", ":1")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("BROWSER")
            .stdout(Stdio::piped())
            .stderr(fs::File::create(dir.path().join("errors")).unwrap());
        set(&mut command);
        let child = command.spawn().unwrap();
        Demo { child, dir }
    }

    /// What it prints until it serves on.
    fn printed(&mut self) -> String {
        let mut text = String::new();
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        for line in lines {
            text += &(line.unwrap() + "\n");
            if text.contains("/api/v1/events") {
                return text;
            }
        }
        panic!("the demo ended: {text}");
    }

    /// The addresses that were opened, as soon as there are so many.
    fn opened(&self, count: usize) -> Vec<String> {
        eventually_blocking(DEADLINE, || {
            let text = fs::read_to_string(self.dir.path().join("opened")).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            seen(lines, |lines| lines.len() >= count)
        })
    }

    fn errors(&self) -> String {
        fs::read_to_string(self.dir.path().join("errors")).unwrap()
    }

    /// Ends it as Ctrl-C does; it must have gone on until then.
    fn end(mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(sent.success());
        let ended = eventually_blocking(DEADLINE, || {
            self.child.try_wait().unwrap().ok_or("the demo runs")
        });
        assert!(ended.success(), "{ended}: {}", self.errors());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A line per argument, so that an address that was split would be seen.
const RECORD: &str = "for one in \"$@\"; do echo \"$one\" >> \"$OPENED\"; done";

#[actix_web::test]
async fn both_pages_are_opened_and_the_portal_is_one_tap_from_being_signed_in() {
    let mut demo = Demo::start(Some(RECORD), |_| {});
    let printed = demo.printed();
    let opened = demo.opened(2);
    // The portal is opened last, and is in front.
    let [console, portal] = opened.as_slice() else {
        panic!("{opened:?}")
    };
    for address in [console, portal] {
        assert!(printed.contains(address.as_str()), "{address}: {printed}");
    }
    let token_file = demo.dir.path().join("data/admin-token");
    assert!(printed.contains(token_file.to_str().unwrap()), "{printed}");
    let (base, path) = console.split_at(console.find("/console").unwrap());
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    assert_eq!(path, "/console/sign-in");
    let mut browser = Browser::new(base);
    let page = browser
        .sign_in(fs::read_to_string(token_file).unwrap().trim())
        .await;
    assert_eq!((page.status, page.location()), (303, "/console"));
    let link = portal.strip_prefix(base).unwrap();
    let page = browser.submit(link, link, &[]).await;
    assert_eq!((page.status, page.location()), (303, "/portal/apps"));
    let home = browser.get("/console").await;
    assert_eq!(home.status, 200);
    let devices = browser.get("/console/devices").await;
    assert!(
        devices.contains("/console/devices/"),
        "the tablet of the demo"
    );
    assert_eq!(demo.opened(2).len(), 2, "nothing else is opened");
    demo.end();
}

#[test]
fn without_a_desktop_and_where_it_is_not_wanted_the_addresses_are_printed_only() {
    let cases: [fn(&mut Command); 3] = [
        |command| {
            command.arg("--no-open");
        },
        |command| {
            command.env_remove("DISPLAY");
        },
        |command| {
            command.env("DISPLAY", "");
        },
    ];
    for set in cases {
        let mut demo = Demo::start(Some(RECORD), set);
        let printed = demo.printed();
        assert!(printed.contains("console  https://"), "{printed}");
        assert!(printed.contains("portal   https://"), "{printed}");
        assert!(printed.contains("in a browser that trusts"), "{printed}");
        assert!(!demo.dir.path().join("opened").exists());
        assert_eq!(demo.errors(), "");
        demo.end();
    }
}

#[test]
fn the_demo_goes_on_where_no_browser_opens() {
    for (opener, expected) in [
        (None, "could not open a browser: xdg-open: "),
        (
            Some("exit 3"),
            "could not open a browser: xdg-open ended with exit status: 3",
        ),
    ] {
        let mut demo = Demo::start(opener, |_| {});
        demo.printed();
        eventually_blocking(DEADLINE, || {
            seen(demo.errors(), |errors| errors.contains(expected))
        });
        demo.end();
    }
}

#[test]
fn the_browser_that_somebody_names_is_taken_and_may_run_as_long_as_it_likes() {
    let mut demo = Demo::start(None, |command| {
        let path = command
            .get_envs()
            .find(|(name, _)| *name == "PATH")
            .unwrap()
            .1;
        let browser = Path::new(path.unwrap()).join("browser");
        write_script(&browser, &format!("{RECORD}\nexec /bin/sleep 30"));
        command.env("BROWSER", browser);
    });
    demo.printed();
    let opened = demo.opened(2);
    let has = |part: &str| opened.iter().any(|address| address.contains(part));
    assert!(
        has("/console/sign-in") && has("/portal/link/"),
        "{opened:?}"
    );
    demo.end();
}
