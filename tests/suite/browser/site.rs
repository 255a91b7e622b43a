//! A server with a fleet for one file of tests, and what that file is told of it.

use std::process::Command;

use modegate_sim::mock_wns::MockWns;
use serde_json::{Value, json};

use super::contents::Names;
use super::{contents, node};
use crate::harness::Server;
use crate::records::wns_app;

/// The app whose pushes the fleet gets.
pub(super) const PFN: &str = "Contoso.DeviceManagement_8wekyb3d8bbwe";
/// What no page may show.
pub(super) const WNS_SECRET: &str = "wns-secret-that-no-page-shows";

/// A server, the mock of WNS that it pushes through, and the fleet's state.
pub(super) struct Site {
    pub(super) server: Server,
    pub(super) wns: MockWns,
    dir: tempfile::TempDir,
}

impl Site {
    pub(super) async fn new(names: Names) -> Site {
        let wns = MockWns::start().await.unwrap();
        wns.register(wns_app(PFN, WNS_SECRET));
        let arguments = [
            "--accept-unknown-devices",
            "--wns-token-url",
            &wns.token_url(),
            "--wns-host-suffix",
            &wns.host_suffix(),
        ];
        let site = Site {
            server: Server::start_with(&arguments),
            wns,
            dir: tempfile::tempdir().unwrap(),
        };
        let told = contents::fill(&site, names).await;
        site.tell(told);
        site
    }

    /// What Node is given.
    pub(super) fn target(&self) -> node::Target {
        node::Target {
            file: self.dir.path().join("site.json"),
            ca: self.server.dir.join("ca.pem"),
        }
    }

    /// The arguments of `modegate simulate` for the tablets `<prefix>0` and on.
    pub(super) fn simulate(&self, prefix: &str, devices: u32) -> Vec<String> {
        let state = self.dir.path().join("tablets");
        let text = [
            "simulate",
            "--url",
            &format!("{}/sync", self.server.http),
            "--source-prefix",
            prefix,
            "--devices",
            &devices.to_string(),
            "--wns",
            &format!("http://{}", self.wns.host_suffix()),
            "--state",
            state.to_str().unwrap(),
        ];
        text.map(str::to_owned).to_vec()
    }

    /// Lets tablets sync, once for each trigger.
    pub(super) fn sync(&self, prefix: &str, devices: u32, triggers: &[&str]) {
        let mut command: Command = crate::program::program();
        let output = command
            .args(self.simulate(prefix, devices))
            .args(["--sessions", &triggers.len().to_string()])
            .args(["--trigger", &triggers.join(",")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn tell(&self, mut told: Value) {
        let server = &self.server;
        let address = server.http.trim_start_matches("http://");
        let mut serve: Vec<&str> = vec!["serve", "--listen", "127.0.0.1:0"];
        let dir = server.dir.to_str().unwrap();
        serve.extend(["--insecure-http", address, "--data", dir]);
        serve.extend(server.arguments().iter().map(String::as_str));
        let announced = server.announced();
        let web = announced["listening"]["web"].as_str().unwrap();
        let (_, port) = web.rsplit_once(':').unwrap();
        let more = json!({
            "origin": server.http,
            "secure_origin": format!("https://localhost:{port}"),
            "token": server.token,
            "pid": server.pid(),
            "program": env!("CARGO_BIN_EXE_modegate"),
            "serve": serve,
            "simulate": self.simulate(contents::TABLETS, contents::COUNT),
            "pictures": node::directory().join("pictures"),
        });
        told.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        std::fs::write(self.target().file, told.to_string()).unwrap();
    }
}
