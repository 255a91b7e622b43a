//! An issuer that is a program: it reads the request as JSON from standard input and writes the
//! certificate with its issuers to standard output, as PEM.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::checked;
use super::issuer::{CertificateRequest, IssueError, IssuedCertificate, Issuer};
use super::question::Question;

/// What a program may say.
const ANSWER_BYTES: u64 = 64 * 1024;
/// Programs that run at a time: each is a process.
const AT_A_TIME: usize = 4;

/// An issuer that is a program.
pub struct CommandIssuer {
    program: PathBuf,
    arguments: Vec<String>,
    patience: Duration,
    running: Arc<Semaphore>,
}

impl CommandIssuer {
    /// Asks `program` with these arguments, which may take as long as `patience`.
    pub fn new(program: PathBuf, arguments: Vec<String>, patience: Duration) -> Self {
        CommandIssuer {
            program,
            arguments,
            patience,
            running: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    fn start(&self) -> Result<Child, IssueError> {
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.unavailable(&error))
    }

    fn unavailable(&self, error: &std::io::Error) -> IssueError {
        IssueError::Unavailable(format!("{}: {error}", self.program.display()))
    }

    /// Asks a program that runs; what it said, or why it refused.
    async fn ask(&self, mut child: Child, question: &[u8]) -> Result<Vec<u8>, IssueError> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(IssueError::Unavailable(
                "the program has no pipes".to_owned(),
            ));
        };
        let (mut answer, mut why) = (Vec::new(), Vec::new());
        let (mut out, mut err) = (stdout.take(ANSWER_BYTES), stderr.take(ANSWER_BYTES));
        // A program that reads nothing closes the pipe: what it says counts, not that.
        let write = async move { drop(stdin.write_all(question).await) };
        let (_, read, complained) = tokio::join!(
            write,
            out.read_to_end(&mut answer),
            err.read_to_end(&mut why)
        );
        read.and(complained)
            .map_err(|error| self.unavailable(&error))?;
        let status = child
            .wait()
            .await
            .map_err(|error| self.unavailable(&error))?;
        if status.success() {
            return Ok(answer);
        }
        let why = String::from_utf8_lossy(&why);
        let why = why.lines().next_back().unwrap_or_default().trim();
        Err(IssueError::Rejected(format!("{status}: {why}")))
    }
}

#[async_trait]
impl Issuer for CommandIssuer {
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError> {
        let question = Question::new(&request).json();
        let asked = async {
            let Ok(_permit) = self.running.acquire().await else {
                return Err(IssueError::Unavailable("the server is ending".to_owned()));
            };
            self.ask(self.start()?, &question).await
        };
        let answer = tokio::time::timeout(self.patience, asked).await;
        let late = || IssueError::Unavailable(format!("no answer in {:?}", self.patience));
        Ok(checked::read(&answer.map_err(|_| late())??)?)
    }
}
