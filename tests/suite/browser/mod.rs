//! The pages in Debian's Chromium: runs the files of `tests/browser`, each with a server of
//! its own. `MODEGATE_TEST_BROWSER` is `auto` (where the programs are there; the default),
//! `require` or `off`.

mod contents;
mod history;
mod node;
mod site;

use contents::Names;
use history::History;
use site::Site;

#[test]
fn each_check_of_assets_finds_its_fault() {
    node::run("selftest/assets.test.mjs", None);
}

#[test]
fn each_check_of_pages_finds_its_fault() {
    node::run("selftest/pages.test.mjs", None);
}

#[test]
fn script_and_styles_are_for_internet_explorer_11() {
    node::run("assets.test.mjs", None);
}

/// Runs a file against a server with a fleet.
async fn against_a_server(file: &str, names: Names) {
    if node::are_tools_there() {
        let site = Site::new(names).await;
        tokio::task::block_in_place(|| node::run(file, Some(&site.target())));
    }
}

/// A test per file of `tests/browser` that needs a server.
macro_rules! files {
    ($($name:ident: $file:literal, $names:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                against_a_server($file, $names).await;
            }
        )*

        /// The files that a test above runs.
        const FILES: &[&str] = &[$($file),*];
    };
}

files! {
    every_page_is_sound_for_each_caller: "crawl.test.mjs", Names::Hostile;
    every_page_can_be_touched_and_fits: "touch.test.mjs", Names::Hostile;
    every_page_is_readable_dark_in_high_contrast_and_on_paper: "media.test.mjs", Names::Hostile;
    everything_can_be_done_without_script: "no_script.test.mjs", Names::Usual;
    pages_are_live_where_internet_explorer_11_would_be: "old_browser.test.mjs", Names::Usual;
    everything_can_be_done_by_keyboard: "keyboard.test.mjs", Names::Usual;
    assistive_technology_is_given_what_it_needs: "accessibility.test.mjs", Names::Usual;
    live_pages_outlive_faults: "faults.test.mjs", Names::Usual;
}

/// `pictures.test.mjs` needs more than a fleet: weeks of its life.
const PICTURES: &str = "pictures.test.mjs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_taken_of_pages() {
    if node::are_tools_there() {
        let history = History::new().await;
        tokio::task::block_in_place(|| node::run(PICTURES, Some(&history.target())));
    }
}

#[test]
fn every_file_is_run() {
    let mut found: Vec<String> = std::fs::read_dir(node::SOURCES)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".test.mjs") && name != "assets.test.mjs")
        .collect();
    found.sort();
    let mut run: Vec<&str> = [FILES, &[PICTURES]].concat();
    run.sort_unstable();
    assert_eq!(found, run);
}
