//! An actix server that answers 2 KB to everything: what HTTP, or TLS and HTTP,
//! cost without any work behind them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use modegate_server::http::tls::{ServerCertificate, server_config};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// The argument that makes this program the echo.
const SERVE: &str = "--serve-echo";

/// Serves, where this process is to; does not return then.
pub(crate) fn serve_if_told() {
    let mut arguments = std::env::args().skip_while(|argument| argument != SERVE);
    if arguments.next().is_some() {
        serve(arguments.next());
        std::process::exit(0);
    }
}

/// A running echo.
pub(crate) struct Echo {
    child: Child,
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub address: String,
}

impl Echo {
    /// Over plain HTTP.
    pub(crate) fn start() -> Echo {
        Echo::spawn(Command::new(this()).arg(SERVE))
    }

    /// Over TLS as the server in this folder speaks it, with its certificate.
    pub(crate) fn over_tls(dir: &Path) -> Echo {
        Echo::spawn(Command::new(this()).arg(SERVE).arg(dir))
    }

    fn spawn(command: &mut Command) -> Echo {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("an echo");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("a line");
        Echo {
            pid: child.id(),
            child,
            address: line.trim().to_owned(),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn this() -> std::path::PathBuf {
    std::env::current_exe().expect("this program")
}

fn serve(dir: Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("bound"));
    let answer = "x".repeat(2048);
    let server = HttpServer::new(move || {
        let answer = answer.clone();
        App::new().default_service(web::to(move |body: web::Bytes| {
            let answer = answer.clone();
            async move {
                assert!(!body.is_empty());
                HttpResponse::Ok()
                    .content_type("application/vnd.syncml.dm+xml")
                    .body(answer)
            }
        }))
    })
    .tcp_nodelay(true);
    let server = match dir {
        Some(dir) => server.listen_rustls_0_23(listener, tls(Path::new(&dir))),
        None => server.listen(listener),
    };
    actix_web::rt::System::new()
        .block_on(server.expect("listens").run())
        .expect("serves");
}

/// The very configuration of the server's own listener.
fn tls(dir: &Path) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = CertificateDer::pem_file_iter(dir.join("server.pem")).expect("server.pem");
    let chain = chain.map(|one| one.expect("a certificate")).collect();
    let key = PrivateKeyDer::from_pem_file(dir.join("server-key.pem")).expect("its key");
    let key = provider.key_provider.load_private_key(key).expect("a key");
    let certificate = Arc::new(ServerCertificate::new(CertifiedKey::new(chain, key)));
    server_config(provider, certificate).expect("TLS")
}
