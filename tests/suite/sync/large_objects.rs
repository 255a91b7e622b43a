//! Large objects of devices that send none: they are refused, and no piece of them is taken
//! for a value.

use serde_json::json;

use crate::harness::{Server, message, package1};
use crate::syncml::{header_status, status};

#[tokio::test]
async fn a_refused_object_leaves_no_half_value() {
    let server = Server::start();
    for (family, size, code) in [
        ("windows81", "<Meta><Size>8</Size></Meta>", 406),
        ("windows81", "", 406),
        ("windows10", "", 411),
    ] {
        let source = format!("t-{family}-{}", size.len());
        let device = server
            .register(json!({"source": source, "family": family}))
            .await;
        let get = json!({"type": "inventory", "classes": ["Win32_BIOS"], "walk": false});
        let get = server.queue(&device, get).await;
        let first = package1(&source, "1", 1, "user");
        let reply = server.sync("Maintenance", &first).await;
        let sent = &reply.commands[0];
        let piece = |id: u32, data: &str, more: &str| {
            format!(
                "<Results><CmdID>{id}</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Item><Source><LocURI>./cimv2/Win32_BIOS</LocURI></Source>{size}<Data>{data}</Data>{more}</Item></Results>",
                reply.msg_id, sent.cmd_id
            )
        };
        let own = status(2, reply.msg_id, sent.cmd_id, "Get", 200);
        let body = format!(
            "{}{own}{}",
            header_status(reply.msg_id),
            piece(3, "HALF", "<MoreData/>")
        );
        let refused = server
            .sync("Maintenance", &message(&source, "1", 2, &body))
            .await;
        let of_results = refused.statuses.iter().find(|one| one.1 == "Results");
        assert_eq!(of_results.map(|one| one.2), Some(code), "{}", refused.text);
        let body = format!("{}<Final/>", piece(4, "OTHER", ""));
        server
            .sync("Maintenance", &message(&source, "1", 3, &body))
            .await;
        let read = server.get(&format!("/commands/{get}")).await;
        assert_eq!(read["state"], "failed", "{read}");
        assert!(
            read["reason"].as_str().unwrap().contains("in pieces"),
            "{read}"
        );
        let known = server.get(&format!("/devices/{device}/inventory")).await;
        for text in [read.to_string(), known.to_string()] {
            assert!(!text.contains("HALF") && !text.contains("OTHER"), "{text}");
        }
    }
}
