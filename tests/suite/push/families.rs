//! Push on Windows Phone 8.1 and Windows 10, over real sockets: the server, a mock WNS,
//! and a simulated device that keeps the nodes of its DMClient CSP.

use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Transport};
use serde_json::json;

use crate::harness::{Server, push_profile_of};
use crate::push::server_on;
use crate::records::wns_app;
use crate::wait::{DEADLINE, eventually, seen};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const OTHER_PFN: &str = "52314Publisher.Second_t6e9vsyjkrw9w";
const SECRET: &str = "app secret";
/// The ProviderID of the server where nothing else is configured.
const PROVIDER: &str = "MS DM Server";

struct World {
    mock: MockWns,
    server: Server,
    profile: String,
    id: String,
    device: Tablet,
}

impl World {
    async fn new(family: &str) -> World {
        let mock = MockWns::start().await.unwrap();
        for pfn in [PFN, OTHER_PFN] {
            mock.register(wns_app(pfn, SECRET));
        }
        let server = server_on(&mock);
        let profile = server.push_profile(push_profile_of(PFN, SECRET)).await;
        let device = json!({"source": "d", "family": family});
        let id = server.register(device).await;
        let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
        let device = match family {
            "windows10" => Tablet::windows10("d", PROVIDER, transport),
            _ => Tablet::phone("d", PROVIDER, transport),
        };
        World {
            mock,
            server,
            profile,
            id,
            device,
        }
    }

    async fn poll(&mut self) {
        let report = self.device.poll().await.unwrap();
        assert_eq!(report.violations, []);
    }

    fn node(name: &str) -> String {
        format!("./Vendor/MSFT/DMClient/Provider/{PROVIDER}/Push/{name}")
    }

    fn pfn(&self) -> Option<String> {
        self.device.node(&World::node("PFN"))
    }

    /// The device gets a URI of the mock's, and a session reads it.
    async fn gets_uri(&mut self, pfn: &str) {
        let uri = self.mock.mint(pfn, "d");
        self.device.set_node(&World::node("ChannelURI"), &uri);
        self.poll().await;
    }

    /// Queues what cannot wait, and waits until WNS has notified the device so often.
    async fn urgent(&self, kind: &str, notified: usize) -> String {
        let command = json!({"type": kind, "urgent": true});
        let command = self.server.queue(&self.id, command).await;
        let look = async || seen(self.mock.received().len(), |count| *count == notified);
        eventually(DEADLINE, look).await;
        command
    }
}

#[tokio::test]
async fn a_device_is_set_up_and_woken_to_be_locked_and_wiped() {
    let phone = ("windows_phone81", PFN.to_lowercase());
    for (family, expected) in [phone, ("windows10", PFN.to_owned())] {
        let mut world = World::new(family).await;
        world.poll().await;
        assert_eq!(world.pfn(), Some(expected), "{family}");
        world.gets_uri(PFN).await;
        let path = format!("/devices/{}/channel", world.id);
        let channel = world.server.get(&path).await;
        assert_eq!(channel["state"], "active", "{family}: {channel}");

        let lock = world.urgent("remote_lock", 1).await;
        world.poll().await;
        assert_eq!(world.server.state(&lock).await, "succeeded", "{family}");
        let wipe = world.urgent("remote_wipe", 2).await;
        assert_eq!(world.device.wiped(), None);
        world.poll().await;
        assert_eq!(world.server.state(&wipe).await, "succeeded", "{family}");
        assert_eq!(world.device.wiped(), Some("dowipe"), "{family}");
    }
}

#[tokio::test]
async fn another_pfn_of_the_profile_takes_the_place_of_the_first() {
    let mut world = World::new("windows_phone81").await;
    world.poll().await;
    world.gets_uri(PFN).await;
    world.urgent("remote_lock", 1).await;
    world.poll().await;

    let path = format!("/push-profiles/{}", world.profile);
    let other = push_profile_of(OTHER_PFN, SECRET);
    let change = json!({"pfn": other["pfn"], "sid": other["sid"]});
    let (status, changed) = world.server.api("PATCH", &path, Some(change)).await;
    assert_eq!(status, 200, "{changed}");
    world.poll().await;
    assert_eq!(world.pfn(), Some(OTHER_PFN.to_lowercase()));
    world.gets_uri(OTHER_PFN).await;
    world.urgent("remote_lock", 2).await;
    let received = world.mock.received();
    assert_eq!(received[1].pfn.to_lowercase(), OTHER_PFN.to_lowercase());
}
