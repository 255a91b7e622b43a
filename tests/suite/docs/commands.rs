//! Every shell command in the README and in `docs/` runs as printed, and prints what its page shows.
//! `DOCS_PAGE=NAME cargo test --test suite docs:: -- --nocapture` runs the
//! pages of that name and shows what their commands print.
//!
//! A page's blocks marked `sh` run in order, in one shell, in a scratch directory in
//! which `policies/` and `packaging/` are the repository's, `./data` is the data
//! directory of a running server, and `./data-0.1.0` is one that 0.1.0 wrote. A comment on the line before a block changes that:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- output -->` | this block is what the block before it printed: white space does not count, `…` stands for anything |
//! | `<!-- server: strict -->` | from here on the server accepts registered devices only |
//! | `<!-- server: stopped -->` | from here on no server runs |
//! | `<!-- server: started -->` | from here on it runs again, for unknown devices too |
//! | `<!-- until it listens -->` | the command serves, with no other server running; it is ended once it listens |
//! | `<!-- not run: REASON -->` | the block cannot run in a test; [`NOT_RUN`] lists it too |

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::program::{program, without_settings};
use crate::wait::DEADLINE;

/// The blocks that no test runs, by page and first line.
const NOT_RUN: &[(&str, &str)] = &[
    ("README.md", "cargo run -- demo"),
    ("README.md", "cargo test --locked"),
    (
        "docs/api.md",
        "curl -N -H \"Authorization: Bearer $TOKEN\" \"$SERVER/api/v1/events/stream?after=0\"",
    ),
    ("docs/console.md", "cargo run -- demo"),
    ("docs/portal.md", "modegate demo --exit --data ./demo-data"),
    (
        "docs/statements.md",
        "cargo test --locked --test suite sync::gating::machine_gets_inventory_and_password_reset_and_maintenance_the_rest",
    ),
    ("docs/upgrading.md", "systemctl stop modegate"),
    ("docs/upgrading.md", "systemctl start modegate"),
];

/// The languages that a block may name. A block of commands names `sh`.
const LANGUAGES: &[&str] = &[
    "sh", "text", "json", "xml", "toml", "ini", "mermaid", "nginx", "haproxy", "apache", "yaml",
    "bat", "python",
];

/// What printed addresses and paths stand for. The left side is what pages print.
struct Substitutions(Vec<(String, String)>);

impl Substitutions {
    fn to_run(&self, text: &str) -> String {
        let replace =
            |text: String, (printed, real): &(String, String)| text.replace(printed, real);
        self.0.iter().fold(text.to_owned(), replace)
    }

    fn as_printed(&self, text: &str) -> String {
        let replace =
            |text: String, (printed, real): &(String, String)| text.replace(real, printed);
        self.0.iter().fold(text.to_owned(), replace)
    }
}

/// A block of a page: its language, the comment before it, its text.
struct Block<'a> {
    language: &'a str,
    mark: Option<&'a str>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut open, mut before) = (Vec::new(), None::<Block<'_>>, "");
    for line in page.lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text += line;
                block.text.push('\n');
            }
            (None, Some(language)) => {
                let mark = before.strip_prefix("<!-- ");
                open = Some(Block {
                    language,
                    mark: mark.and_then(|rest| rest.strip_suffix(" -->")),
                    text: String::new(),
                });
            }
            (None, None) => {}
        }
        before = line.trim();
    }
    blocks
}

/// The server that a page's commands talk to.
struct Serving {
    dir: PathBuf,
    ports: [u16; 2],
    /// Whether it is the server of docs/README.md, "About the examples", and not the README's.
    is_for_examples: bool,
    child: Option<Child>,
}

