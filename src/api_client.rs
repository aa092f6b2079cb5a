//! Asks a server that runs about itself.

use std::fmt::Display;
use std::time::Duration;

use serde_json::Value;

use crate::failure::Failure;

/// No answer takes longer; a server that is busy answers all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server's API.
#[derive(Debug)]
pub struct ApiClient {
    agent: ureq::Agent,
    base: String,
    authorization: Option<String>,
}

impl ApiClient {
    /// Of the server at `HOST:PORT`; nothing is asked yet.
    ///
    /// # Errors
    /// It is no such address.
    pub fn new(server: &str, token: Option<&str>) -> Result<Self, Failure> {
        if server.contains('/') {
            let how = "HOST:PORT of the server's HTTP listener is needed, without http://";
            return Err(trouble(server, &how));
        }
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE));
        Ok(Self {
            agent: config.build().into(),
            base: format!("http://{server}"),
            authorization: token.map(|token| format!("Bearer {token}")),
        })
    }

    /// What a path holds.
    ///
    /// # Errors
    /// The server is not there, or refuses.
    pub fn text(&self, path: &str) -> Result<String, Failure> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = request.call();
        let answer = answer.and_then(|mut answer| answer.body_mut().read_to_string());
        answer.map_err(|error| trouble(&format!("{}{path}", self.base), &error))
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// The server is not there, refuses, or is no yagura.
    pub fn json(&self, path: &str) -> Result<Value, Failure> {
        let text = self.text(path)?;
        serde_json::from_str(&text).map_err(|error| trouble(&self.base, &error))
    }
}

/// What is wrong with a server.
pub fn trouble(of: &str, what: &dyn Display) -> Failure {
    Failure::Server(format!("{of}: {what}"))
}
