//! An input on a loopback socket, and the disk behind it played by a task.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use yagura_server::input::Context;
use yagura_server::input::listener::Listener;
use yagura_server::{Intake, Limits, Parcel, Refused, Sources, clock};

/// What every wait of a test ends with.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The far end of an intake.
pub struct Disk {
    pub context: Context,
    parcels: Arc<Mutex<Vec<Parcel>>>,
}

impl Disk {
    /// One that stores everything, or refuses everything.
    pub fn new(outcome: Result<(), Refused>) -> Self {
        let (intake, mut deliveries) = Intake::new(64 << 20);
        let parcels = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&parcels);
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                if outcome.is_ok() {
                    kept.lock().unwrap().push(delivery.parcel.clone());
                }
                delivery.resolve(outcome.clone(), clock::now());
            }
        });
        let context = Context {
            name: "test".into(),
            intake,
            sources: Sources::new(100),
            limits: Limits::default(),
            stop: CancellationToken::new(),
        };
        Self { context, parcels }
    }

    pub async fn listen(&self) -> Listener {
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(address, None, self.context.clone()).await;
        listener.unwrap()
    }

    /// What a server answers to a client that sends all and then waits; it has ended by then.
    #[allow(dead_code, reason = "not every protocol is served so")]
    pub async fn session<F>(&self, client: &[u8], run: impl FnOnce(Listener) -> F) -> Vec<u8>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = self.listen().await;
        let address = listener.address();
        let server = tokio::spawn(run(listener));
        let answer = talk(address, client).await;
        self.context.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, server).await;
        ended.unwrap().unwrap();
        answer
    }

    /// The bytes of all parcels so far, with the names of their formats.
    pub fn stored(&self) -> String {
        let parcels = self.parcels.lock().unwrap();
        let text = |parcel: &Parcel| {
            let records = String::from_utf8_lossy(&parcel.bytes).into_owned();
            assert_eq!(records.lines().count(), parcel.records as usize);
            records
        };
        parcels.iter().map(text).collect()
    }

    /// The formats of all parcels so far.
    #[allow(dead_code, reason = "not every protocol is asked for it")]
    pub fn formats(&self) -> Vec<&'static str> {
        let parcels = self.parcels.lock().unwrap();
        parcels.iter().map(|parcel| parcel.format.name()).collect()
    }
}

/// Sends all, says that it is all, and reads until the server closes.
pub async fn talk(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    tokio::time::timeout(PATIENCE, talk).await.unwrap()
}