impl Serving {
    fn start(&mut self, accept_unknown: bool) {
        self.stop();
        let [https, http] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        let mut command = program();
        command.args(["serve", "--listen", &https, "--insecure-http", &http]);
        command.arg("--data").arg(self.dir.join("data"));
        if self.is_for_examples {
            command.env("MODEGATE_INVENTORY_SCHEDULE_HOURS", "0");
            command.env("MODEGATE_COMPLIANCE_ENABLED", "false");
        }
        if accept_unknown {
            command.arg("--accept-unknown-devices");
        }
        let mut log = std::fs::File::options();
        let log = log.create(true).append(true);
        let log = log.open(self.dir.join("server.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(line.contains("listening"), "{line}");
        self.child = Some(child);
    }

    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let kill = Command::new("kill").arg(child.id().to_string()).status();
        assert!(kill.unwrap().success());
        assert!(child.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The shell of one page.
struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Shell {
    fn start(dir: &Path) -> Shell {
        let program = Path::new(env!("CARGO_BIN_EXE_modegate")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut command = without_settings(Command::new("bash"));
        command.args(["-euo", "pipefail", "-s"]).current_dir(dir);
        command
            .env("PATH", path)
            .env("MODEGATE_LISTEN", "127.0.0.1:0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.process_group(0).spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let input = child.stdin.take().unwrap();
        let mut shell = Shell {
            child,
            input,
            lines,
        };
        shell.run("exec 2>&1\n").unwrap();
        shell
    }

    /// What the commands print; as an error, what they printed before one failed.
    fn run(&mut self, commands: &str) -> Result<String, String> {
        const END: &str = "--- end of the block";
        // Commands must not read the shell's own input.
        let block = format!("{{\n{commands}\n}} < /dev/null\necho; echo '{END}'\n");
        self.input.write_all(block.as_bytes()).unwrap();
        let mut printed = String::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) if line == END => return Ok(printed),
                Ok(line) => printed = printed + &line + "\n",
                Err(_) => return Err(printed),
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // With it whatever its commands left running in the background.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// Runs a command that serves until it listens, and ends it as an operator would.
fn until_it_listens(shell: &mut Shell, commands: &str) -> Result<String, String> {
    let commands = commands.trim_end();
    shell.run(&format!(
        ": > listening.txt\n{commands} >> listening.txt 2> serving.log &\nSERVING=$!\n\
         until grep -q listen listening.txt; do kill -0 $SERVING; sleep 0.05; done\n\
         kill $SERVING; wait $SERVING || true; cat listening.txt"
    ))
}

/// Whether the text is the pattern, where `…` stands for anything and white space
/// does not count.
fn matches(pattern: &str, text: &str) -> bool {
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    let (pattern, text) = (dense(pattern), dense(text));
    let parts: Vec<&str> = pattern.split('…').collect();
    let [first, middle @ .., last] = &parts[..] else {
        return pattern == text;
    };
    let inner = text.strip_prefix(first);
    let Some(mut rest) = inner.and_then(|inner| inner.strip_suffix(last)) else {
        return false;
    };
    middle.iter().all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or(rest, |(_, behind)| behind);
        found.is_some()
    })
}

/// Runs a page; what is wrong with it, and its blocks that do not run.
fn run_page(name: &str, page: &str, faults: &mut Vec<String>, not_run: &mut Vec<(String, String)>) {
    let own = tempfile::tempdir().unwrap();
    let mut serving = prepare(own.path(), name != "README.md");
    let substitutions = substitutions(own.path(), serving.ports);
    let mut shell = Shell::start(own.path());
    let mut printed = None;
    for block in blocks(page) {
        let first = block.text.lines().next().unwrap_or("").to_owned();
        let mut fault = |why: String| faults.push(format!("{name}: {first}\n{why}"));
        if !LANGUAGES.contains(&block.language) {
            fault(format!("names no known language: '{}'", block.language));
        }
        if block.mark == Some("output") {
            let text: String = printed.take().unwrap_or_default();
            if !matches(&block.text, &text) {
                fault(format!("the page shows\n{}\nbut it is\n{text}", block.text));
            }
        }
        if block.language != "sh" {
            continue;
        }
        let commands = substitutions.to_run(&block.text);
        let run = match block.mark {
            Some(mark) if mark.starts_with("not run: ") => {
                println!("{name}: '{first}' is {mark}");
                not_run.push((name.to_owned(), first));
                continue;
            }
            Some("until it listens") => {
                serving.stop();
                until_it_listens(
                    &mut shell,
                    &commands.replace(&serving.ports[1].to_string(), "0"),
                )
            }
            mark => {
                match mark {
                    Some("server: stopped") => serving.stop(),
                    Some("server: strict") => serving.start(false),
                    Some("server: started") => serving.start(true),
                    None => {}
                    Some(other) => fault(format!("'{other}' is no known mark")),
                }
                shell.run(&commands)
            }
        };
        match run {
            Ok(text) => {
                let text = substitutions.as_printed(&text);
                println!("{name}: {first}\n{text}");
                printed = Some(text);
            }
            Err(text) => {
                fault(format!("the block failed after printing\n{text}"));
                return;
            }
        }
    }
}

/// The scratch directory of a page, with a server on it.
fn prepare(dir: &Path, is_for_examples: bool) -> Serving {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["policies", "packaging"] {
        let mut copy = Command::new("cp");
        let copied = copy.arg("-r").arg(root.join(name)).arg(dir).status();
        assert!(copied.unwrap().success());
    }
    let old = dir.join("data-0.1.0");
    let fixture = root.join("tests/fixtures/data-0.1.0/data");
    let copied = Command::new("cp").arg("-r").args([&fixture, &old]).status();
    let private = Command::new("chmod")
        .args(["-R", "u=rwX,go="])
        .arg(&old)
        .status();
    assert!(copied.unwrap().success() && private.unwrap().success());
    for name in ["etc", "backup", "target/debug", "target/release"] {
        std::fs::create_dir_all(dir.join(name)).unwrap();
    }
    let program = env!("CARGO_BIN_EXE_modegate");
    for built in ["target/debug/modegate", "target/release/modegate"] {
        std::os::unix::fs::symlink(program, dir.join(built)).unwrap();
    }
    let config = root.join("packaging/modegate.toml");
    std::fs::copy(config, dir.join("etc/modegate.toml")).unwrap();
    let mut serving = Serving {
        dir: dir.to_owned(),
        ports: free_ports(),
        is_for_examples,
        child: None,
    };
    serving.start(true);
    serving
}

/// Two ports that nobody uses and that the system gives to nobody: a page's server
/// is stopped and started on the same ones.
fn free_ports() -> [u16; 2] {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut free = (first..32_000).filter(is_free);
    let https = free.next().unwrap();
    // The pages are served on the port behind it.
    let http = free.find(|port| *port > https + 1).unwrap();
    [https, http]
}

fn substitutions(dir: &Path, [https, http]: [u16; 2]) -> Substitutions {
    let dir = dir.display();
    let pairs = [
        ("127.0.0.1:8080", format!("127.0.0.1:{http}")),
        ("127.0.0.1:8443", format!("127.0.0.1:{https}")),
        ("localhost:8443", format!("localhost:{https}")),
        ("/var/lib/modegate", format!("{dir}/data")),
        ("/etc/modegate", format!("{dir}/etc")),
        ("/backup/", format!("{dir}/backup/")),
    ];
    Substitutions(
        pairs
            .map(|(printed, real)| (printed.to_owned(), real))
            .into(),
    )
}

/// Commands that a page names in its text, such as `modegate policy check DIR`: the
/// words of the subcommand, and the flags.
fn named_commands(page: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let spans = page.split('`').skip(1).step_by(2);
    let named = spans.filter_map(|span| span.strip_prefix("modegate "));
    named
        .map(|rest| {
            let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let words = rest
                .split_whitespace()
                .take_while(|word| !word.starts_with('-'));
            let words = words.take_while(is_word).collect();
            let flags = rest
                .split_whitespace()
                .filter(|word| word.starts_with("--"));
            (words, flags.collect())
        })
        .collect()
}

#[test]
fn commands_and_flags_that_pages_name_exist() {
    let mut faults = Vec::new();
    for (name, page) in all_pages() {
        let text: String = page.split("```").step_by(2).collect();
        for (words, flags) in named_commands(&text) {
            let mut help = program();
            let help = help.args(&words).arg("--help").output().unwrap();
            let shown = String::from_utf8_lossy(&help.stdout);
            let missing = flags.iter().any(|flag| !shown.contains(flag));
            if !help.status.success() || missing {
                faults.push(format!("{name}: modegate {words:?} {flags:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "no such command or flag: {faults:#?}");
}

/// The README and the pages of `docs/`.
fn all_pages() -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut all = vec![("README.md".to_owned(), readme)];
    all.extend(pages("docs"));
    all
}

/// The pages under a directory of the repository, in order.
fn pages(dir: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries: Vec<PathBuf> = std::fs::read_dir(root.join(dir))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = format!("{dir}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(pages(&name));
        } else if name.ends_with(".md") {
            found.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    found
}

#[test]
fn the_commands_of_every_page_work_as_printed() {
    let (mut faults, mut not_run) = (Vec::new(), Vec::new());
    let only = std::env::var("DOCS_PAGE").ok();
    for (name, page) in all_pages() {
        if only.as_ref().is_none_or(|only| name.contains(only)) && page.contains("```") {
            run_page(&name, &page, &mut faults, &mut not_run);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    if only.is_none() {
        let listed = NOT_RUN
            .iter()
            .map(|(page, first)| (page.to_string(), first.to_string()));
        assert_eq!(
            not_run,
            listed.collect::<Vec<_>>(),
            "blocks that do not run"
        );
    }
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(matches("a … c", "a b\nc") && matches("{ \"a\": 1 }", "{\"a\":1}\n"));
    assert!(matches("…b…", "abc") && matches("a…", "a"));
    assert!(!matches("a … c", "a b") && !matches("a…b…a", "aba b"));
}
