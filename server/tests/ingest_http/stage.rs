//! An input on a loopback socket, and the disk behind it played by a task.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use yagura_server::input::listener::Listener;
use yagura_server::input::{Context, bulk, hec, ingest, otlp};
use yagura_server::{DropReason, Intake, Limits, Parcel, Refused, Sources, clock};

/// What every wait of a test ends with.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What the disk does with what it gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    Stores,
    Refuses,
}

pub struct Stage {
    pub context: Context,
    pub address: SocketAddr,
    pub server: JoinHandle<()>,
    parcels: Arc<Mutex<Vec<Parcel>>>,
}

pub fn limits() -> Limits {
    Limits {
        batch_bytes: 1 << 20,
        line_bytes: 4096,
        ..Limits::default()
    }
}

/// The router of an input, with its settings in JSON.
pub fn router(input: &str, settings: &str, context: Context) -> Router {
    match input {
        "ingest" => ingest::router(context, serde_json::from_str(settings).unwrap()),
        "bulk" => bulk::router(context, serde_json::from_str(settings).unwrap()),
        "hec" => hec::router(context, serde_json::from_str(settings).unwrap()),
        "otlp" => otlp::router(context, serde_json::from_str(settings).unwrap()),
        other => panic!("no input is called {other}"),
    }
}

impl Stage {
    pub async fn new(input: &str) -> Self {
        Self::with(input, "{}", Disk::Stores, limits()).await
    }

    pub async fn with(input: &str, settings: &str, disk: Disk, limits: Limits) -> Self {
        let (intake, mut deliveries) = Intake::new(4 << 20);
        let parcels = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&parcels);
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                let outcome = match disk {
                    Disk::Stores => {
                        kept.lock().unwrap().push(delivery.parcel.clone());
                        Ok(())
                    }
                    Disk::Refuses => Err(Refused::Failed("no space left".into())),
                };
                delivery.resolve(outcome, clock::now());
            }
        });
        let context = Context {
            name: input.into(),
            intake,
            sources: Sources::new(100),
            limits,
            stop: CancellationToken::new(),
        };
        let loopback = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(loopback, None, context.clone()).await;
        let listener = listener.unwrap();
        let address = listener.address();
        let router = router(input, settings, context.clone());
        let server = tokio::spawn(yagura_server::http::run(listener, router));
        Self {
            context,
            address,
            server,
            parcels,
        }
    }

    /// What is stored so far, parcel by parcel.
    pub fn parcels(&self) -> Vec<Parcel> {
        self.parcels.lock().unwrap().clone()
    }

    /// The bytes of all parcels.
    pub fn stored(&self) -> String {
        let parcels = self.parcels();
        let texts = parcels
            .iter()
            .map(|p| String::from_utf8_lossy(&p.bytes).into_owned());
        texts.collect()
    }

    /// How much was not taken for that reason, whoever sent it.
    pub fn dropped(&self, why: DropReason) -> u64 {
        let sources = self.context.sources.all();
        sources
            .iter()
            .map(|source| source.counters().dropped(why))
            .sum()
    }

    /// Sends bytes and reads until the server closes.
    pub async fn talk(&self, bytes: &[u8]) -> Vec<u8> {
        let talk = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // The server may close before it has read everything.
            let _ = stream.write_all(bytes).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        };
        tokio::time::timeout(PATIENCE, talk).await.unwrap()
    }

    /// Posts a body and returns the status and the body of the answer.
    pub async fn post(&self, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        let answer = self.talk(&[head.as_bytes(), body].concat()).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        (status.unwrap_or(0), body.to_owned())
    }
}
