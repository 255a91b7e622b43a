//! `modegate demo`: the MDMAgent article played through the real server over real
//! HTTPS by a simulated tablet, with what was sent and withheld on standard output.

mod api;
mod browser;
mod report;
mod scenario;
mod visit;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use modegate_server::serve::{Options, Running, ServeError, start};
use modegate_sim::mock_wns::MockWns;
use report::Report;

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the scenario: with 0 when every step went as Microsoft's article on MDMAgent.exe says, else 1
    #[arg(long)]
    exit: bool,
    /// Open no browser: only print where the console and the portal are
    #[arg(long)]
    no_open: bool,
    /// Print every command, answer and check
    #[arg(long, short)]
    verbose: bool,
    /// The data directory, which can be served afterwards
    #[arg(long, value_name = "DIR", default_value = "./demo-data")]
    data: PathBuf,
    /// Where to listen for HTTPS; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Why the demo could not be played.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Sim(#[from] modegate_sim::SimError),
    #[error("unexpected answer of the API: {0}")]
    Api(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Plays the demo; the exit code. Who closes standard output has seen enough: that
/// is not an error.
pub(crate) async fn run(args: DemoArgs) -> u8 {
    match play(&args).await {
        Ok(is_good) => u8::from(!is_good),
        Err(DemoError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            eprintln!("modegate demo: {error}");
            1
        }
    }
}

async fn play(args: &DemoArgs) -> Result<bool, DemoError> {
    let mut options = Options::new(&args.data);
    options.settings.listen = args.listen;
    let wns = Arc::new(MockWns::start().await?);
    // Only what the scenario queues is shown.
    options.settings.inventory.schedule_hours = 0;
    options.settings.compliance.read_hours = 0;
    options.settings.wns.token_url = Some(wns.token_url());
    options.settings.wns.host_suffix = Some(wns.host_suffix());
    if opens_browser(args) {
        // The browser does not know the demo's CA, and would warn instead of showing the pages.
        // This address is for this machine alone.
        options.settings.insecure_http = Some((Ipv4Addr::LOCALHOST, 0).into());
    }
    let running = start(options).await?;
    let mut report = Report::new(args.verbose);
    let played = show(args, &running, &wns, &mut report).await;
    running.stop().await?;
    played.map(|()| report.is_good)
}

async fn show(
    args: &DemoArgs,
    running: &Running,
    wns: &Arc<MockWns>,
    report: &mut Report,
) -> Result<(), DemoError> {
    let data = args.data.display();
    let address = running.https;
    report.line(&format!(
        "modegate listens on https://{address}; its data is in {data}."
    ))?;
    let api = api::Api::new(running)?;
    let played = scenario::play(&api, running, wns, report).await?;
    let device = played.device.clone();
    report.line(if report.is_good {
        "\nEvery step went as Microsoft's article on MDMAgent.exe says."
    } else {
        "\nSome steps went wrong: see FAILED above."
    })?;
    report.line(&format!(
        "Its audit log: modegate audit verify {data}; modegate audit replay {data}\n\
         Its compliance: modegate audit compliance {data} --device {device}"
    ))?;
    if args.exit {
        return Ok(());
    }
    // From here on Ctrl-C ends the demo in order, as the next line says.
    let interrupted = actix_web::rt::spawn(tokio::signal::ctrl_c());
    visit::prepare(&api, &device).await?;
    let pages = Pages::make(&api, running, &device).await?;
    report.line(&pages.in_words(running))?;
    report.line(&format!(
        "  curl --cacert {ca} -H \"Authorization: Bearer $(cat {token})\" https://localhost:{port}/api/v1/events",
        ca = running.ca.display(),
        token = running.token_file.display(),
        port = address.port()
    ))?;
    if pages.is_plain {
        // The portal last: it is what the browser shows then.
        browser::open(vec![pages.console, pages.portal]);
    }
    tokio::select! {
        ended = interrupted => Ok(ended.map_err(io::Error::other)??),
        () = visit::answer_pushes(played) => Ok(()),
        failed = running.failed() => Err(ServeError::from(failed).into()),
    }
}

/// Whether the demo ends by opening its pages.
fn opens_browser(args: &DemoArgs) -> bool {
    !args.exit && !args.no_open && browser::has_desktop()
}

/// Where the pages are, each one step from being signed in.
struct Pages {
    console: String,
    /// The tablet's user's link.
    portal: String,
    /// Whether a browser shows them without knowing the server's CA.
    is_plain: bool,
}

impl Pages {
    async fn make(api: &api::Api, running: &Running, device: &str) -> Result<Self, DemoError> {
        let portal = visit::portal_link(api, device).await?;
        let console = running.page("/console");
        let Some(http) = running.http else {
            return Ok(Pages {
                console,
                portal,
                is_plain: false,
            });
        };
        let path = portal.find("/portal/link/").map_or("", |at| &portal[at..]);
        Ok(Pages {
            console: format!("http://{http}/console/sign-in"),
            portal: format!("http://{http}{path}"),
            is_plain: true,
        })
    }

    fn in_words(&self, running: &Running) -> String {
        let how = match self.is_plain {
            true => "Your browser opens".to_owned(),
            false => format!(
                "To look at, in a browser that trusts {}",
                running.ca.display()
            ),
        };
        format!(
            "\nThe server keeps running; Ctrl-C ends it. {how}:\n  \
             console  {console}  (sign in with the token in {token})\n  \
             portal   {portal}  (for the tablet's user, once, within 30 minutes)\n\
             Its log of this run:",
            console = self.console,
            token = running.token_file.display(),
            portal = self.portal,
        )
    }
}
