//! Every fault of a bad baseline, with its place.

use super::*;

const HEAD: &str = "[baseline]\nid = 'b'\nfamily = ['windows81']\nmax_age_days = 7\n";
const CONTROL: &str =
    "[[control]]\nid = 'c'\nread = 'MDM_SecurityStatus.FirewallStatus'\nis = [0]\n";
/// The last line of [`HEAD`] and [`CONTROL`] together.
const LINES: usize = 8;

fn faults(text: &str) -> Vec<String> {
    let set = BaselineSet::from_texts(vec![("x.toml".to_owned(), text.to_owned())], NOW);
    let faults = set.err().unwrap_or_default();
    faults
        .iter()
        .map(|fault| fault.to_string().replace("x.toml:", ""))
        .collect()
}

#[test]
fn a_good_baseline_loads() {
    assert_eq!(faults(&format!("{HEAD}{CONTROL}")), Vec::<String>::new());
    let exempt = "[[exempt]]\ncontrol = 'c'\nuntil = 2027-09-21\nreason = 'r'\napproved_by = 'a'\n";
    assert_eq!(
        faults(&format!("{HEAD}{CONTROL}{exempt}")),
        Vec::<String>::new()
    );
    let none = BaselineSet::from_texts(Vec::new(), NOW).unwrap();
    assert_eq!(none.baselines().len(), 0);
}

#[test]
fn faults_of_the_file_and_its_head() {
    for (text, expected) in [
        (
            "",
            vec![
                "1:1: expected a table [baseline], found a file without it",
                "1:1: expected [[control]], found a file without it",
            ],
        ),
        (
            CONTROL,
            vec!["1:1: expected a table [baseline], found a file without it"],
        ),
        (
            HEAD,
            vec!["1:1: expected [[control]], found a file without it"],
        ),
    ] {
        assert_eq!(faults(text), expected, "{text}");
    }
    for (head, expected) in [
        (
            "[baseline]\nid = 'b'\nfamily = ['windows81']\n",
            "1:1: expected the key 'max_age_days', found a table without it",
        ),
        (
            "[baseline]\nid = 'b'\nmax_age_days = 7\n",
            "1:1: expected the key 'family', found a table without it",
        ),
        (
            "[baseline]\nfamily = ['windows81']\nmax_age_days = 7\n",
            "1:1: expected the key 'id', found a table without it",
        ),
        (
            "[baseline]\nid = 'b/..'\nfamily = ['windows81']\nmax_age_days = 7\n",
            "2:6: expected 1 to 64 letters, digits, '.', '-' or '_', found 'b/..'",
        ),
        (
            "[baseline]\nid = 'b'\nfamily = ['vista']\nmax_age_days = 7\n",
            "3:11: expected one of windows81, windows_phone81, windows10, found 'vista'",
        ),
        (
            "[baseline]\nid = 'b'\nfamily = []\nmax_age_days = 7\n",
            "3:10: expected at least one value for 'family' (leave the key out to match any), found an empty list",
        ),
        (
            "[baseline]\nid = 'b'\nfamily = ['windows81']\nmax_age_days = 0\n",
            "4:16: expected a whole number of days from 1 to 365 for 'max_age_days', found 0",
        ),
        (
            "[baseline]\nid = 'b'\nfamily = ['windows81']\nmax_age_days = '7'\n",
            "4:16: expected a whole number of days from 1 to 365 for 'max_age_days', found text",
        ),
        (
            "[baseline]\nid = 'b'\nfamily = ['windows81']\nmax_age_days = 7\nmax_age = 1\n",
            "5:1: expected one of id, family, group, max_age_days, note, found the key 'max_age'",
        ),
        (
            "[baseline]\nid = 'b'\nfamily = ['windows81']\ngroup = ['']\nmax_age_days = 7\n",
            "4:10: expected a line of text of 1 to 1024 bytes for 'group', found 0 bytes",
        ),
        (
            "[[baseline]]\nid = 'b'\n",
            "1:1: expected a table [baseline], found something else",
        ),
        (
            "controls = 1\n[baseline]\nid = 'b'\nfamily = ['windows81']\nmax_age_days = 7\n",
            "1:1: expected [baseline], [[control]] or [[exempt]], found the key 'controls'",
        ),
    ] {
        let found = faults(&format!("{head}{CONTROL}"));
        let is_there = match head.starts_with("[[") {
            true => found
                .iter()
                .any(|fault| fault.ends_with("expected a table [baseline], found something else")),
            false => found == [expected],
        };
        assert!(is_there, "{head}: {found:#?}");
    }
    let text = format!("{HEAD}{CONTROL}");
    let two = vec![
        ("a.toml".to_owned(), text.clone()),
        ("b.toml".to_owned(), text.replace("'b'", "'B'")),
    ];
    let found = BaselineSet::from_texts(two, NOW).unwrap_err();
    let expected = "b.toml:2:6: expected a unique id, in any letter case, found 'B', which a.toml:2 defines too";
    assert_eq!(found[0].to_string(), expected);
}

