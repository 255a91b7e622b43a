//! The demo's side of the API, over HTTPS like any other caller's.

use reqwest::Method;
use serde_json::Value;

use super::DemoError;
use modegate_server::serve::Running;
use modegate_sim::https_client;

/// A caller of the API.
pub(super) struct Api {
    client: reqwest::Client,
    base: String,
    token: modegate_core::secret::Secret,
    /// The server's CA, PEM.
    pub(super) ca: Vec<u8>,
}

impl Api {
    pub(super) fn new(running: &Running) -> Result<Self, DemoError> {
        let ca = std::fs::read(&running.ca)?;
        let base = format!("https://localhost:{}/api/v1", running.https.port());
        Ok(Api {
            client: https_client(Some(&ca), None)?,
            base,
            token: running.token.clone(),
            ca,
        })
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, DemoError> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, DemoError> {
        self.call(Method::DELETE, path, None).await
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, DemoError> {
        self.call(Method::GET, path, None).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, DemoError> {
        let failed = |error: reqwest::Error| DemoError::Api(error.to_string());
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(self.token.reveal());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let value: Value = answer.json().await.map_err(failed)?;
        if status.is_success() {
            Ok(value)
        } else {
            Err(DemoError::Api(format!("{path}: {status} {value}")))
        }
    }
}
