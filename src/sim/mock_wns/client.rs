//! A mock in another process, as simulated tablets use it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::control::Count;
use super::state::describe;
use crate::tablet::Tablet;
use crate::transport::{SimError, https_client};

/// How much longer than the mock the client waits.
const GRACE: Duration = Duration::from_secs(10);

/// A mock in another process: `modegate mock-wns`.
#[derive(Debug, Clone)]
pub struct MockClient {
    http: reqwest::Client,
    /// `http://HOST:PORT`.
    base: String,
    wait: Duration,
    /// How many notifications each tablet has seen.
    seen: Arc<Mutex<HashMap<String, u64>>>,
}

impl MockClient {
    /// Makes sure that a mock is there. `wait` is how long a tablet waits for a notification.
    ///
    /// # Errors
    /// None is there.
    pub async fn connect(url: &str, wait: Duration) -> Result<Self, SimError> {
        let client = MockClient {
            http: https_client(None, None)?,
            base: url.trim_end_matches('/').to_owned(),
            wait,
            seen: Arc::default(),
        };
        client.count("", 0, Duration::ZERO).await?;
        Ok(client)
    }

    /// The tablet's channels lead to this mock.
    pub(crate) fn serve_channels_of(&self, tablet: &mut Tablet) {
        let (base, device) = (self.base.clone(), tablet.source.clone());
        tablet.registers_with(move |pfn| format!("{base}{}", describe(pfn, &device)));
    }

    /// Waits until a notification for the tablet has come that it has not seen.
    pub(crate) async fn wait_for_push(&self, tablet: &Tablet) -> Result<(), SimError> {
        let seen = |map: &mut HashMap<String, u64>| map.get(&tablet.source).copied().unwrap_or(0);
        let after = seen(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let count = self.count(&tablet.source, after, self.wait).await?;
        if count <= after {
            return Err(SimError::NoPush(self.wait.as_secs()));
        }
        let mut map = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(tablet.source.clone(), count);
        Ok(())
    }

    async fn count(&self, device: &str, after: u64, wait: Duration) -> Result<u64, SimError> {
        let failed = |why: String| SimError::Wns(self.base.clone(), why);
        let query = [
            ("device", device.to_owned()),
            ("after", after.to_string()),
            ("wait_ms", wait.as_millis().to_string()),
        ];
        let query =
            serde_urlencoded::to_string(query).map_err(|error| failed(error.to_string()))?;
        let request = self
            .http
            .get(format!("{}/mock/received/count?{query}", self.base))
            .timeout(wait + GRACE);
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Err(failed(format!("HTTP {}", answer.status().as_u16())));
        }
        let body = answer.bytes().await?;
        let count: Count = serde_json::from_slice(&body)
            .map_err(|error| failed(format!("expected a count in JSON: {error}")))?;
        Ok(count.count)
    }
}
