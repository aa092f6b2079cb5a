//! HTTP requests: one for each finding, in order.

mod signature;
mod template;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use self::signature::sign;
use super::{Format, Output, Queued, Undelivered, Why, tls};
use crate::clock;
use crate::finding::{Finding, State};

pub use template::{Template, TemplateError};

/// A webhook in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebhookSettings {
    /// Where requests (`POST`) go.
    pub url: String,
    /// The body, JSON with `{{field.path}}` of the record in it; without it, the record.
    pub template: Option<String>,
    /// How the record is written where there is no template.
    #[serde(default)]
    pub format: Format,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A file with a token for `Authorization: Bearer`.
    pub token_file: Option<PathBuf>,
    /// A file with the secret that requests are signed with.
    pub secret_file: Option<PathBuf>,
    /// Authorities that may vouch for the receiver, in PEM format; without it, those of the web.
    pub ca_file: Option<PathBuf>,
    /// How long a request may take.
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

fn ten() -> u64 {
    10
}

/// Of an answer, what a reason quotes.
const ANSWER_BYTES_MAX: u64 = 4096;
const QUOTED_CHARS_MAX: usize = 200;

/// See [`WebhookSettings`].
pub struct WebhookOutput {
    agent: Agent,
    url: String,
    body: Body,
    headers: Vec<(HeaderName, HeaderValue)>,
    secret: Option<Vec<u8>>,
}

enum Body {
    Template(Template),
    Format(Format),
}

impl WebhookOutput {
    /// Checks the settings and reads the files that they name.
    pub fn new(settings: &WebhookSettings, folder: &Path) -> Result<Self, String> {
        if !settings.url.starts_with("http://") && !settings.url.starts_with("https://") {
            return Err(format!(
                "url {:?} begins with neither http:// nor https://",
                settings.url
            ));
        }
        let body = match &settings.template {
            None => Body::Format(settings.format),
            Some(template) => {
                Body::Template(Template::parse(template).map_err(|error| error.to_string())?)
            }
        };
        let secret = settings.secret_file.as_ref();
        let secret = secret.map(|path| read_secret(&folder.join(path)));
        Ok(Self {
            agent: agent(settings, folder)?,
            url: settings.url.clone(),
            body,
            headers: headers(settings, folder)?,
            secret: secret.transpose()?.map(String::into_bytes),
        })
    }

    fn body(&self, finding: &Finding) -> Result<Vec<u8>, Undelivered> {
        match &self.body {
            Body::Format(format) => Ok(format.write(finding, 0)?.into_owned()),
            Body::Template(template) => serde_json::from_slice(&finding.json)
                .map(|record| template.fill(&record).into_bytes())
                .map_err(|error| {
                    Undelivered::refused(0, format!("the record is no JSON: {error}"))
                }),
        }
    }

    fn post(&self, finding: &Finding) -> Result<(), Undelivered> {
        let body = self.body(finding)?;
        let mut request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("idempotency-key", idempotency_key(finding));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(secret) = &self.secret {
            let timestamp = clock::now().0 / 1_000_000_000;
            request = request
                .header("x-yagura-timestamp", timestamp.to_string())
                .header("x-yagura-signature", sign(secret, timestamp, &body));
        }
        match request.send(&body[..]) {
            Ok(answer) => judge(answer),
            Err(error) => Err(Undelivered::later(
                0,
                format!("cannot post to the webhook: {error}"),
            )),
        }
    }
}

impl Output for WebhookOutput {
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered> {
        let began = std::time::Instant::now();
        for (at, queued) in batch.iter().enumerate() {
            let posted = self.post(&queued.finding);
            posted.map_err(|undelivered| Undelivered {
                delivered: at,
                ..undelivered
            })?;
            // The rest comes again at once, as a new batch, and a stop is seen between the two.
            let is_last = at + 1 == batch.len();
            if began.elapsed() > Duration::from_secs(1) && !is_last {
                return Err(Undelivered {
                    delivered: at + 1,
                    why: Why::Paused,
                });
            }
        }
        Ok(())
    }
}

fn agent(settings: &WebhookSettings, folder: &Path) -> Result<Agent, String> {
    let timeout = Duration::from_secs(settings.timeout_seconds.clamp(1, 30));
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        // A redirection would take records, tokens and signatures where nobody meant them to go.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .timeout_connect(Some(timeout.min(Duration::from_secs(5))))
        .user_agent(concat!("yagura/", env!("CARGO_PKG_VERSION")));
    if let Some(ca_file) = &settings.ca_file {
        let certificates = tls::certificates(&folder.join(ca_file))?;
        let certificates: Vec<_> = certificates
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        let roots = RootCerts::new_with_certs(&certificates);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    Ok(config.build().new_agent())
}

fn headers(
    settings: &WebhookSettings,
    folder: &Path,
) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut headers = Vec::new();
    for (name, value) in &settings.headers {
        let (Ok(name), Ok(value)) = (name.parse(), value.parse()) else {
            return Err(format!("header {name:?} cannot have that name or value"));
        };
        headers.push((name, value));
    }
    if let Some(path) = &settings.token_file {
        let path = folder.join(path);
        let token = read_secret(&path)?;
        let mut value: HeaderValue = format!("Bearer {token}")
            .parse()
            .map_err(|_| format!("{} holds no token", path.display()))?;
        value.set_sensitive(true);
        headers.push((HeaderName::from_static("authorization"), value));
    }
    Ok(headers)
}

fn read_secret(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    Ok(secret.to_owned())
}

/// The same for every repetition of a record, and another for each state of it.
fn idempotency_key(finding: &Finding) -> String {
    let state = match finding.state {
        None => "once",
        Some(State::Open) => "open",
        Some(State::Update) => "update",
        Some(State::Closed) => "closed",
    };
    format!("{:032x}-{state}-{}", finding.id, finding.time.0)
}

fn judge(mut answer: Response<ureq::Body>) -> Result<(), Undelivered> {
    let status = answer.status();
    if status.is_success() {
        // Read to its end, the connection can be used again.
        let _ = answer
            .body_mut()
            .with_config()
            .limit(64 << 10)
            .read_to_vec();
        return Ok(());
    }
    let said = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    let said = said.lossy_utf8(true).read_to_string().unwrap_or_default();
    let said: String = said
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(QUOTED_CHARS_MAX)
        .collect();
    let reason = format!("the webhook answered {status}: {said}");
    if status.is_redirection() {
        let reason = format!("{reason}; redirections are not followed: correct the url");
        return Err(Undelivered::later(0, reason));
    }
    // 408: it had no time for the request, not nothing to do with it.
    if matches!(status.as_u16(), 408 | 429) || status.is_server_error() {
        let after = answer.headers().get("retry-after");
        let after = after.and_then(|after| after.to_str().ok()?.trim().parse().ok());
        let after = after.map(Duration::from_secs);
        return Err(Undelivered {
            delivered: 0,
            why: Why::Later { reason, after },
        });
    }
    Err(Undelivered::refused(0, reason))
}