#[test]
fn faults_of_controls() {
    const READ: &str = "read = 'MDM_SecurityStatus.FirewallStatus'\n";
    for (control, expected) in [
        (
            "id = 'c c'\nread = 'MDM_SecurityStatus.FirewallStatus'\nis = [0]\n",
            "6:6: expected 1 to 64 letters, digits, '.', '-' or '_', found 'c c'",
        ),
        (
            "id = 'c'\nis = [0]\n",
            "5:1: expected the key 'read' or 'fact', found a table without them",
        ),
        (
            "id = 'c'\nread = 'a.b'\nfact = 'enrolled'\nis = [true]\n",
            "8:8: expected either 'read' or 'fact', found both",
        ),
        (
            "id = 'c'\nfact = 'battery'\nis = [true]\n",
            "7:8: expected one of last_session, last_maintenance, vendor_supported, enrolled, found 'battery'",
        ),
        (
            "id = 'c'\nread = 'FirewallStatus'\nis = [0]\n",
            "7:8: expected 'Class.Property' or './DevDetail/…', found 'FirewallStatus'",
        ),
        (
            "id = 'c'\nread = 'MDM_Nothing.FirewallStatus'\nis = [0]\n",
            "7:8: expected a class of the classification table, found 'MDM_Nothing.FirewallStatus'",
        ),
        (
            "id = 'c'\nread = 'MDM_MgmtAuthority.Nothing'\nis = [0]\n",
            "7:8: expected a property of MDM_MgmtAuthority: AuthorityName, RootThumbprint, ProvisionedCertThumbprint, ClientSearchCriteria, ServerList, found 'MDM_MgmtAuthority.Nothing'",
        ),
        (
            "id = 'c'\nread = './Vendor/MSFT'\nis = ['x']\n",
            "7:8: expected a class, or a node below ./DevInfo or ./DevDetail, found './Vendor/MSFT'",
        ),
        (
            "id = 'c'\nread = 'SoftwareLicensingProduct.ProductKey'\nis = ['x']\n",
            "7:8: expected a value that is no secret, found 'SoftwareLicensingProduct.ProductKey'",
        ),
        (
            "id = 'c'\nread = 'MDM_WNSChannel.Channel'\nis = ['x']\n",
            "7:8: expected a value that is no secret, found 'MDM_WNSChannel.Channel'",
        ),
        (
            "id = 'c'\nREAD",
            "5:1: expected exactly one of is, at_least, at_most, within_days, holds, found none of them",
        ),
        (
            "id = 'c'\nREADis = [0]\nat_most = 1\n",
            "5:1: expected exactly one of is, at_least, at_most, within_days, holds, found is and at_most",
        ),
        (
            "id = 'c'\nREADis = 0\n",
            "8:6: expected a list for 'is', such as [0], found something else",
        ),
        (
            "id = 'c'\nREADis = []\n",
            "8:6: expected 1 to 64 values for 'is', found 0 values",
        ),
        (
            "id = 'c'\nREADis = ['0']\n",
            "8:7: expected a whole number in 'is', found '0'",
        ),
        (
            "id = 'c'\nREADis = [0, true]\n",
            "8:10: expected a whole number in 'is', found true",
        ),
        (
            "id = 'c'\nREADat_most = '1'\n",
            "8:11: expected a whole number for 'at_most', found text",
        ),
        (
            "id = 'c'\nREADwithin_days = 3\n",
            "8:15: expected one of is, at_least, at_most, since the answer is a whole number, found 'within_days'",
        ),
        (
            "id = 'c'\nread = 'MDM_Restrictions.SmartScreenEnabled'\nat_least = true\n",
            "8:12: expected one of is, since the answer is true or false, found 'at_least'",
        ),
        (
            "id = 'c'\nread = 'MDM_Restrictions.SmartScreenEnabled'\nis = [1]\n",
            "8:7: expected true or false in 'is', found 1",
        ),
        (
            "id = 'c'\nread = 'Win32_OperatingSystem.Version'\nat_least = 'new'\n",
            "8:12: expected a version such as \"6.3.9600\" for 'at_least', found text",
        ),
        (
            "id = 'c'\nread = 'Win32_OperatingSystem.Version'\nholds = ''\n",
            "8:9: expected a line of text of 1 to 1024 bytes for 'holds', found 0 bytes",
        ),
        (
            "id = 'c'\nread = 'Win32_OperatingSystem.InstallDate'\nis = [2020-01-01]\n",
            "8:6: expected one of within_days, since the answer is a time, found 'is'",
        ),
        (
            "id = 'c'\nfact = 'last_session'\nwithin_days = -1\n",
            "8:15: expected a whole number of days from 0 to 365 for 'within_days', found -1",
        ),
        (
            "id = 'c'\nREADis = [0]\nevery = []\n",
            "9:9: expected true or false for 'every', found a list",
        ),
        (
            "id = 'c'\nREADis = [0]\nevery = ''\n",
            "9:9: expected true or false for 'every', found text",
        ),
        (
            "id = 'c'\nfact = 'enrolled'\nis = [true]\nevery = true\n",
            "9:9: expected no 'every' beside 'fact', which has one answer, found 'every'",
        ),
        (
            "id = 'c'\nREADis = [0]\ngrace_days = 366\n",
            "9:14: expected a whole number of days from 0 to 365 for 'grace_days', found 366",
        ),
        (
            "id = 'c'\nREADis = [0]\ngrade = 'sure'\n",
            "9:9: expected one of documented, observed, inferred, unknown, found 'sure'",
        ),
        (
            "id = 'c'\nREADis = [0]\nmaps = 'CIS'\n",
            "9:8: expected a list of texts for 'maps', found text",
        ),
        (
            "id = 'c'\nREADis = [0]\nmax_age_days = 1\n",
            "9:1: expected one of id, read, fact, is, at_least, at_most, within_days, holds, every, grace_days, maps, grade, says, note, found the key 'max_age_days'",
        ),
    ] {
        let control = control.replace("READ", READ);
        let found = faults(&format!("{HEAD}[[control]]\n{control}"));
        assert_eq!(found, [expected], "{control}");
    }
    let twice = faults(&format!("{HEAD}{CONTROL}{CONTROL}"));
    assert_eq!(
        twice,
        [
            "10:6: expected an id that is unique in its baseline, found 'c', which line 6 defines too"
        ]
    );
    let phone = HEAD.replace("windows81", "windows_phone81");
    let found = faults(&format!("{phone}{CONTROL}"));
    assert_eq!(
        found,
        [
            "7:8: expected a node './…', since phones have no classes, found 'MDM_SecurityStatus.FirewallStatus'"
        ]
    );
}

