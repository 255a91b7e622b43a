//! docs/verifying.md lists every finding, and prints the verifier that exports have.

use std::fs;

use modegate_core::audit::verify::FindingKind;

fn read(path: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    fs::read_to_string(format!("{root}/{path}")).unwrap()
}

#[test]
fn the_page_prints_the_verifier_in_python() {
    let page = read("docs/verifying.md");
    let (_, printed) = page.split_once("```python\n").unwrap();
    let (printed, _) = printed.split_once("```\n").unwrap();
    assert!(
        printed == read("src/server/audit/verify.py"),
        "copy src/server/audit/verify.py into docs/verifying.md"
    );
}

#[test]
fn the_page_lists_every_finding_with_its_exit_code() {
    let page = read("docs/verifying.md");
    let (_, table) = page.split_once("## Findings").unwrap();
    let listed = |name: &str, code: u8| {
        let (start, end) = (format!("| `{name}` | "), format!(" | {code} |"));
        let line = |line: &&str| line.starts_with(&start) && line.ends_with(&end);
        table.lines().filter(line).count()
    };
    for kind in FindingKind::ALL {
        let code = kind.outcome().exit_code();
        assert_eq!(listed(kind.name(), code), 1, "{} {code}", kind.name());
    }
}
