//! The WBXML codec against an independent one: `wbxml2xml` and `xml2wbxml` of
//! libwbxml (Debian's package libwbxml2-utils).
//!
//! Where they are not installed these tests say that they checked nothing, and
//! with `MODEGATE_REQUIRE_TOOLS=1` they fail (`tools.rs`).

use std::path::Path;
use std::process::Command as Process;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modegate_wire::encoding::Encoding;
use modegate_wire::message::{Element, Message};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::models::message;
use crate::tools::has_tool;

/// Messages that each way is walked with; each costs two processes.
const MESSAGES: usize = 60;
/// What has the tools.
const PACKAGE: &str = "libwbxml2-utils";

#[test]
fn an_independent_reader_reads_what_is_written() {
    if !has_tool("wbxml2xml", PACKAGE) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for message in messages() {
        let bytes = Encoding::Wbxml.encode(&message);
        let text = convert(directory.path(), &["wbxml2xml", "-k", "-m", "2"], &bytes);
        let text = String::from_utf8(text).unwrap();
        let back = Encoding::Xml.decode(without_doctype(&text).as_bytes());
        assert_eq!(back.as_ref(), Ok(&message), "{text}");
    }
}

#[test]
fn what_an_independent_writer_writes_is_read() {
    if !has_tool("xml2wbxml", PACKAGE) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // With a string table and without one.
    let forms: [&[&str]; 4] = [
        &["xml2wbxml", "-k"],
        &["xml2wbxml", "-k", "-n"],
        &["xml2wbxml", "-k", "-n", "-v", "1.1"],
        &["xml2wbxml", "-k", "-v", "1.2"],
    ];
    let messages = messages().into_iter().map(as_kept);
    for (message, form) in messages.zip(forms.into_iter().cycle()) {
        let text = Encoding::Xml.encode(&message);
        let bytes = convert(directory.path(), form, &text);
        let back = Encoding::Wbxml.decode(&bytes);
        assert_eq!(
            back.as_ref(),
            Ok(&message),
            "{form:?}: {}",
            String::from_utf8_lossy(&text)
        );
    }
}

/// The same messages in every run.
fn messages() -> Vec<Message> {
    let mut runner = TestRunner::deterministic();
    let strategy = message();
    (0..MESSAGES)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn convert(directory: &Path, tool: &[&str], input: &[u8]) -> Vec<u8> {
    let (from, to) = (directory.join("from"), directory.join("to"));
    std::fs::write(&from, input).unwrap();
    let run = Process::new(tool[0])
        .args(&tool[1..])
        .arg("-o")
        .args([&to, &from])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{tool:?}: {said}");
    let output = std::fs::read(&to).unwrap();
    std::fs::remove_file(&to).unwrap();
    output
}

/// The tool writes a DOCTYPE, which this server refuses from a device.
fn without_doctype(text: &str) -> String {
    let begin = text.find("<!DOCTYPE").unwrap();
    let end = begin + text[begin..].find('>').unwrap() + 1;
    format!("{}{}", &text[..begin], &text[end..])
}

/// A message that libwbxml's writer does not change: of some line ends it makes
/// CR LF, and Data of Format `b64` it writes as OPAQUE, which is to be base64.
fn as_kept(mut message: Message) -> Message {
    message.body.iter_mut().for_each(as_kept_in);
    message
}

fn as_kept_in(element: &mut Element) {
    let items = match element {
        Element::Command(command) => &mut command.items,
        Element::Alert(alert) => &mut alert.items,
        Element::Status(status) => &mut status.items,
        Element::Results(results) => &mut results.items,
        Element::Group(group) => {
            group.children.iter_mut().for_each(as_kept_in);
            return;
        }
        Element::Unknown { .. } => return,
    };
    for item in items {
        let is_base64 = item.meta.format.as_deref() == Some("b64");
        if let Some(data) = &mut item.data {
            *data = data.replace('\n', " ");
            if is_base64 {
                *data = STANDARD.encode(&data);
            }
        }
    }
}