#[test]
fn faults_of_exemptions() {
    const REST: &str = "reason = 'r'\napproved_by = 'a'\n";
    for (exempt, expected) in [
        (
            "control = 'c'\nREST",
            "9:1: expected the key 'until', found a table without it",
        ),
        (
            "control = 'c'\nuntil = 2027-09-24\nREST",
            "11:9: expected a day at most a year from now for 'until', found 2027-09-24",
        ),
        (
            "control = 'c'\nuntil = '2027-09-20'\nREST",
            "11:9: expected a date such as 2027-06-30 for 'until', found text",
        ),
        (
            "control = 'c'\nuntil = 2027-01-01T00:00:00Z\nREST",
            "11:9: expected a date such as 2027-06-30 for 'until', found a date or time",
        ),
        (
            "control = 'd'\nuntil = 2027-01-01\nREST",
            "10:11: expected the id of a control of this file, found 'd'",
        ),
        (
            "until = 2027-01-01\nREST",
            "9:1: expected the key 'control', found a table without it",
        ),
        (
            "control = 'c'\nuntil = 2027-01-01\nreason = 'r'\n",
            "9:1: expected the key 'approved_by', found a table without it",
        ),
        (
            "control = 'c'\nuntil = 2027-01-01\napproved_by = 'a'\n",
            "9:1: expected the key 'reason', found a table without it",
        ),
        (
            "control = 'c'\nuntil = 2027-01-01\nreason = ' '\napproved_by = 'a'\n",
            "12:10: expected a line of text of 1 to 1024 bytes for 'reason', found 1 bytes",
        ),
        (
            "control = 'c'\nuntil = 2027-01-01\ndevice = 'x'\nREST",
            "12:1: expected one of control, group, until, reason, approved_by, note, found the key 'device'",
        ),
    ] {
        let exempt = exempt.replace("REST", REST);
        let found = faults(&format!("{HEAD}{CONTROL}[[exempt]]\n{exempt}"));
        assert_eq!(found, [expected], "{exempt}");
    }
    let one = format!("[[exempt]]\ncontrol = 'c'\nuntil = 2027-01-01\n{REST}");
    let found = faults(&format!("{HEAD}{CONTROL}{one}{one}"));
    let expected = format!(
        "{}:1: expected a control that is exempt once, found 'c', which line {} exempts too",
        LINES + 6,
        LINES + 1
    );
    assert_eq!(found, [expected]);
    // One that is over is no fault: a server must start on the day after.
    let over = one.replace("2027-01-01", "2020-01-01");
    assert_eq!(
        faults(&format!("{HEAD}{CONTROL}{over}")),
        Vec::<String>::new()
    );
}

#[test]
fn all_faults_of_all_files_are_told_at_once_and_bounded() {
    let text = format!("{HEAD}{CONTROL}x = 1\ngrade = 'sure'\n[[exempt]]\ncontrol = 'd'\n");
    let files = vec![
        ("a.toml".to_owned(), text.clone()),
        ("b.toml".to_owned(), "= \n".to_owned()),
    ];
    let found = BaselineSet::from_texts(files, NOW).unwrap_err();
    assert!(
        found.iter().filter(|fault| fault.file == "a.toml").count() >= 5,
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|fault| fault.file == "b.toml" && fault.expected == "TOML")
    );
    let many = format!("{HEAD}{}", "[[control]]\n".repeat(5_000));
    assert_eq!(faults(&many).len(), 100);
    let control = |n| format!("[[control]]\nid = 'c{n}'\nfact = 'enrolled'\nis = [true]\n");
    let many: String = (0..1_001).map(control).collect();
    assert_eq!(
        faults(&format!("{HEAD}{many}")),
        ["4005:1: expected at most 1000 tables in all files, found one more"]
    );
}
