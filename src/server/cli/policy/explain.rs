//! `policy explain`.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use clap::Args;

use super::set_of;
use crate::cli::output::{CommandOutput, faulty, to_json};
use modegate_core::classify::class_from_name;
use modegate_core::context::{Context, Family, Login, Mode, Platform};
use modegate_core::kind::{Class, Kind};
use modegate_core::policy::explain::{Explanation, Question, explain};
use modegate_wire::message::Verb;

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Machine, Maintenance, Apps or Unspecified
    #[arg(long, value_parser = |text: &str| Mode::from_name(text).ok_or("expected Machine, Maintenance, Apps or Unspecified"))]
    mode: Mode,
    /// The kind, e.g. app_install
    #[arg(long, value_parser = |text: &str| Kind::from_name(text).ok_or_else(kinds))]
    kind: Kind,
    /// windows81, windows_phone81 or windows10
    #[arg(long, default_value = "windows81", value_parser = |text: &str| Family::from_name(text).ok_or("expected windows81, windows_phone81 or windows10"))]
    family: Family,
    /// LoginStatus: user, others, none or absent
    #[arg(long, default_value = "user", value_parser = |text: &str| Login::from_name(text).ok_or("expected user, others, none or absent"))]
    login: Login,
    /// Platform of the query
    #[arg(long, default_value = "WoA")]
    platform: String,
    /// A group of the device; may be given several times
    #[arg(long)]
    group: Vec<String>,
    /// The catalogue app that the command installs
    #[arg(long)]
    app: Option<String>,
    /// Only commands of this verb: Add, Replace, Delete, Get or Exec
    #[arg(long, value_parser = |text: &str| Verb::from_name(text).ok_or("expected Add, Replace, Delete, Get, Exec or Copy"))]
    verb: Option<Verb>,
    /// Only commands of this class, e.g. MDM_Restrictions; other: of none
    #[arg(long, value_parser = class)]
    class: Option<Class>,
    /// A directory instead of the shipped policies
    #[arg(long)]
    policies: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn kinds() -> String {
    format!("expected one of {}", Kind::ALL.map(Kind::name).join(", "))
}

fn class(text: &str) -> Result<Class, String> {
    if text == "other" {
        return Ok(Class::OTHER);
    }
    class_from_name(text).ok_or_else(|| {
        "expected a class of the classification table, e.g. MDM_Restrictions, or other".to_owned()
    })
}

pub(super) fn run(args: &ExplainArgs) -> io::Result<CommandOutput> {
    let set = match set_of(args.policies.as_deref()) {
        Ok(set) => set,
        Err(faults) => return faulty(&faults, args.json, 1),
    };
    let platform = if args.platform.eq_ignore_ascii_case("WoA") {
        Platform::WoA
    } else {
        Platform::Other
    };
    let asked = Question {
        context: Context {
            mode: args.mode,
            platform,
            login: args.login,
        },
        family: args.family,
        groups: &args.group,
        app: args.app.as_deref(),
        kind: args.kind,
        verb: args.verb,
        class: args.class,
    };
    match explain(&set, &asked) {
        Ok(explained) if args.json => Ok((0, to_json(&explained)?)),
        Ok(explained) => Ok((0, describe(args, &explained))),
        Err(none) if args.json => {
            Ok((1, to_json(&serde_json::json!({"error": none.to_string()}))?))
        }
        Err(none) => Ok((1, format!("{none}\n"))),
    }
}

fn describe(args: &ExplainArgs, explained: &Explanation) -> String {
    let mut text = format!(
        "{}: {} in {} on {}\n",
        explained.verdict.name(),
        args.kind.name(),
        args.mode.name(),
        args.family.name()
    );
    for rule in &explained.rules {
        let _ = writeln!(text, "  by {} ({})", rule.id, rule.at);
        if let Some(says) = &rule.says {
            let _ = writeln!(text, "     {says}");
        }
    }
    if !explained.modes.is_empty() {
        let modes: Vec<&str> = explained.modes.iter().map(|mode| mode.name()).collect();
        let _ = writeln!(text, "  it would be delivered in {}", modes.join(", "));
    }
    if explained.varies {
        let _ = writeln!(
            text,
            "  this is {} of {}; other commands of this kind are decided differently: pass --verb and --class",
            explained.verb, explained.class
        );
    }
    text
}
