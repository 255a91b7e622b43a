//! Examples below each command's help and manual page, in one table: a test
//! reads each of them as the program would.

/// A command, and the lines of its examples.
pub type Examples = (&'static str, &'static [&'static str]);

/// The examples of the commands here.
pub const EXAMPLES: [Examples; 31] = [
    (
        "backup",
        &["modegate backup /backup/modegate.db --data /var/lib/modegate"],
    ),
    (
        "restore",
        &["modegate restore /backup/modegate.db --data /var/lib/modegate"],
    ),
    (
        "key rotate",
        &[
            "modegate key rotate --data /var/lib/modegate",
            "modegate key rotate --config /etc/modegate/modegate.toml",
        ],
    ),
    (
        "serve",
        &[
            "modegate serve",
            "modegate serve --config /etc/modegate/modegate.toml",
            "modegate serve --data ./data --insecure-http 127.0.0.1:8080 --accept-unknown-devices",
            "modegate serve --listen 0.0.0.0:8443 --name mdm.example.org --client-ca issuers.pem",
            "modegate serve --log-format json --log-filter info,modegate=debug",
        ],
    ),
    (
        "audit witness",
        &[
            "modegate audit witness --log mdm.example.org/0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506/1+31d1cdfb+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            "modegate audit witness --listen 0.0.0.0:8445 --data /var/lib/modegate-witness --name witness.example.org/1 --log mdm.example.org/0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506/1+31d1cdfb+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        ],
    ),
    (
        "policy check",
        &[
            "modegate policy check",
            "modegate policy check /etc/modegate/policies --json",
        ],
    ),
    (
        "policy diff",
        &[
            "modegate policy diff builtin /etc/modegate/policies",
            "modegate policy diff ./policies-of-today ./policies-of-tomorrow --json",
        ],
    ),
    (
        "audit report",
        &[
            "modegate audit report ./export --key log.vkey --html report.html",
            "modegate audit report --data /var/lib/modegate --period 2026-01-01..2026-03-31 --csv ./tables",
        ],
    ),
    (
        "audit withheld",
        &[
            "modegate audit withheld --data /var/lib/modegate --device 0192f3a45b6c7d8e9fa0b1c2d3e4f506",
        ],
    ),
    (
        "audit compliance",
        &[
            "modegate audit compliance --data /var/lib/modegate --device 0192f3a45b6c7d8e9fa0b1c2d3e4f506",
        ],
    ),
    (
        "audit policy-sets",
        &["modegate audit policy-sets ./export --on 2026-03-31"],
    ),
    (
        "audit key replace-lost",
        &["modegate audit key replace-lost --data /var/lib/modegate --reason lost-with-the-disk"],
    ),
    (
        "policy reload",
        &["modegate policy reload --data /var/lib/modegate"],
    ),
    (
        "policy explain",
        &[
            "modegate policy explain --mode Machine --kind app_install",
            "modegate policy explain --mode Maintenance --kind setting --login none --json",
        ],
    ),
    (
        "compliance check",
        &[
            "modegate compliance check",
            "modegate compliance check /etc/modegate/policies/compliance --json",
        ],
    ),
    (
        "compliance diff",
        &[
            "modegate compliance diff builtin /etc/modegate/policies/compliance",
            "modegate compliance diff ./baselines-of-today ./baselines-of-tomorrow --json",
        ],
    ),
    (
        "compliance explain",
        &[
            "modegate compliance explain --control av.on --value 1 --same-for-days 3",
            "modegate compliance explain --control password.compliant --mode Machine --json",
        ],
    ),
    (
        "config check",
        &[
            "modegate config check /etc/modegate/modegate.toml",
            "modegate config check --json --listen 0.0.0.0:8443",
        ],
    ),
    (
        "config show",
        &[
            "modegate config show",
            "modegate config show --config /etc/modegate/modegate.toml --json",
        ],
    ),
    (
        "audit verify",
        &[
            "modegate audit verify --data /var/lib/modegate",
            "modegate audit verify /mnt/export --key log.vkey",
            "modegate audit verify /mnt/export --policy trust.txt --against checkpoint-of-january --json",
            "modegate audit verify --proof 4711.tlog-proof --key log.vkey",
        ],
    ),
    (
        "audit export",
        &[
            "modegate audit export /mnt/export --data /var/lib/modegate",
            "modegate audit export /mnt/since-june --since 1048576 --jsonl --data /var/lib/modegate",
            "modegate audit export ./device --device 0197a2c4c1f47cc0b1d9c5f9d0c1a2b3 --csv",
        ],
    ),
    (
        "audit prove",
        &[
            "modegate audit prove --event 4711 --data /var/lib/modegate > 4711.tlog-proof",
            "modegate audit prove --command 0197a2c4c1f47cc0b1d9c5f9d0c1a2b3-7 --out proofs",
            "modegate audit prove /mnt/export --from 1048576",
        ],
    ),
    (
        "audit replay",
        &[
            "modegate audit replay /mnt/export",
            "modegate audit replay /mnt/export --policies ./policies-of-tomorrow --json",
        ],
    ),
    (
        "audit checkpoint",
        &[
            "modegate audit checkpoint --data /var/lib/modegate > checkpoint",
            "modegate audit checkpoint /mnt/export --json",
        ],
    ),
    (
        "audit key",
        &[
            "modegate audit key --data /var/lib/modegate",
            "modegate audit key --json",
        ],
    ),
    (
        "audit key rotate",
        &["modegate audit key rotate --data /var/lib/modegate"],
    ),
    (
        "audit redact",
        &["modegate audit redact --event 4711 --reason personal-data"],
    ),
    (
        "completions",
        &[
            "modegate completions bash > /etc/bash_completion.d/modegate",
            "modegate completions zsh > ~/.zfunc/_modegate",
            "modegate completions fish > ~/.config/fish/completions/modegate.fish",
            "modegate completions powershell >> $PROFILE",
        ],
    ),
    (
        "push check",
        &[
            "modegate push check 52314Publisher.App_t6e9vsyjkrw9w --data /var/lib/modegate",
            "modegate push check 52314Publisher.App_t6e9vsyjkrw9w --url https://mdm.example.org:8443 --ca ca.pem --token-file token",
        ],
    ),
    ("man", &["modegate man /usr/local/share/man/man1"]),
    (
        "health",
        &[
            "modegate health",
            "modegate health https://mdm.example.org:8443 --ca ca.pem",
        ],
    ),
];

/// Said below `serve --help`, and below the commands that read the same settings.
const PRECEDENCE: &str = "\
A flag beats the environment, the environment beats the file, the file beats the default.
The variable of a key is MODEGATE_ and its name in capitals, with '_' for a dot: MODEGATE_LISTEN,
MODEGATE_LIMITS_CONNECTIONS. MODEGATE_KEY holds the main key itself.";

/// Puts examples below the help of each command.
pub fn with_examples(mut command: clap::Command, examples: &[Examples]) -> clap::Command {
    for (path, lines) in examples {
        let mut text = format!("Examples:\n  {}", lines.join("\n  "));
        if *path == "serve" || path.starts_with("config ") {
            text = format!("{PRECEDENCE}\n\n{text}");
        }
        let names: Vec<&str> = path.split(' ').collect();
        command = below(command, &names, text);
    }
    command
}

fn below(command: clap::Command, names: &[&str], text: String) -> clap::Command {
    match names {
        [] => command.after_help(text),
        [name, rest @ ..] => command.mut_subcommand(name, |inner| below(inner, rest, text)),
    }
}
