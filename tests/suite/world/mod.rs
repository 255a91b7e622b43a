//! A world of devices over the real core and the real store, with a network
//! that drops, repeats and reorders, a disk that refuses to write, and a server
//! that falls and gets up. All chance comes from one seed, which is printed:
//! `MODEGATE_SEED=<seed>` plays the same world again, message by message.
//! `MODEGATE_STEPS` makes it longer.

mod client;
mod server;

use client::Client;
use server::Server;

use modegate_server::sync::SyncResponse;

/// Devices of the test's world.
const DEVICES: usize = 200;
/// Steps of it; each is one thing that happens to one device.
const STEPS: usize = 2_500;

/// Chance: SplitMix64, which gives the same row for the same seed everywhere.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }
}

/// What a world came to: equal for equal seeds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    /// A digest over every message and its answer.
    digest: u64,
    queued: usize,
    delivered: usize,
    repeated: usize,
    lost: usize,
    crashes: usize,
    refused: usize,
}

impl Story {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

async fn live(seed: u64, devices: usize, steps: usize) -> Story {
    let mut chance = Chance(seed);
    let mut server = Server::start().await;
    let mut story = Story::default();
    let mut clients: Vec<Client> = (0..devices).map(|n| Client::new(n, &mut chance)).collect();
    for client in &clients {
        server.register(client).await;
    }
    for _ in 0..steps {
        let at = chance.below(devices);
        match chance.below(100) {
            0 => {
                server.fall_and_get_up().await;
                story.crashes += 1;
            }
            1 if !server.broken => server.break_disk(&mut chance),
            1..=4 if server.broken => server.mend_disk(),
            1..=25 => {
                let queued = server.queue(&mut clients[at], &mut chance).await;
                story.queued += usize::from(queued);
            }
            26..=28 => server.cancel(&mut clients[at], &mut chance).await,
            _ => speak(&server, &mut clients[at], &mut chance, &mut story, true).await,
        }
    }
    server.mend_disk();
    // The weather clears: each device comes in Maintenance until it is told nothing more.
    for client in &mut clients {
        client.stale.clear();
        client.forget_session();
        client.calm = true;
        for _ in 0..60 {
            speak(&server, client, &mut chance, &mut story, false).await;
            if client.is_idle() && client.sessions_without_commands > 1 {
                break;
            }
        }
        server.check_ends(client).await;
    }
    server.check_log().await;
    story
}

/// One message of a device, and what the network makes of it.
async fn speak(
    server: &Server,
    client: &mut Client,
    chance: &mut Chance,
    story: &mut Story,
    storm: bool,
) {
    // A message that was delayed comes first, late.
    if storm && !client.stale.is_empty() && chance.percent(30) {
        let at = chance.below(client.stale.len());
        let (query, encoding, bytes) = client.stale.swap_remove(at);
        let answer = server.walk(&query, encoding, &bytes).await;
        client.check_strangers(encoding, &answer);
        story.repeated += 1;
    }
    let (query, encoding, bytes) = client.message(chance);
    story.write(query.as_bytes());
    story.write(&bytes);
    if storm && chance.percent(6) {
        // Lost on the way there; perhaps it comes later.
        if chance.percent(50) {
            client.stale.push((query, encoding, bytes));
        }
        client.nothing_came(chance);
        story.lost += 1;
        return;
    }
    let answer = server.walk(&query, encoding, &bytes).await;
    if server.broken && answer == SyncResponse::Busy {
        // Nothing was made durable, and nothing was sent.
        client.nothing_came(chance);
        story.refused += 1;
        return;
    }
    client.was_taken(&answer);
    if storm && chance.percent(6) {
        // Lost on the way back. The same bytes once more bring the same answer.
        if chance.percent(50) && client.may_repeat() {
            let again = server.walk(&query, encoding, &bytes).await;
            assert_eq!(answer, again, "a retransmission, device {}", client.number);
            story.repeated += 1;
        } else {
            client.nothing_came(chance);
            story.lost += 1;
            return;
        }
    }
    if storm && chance.percent(4) {
        client.stale.push((query, encoding, bytes));
    }
    let SyncResponse::Reply(reply) = answer else {
        panic!("device {}: {answer:?}", client.number)
    };
    story.write(&reply);
    story.delivered += client.take(encoding, &reply, chance);
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}: expected a whole number, found '{text}'")))
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time is the seed of a new world"
)]
async fn a_world_of_devices_loses_nothing_doubles_nothing_and_leaks_nothing() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let seed = from_environment("MODEGATE_SEED").unwrap_or(now.as_nanos() as u64);
    let steps = from_environment("MODEGATE_STEPS").map_or(STEPS, |steps| steps as usize);
    // Shown where the test fails.
    println!("MODEGATE_SEED={seed}");
    let story = live(seed, DEVICES, steps).await;
    println!("{story:?}");
    assert!(
        story.delivered > 0 && story.lost > 0 && story.repeated > 0 && story.refused > 0,
        "{story:?}"
    );
}

#[tokio::test]
async fn the_same_seed_is_the_same_world() {
    let once = live(7, 12, 300).await;
    assert_eq!(once, live(7, 12, 300).await);
    assert_ne!(once.digest, live(8, 12, 300).await.digest);
}
