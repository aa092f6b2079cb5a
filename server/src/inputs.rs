//! Starts the inputs, and ends them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::{InputConfig, InputKind, TlsSetting};
use crate::http;
use crate::input::file::{Position, Positions};
use crate::input::listener::Listener;
use crate::input::syslog_udp::SyslogUdp;
use crate::input::{
    Context, InputError, bulk, file, forward, hec, ingest, lumberjack, otlp, relp, stdin,
    syslog_tcp,
};
use crate::intake::Intake;
use crate::limits::Limits;
use crate::source::Sources;

/// What all inputs share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Where parcels go.
    pub intake: Intake,
    /// Who sends.
    pub sources: Sources,
    /// What is taken at most.
    pub limits: Limits,
    /// Cancelled when inputs have to end.
    pub stop: CancellationToken,
    /// Where positions of followed files are kept.
    pub folder: PathBuf,
}

/// An input that runs.
#[derive(Debug)]
pub struct Running {
    /// Its name.
    pub name: Arc<str>,
    /// The name of its type.
    pub kind: &'static str,
    /// Where it listens.
    pub address: Option<SocketAddr>,
    /// Whether it ends by itself, as standard input does.
    pub ends: bool,
    task: JoinHandle<()>,
}

/// Why an input cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("input {name}: {reason}")]
pub struct StartError {
    /// Its name.
    pub name: Arc<str>,
    /// What is wrong.
    pub reason: String,
    /// Whether its address is taken.
    pub is_taken: bool,
}

/// Starts an input.
///
/// # Errors
/// It cannot begin.
pub async fn start(config: &InputConfig, shared: &Shared) -> Result<Running, StartError> {
    let name = config.name();
    let fail = |reason: String, is_taken| StartError {
        name: config.name(),
        reason,
        is_taken,
    };
    let bind = |error: InputError| {
        let InputError::Bind { error: of, .. } = &error;
        let is_taken = of.kind() == io::ErrorKind::AddrInUse;
        fail(error.to_string(), is_taken)
    };
    let context = shared.context(&name);
    let tls = config.common.tls.as_ref().map(TlsSetting::load);
    let tls = tls.transpose().map_err(|reason| fail(reason, false))?;
    let mut address = config.address();
    let mut listener = None;
    if let (Some(at), false) = (address, matches!(config.kind, InputKind::SyslogUdp(_))) {
        let bound = Listener::bind(at, tls, context.clone())
            .await
            .map_err(bind)?;
        address = Some(bound.address());
        listener = Some(bound);
    }
    let task = match (config.kind.clone(), listener) {
        (InputKind::SyslogTcp(of) | InputKind::SyslogTls(of), Some(listener)) => {
            tokio::spawn(syslog_tcp::run(listener, of))
        }
        (InputKind::Relp(of), Some(listener)) => tokio::spawn(relp::run(listener, of)),
        (InputKind::Beats(of), Some(listener)) => tokio::spawn(lumberjack::run(listener, of)),
        (InputKind::Forward(of), Some(listener)) => tokio::spawn(forward::run(listener, of)),
        (InputKind::Elasticsearch(of), Some(listener)) => {
            tokio::spawn(http::run(listener, bulk::router(context, of)))
        }
        (InputKind::Hec(of), Some(listener)) => {
            tokio::spawn(http::run(listener, hec::router(context, of)))
        }
        (InputKind::OtlpGrpc(of) | InputKind::OtlpHttp(of), Some(listener)) => {
            tokio::spawn(http::run(listener, otlp::router(context, of)))
        }
        (InputKind::Http(of), Some(listener)) => {
            tokio::spawn(http::run(listener, ingest::router(context, of)))
        }
        (InputKind::SyslogUdp(of), _) => {
            let at = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 5514)));
            let socket = SyslogUdp::bind(at, context).await.map_err(bind)?;
            address = Some(socket.address());
            tokio::spawn(socket.run(of))
        }
        (InputKind::File(of), _) => {
            let path = shared.folder.join(format!("{name}.files.json"));
            let positions = read_positions(&path).map_err(|reason| fail(reason, false))?;
            let stop = shared.stop.clone();
            tokio::spawn(keep(path, positions.clone(), stop));
            tokio::spawn(file::run(context, of, positions))
        }
        (InputKind::Stdin(of), _) => tokio::spawn(async move {
            if let Err(refused) = stdin::run(io::stdin(), context, of).await {
                tracing::error!(%refused, "standard input was not stored to its end");
            }
        }),
        (_, None) => return Err(fail("it has nowhere to listen".to_owned(), false)),
    };
    Ok(Running {
        name,
        kind: config.kind.name(),
        address,
        ends: matches!(config.kind, InputKind::Stdin(_)),
        task,
    })
}

impl Shared {
    /// What one input works with.
    pub fn context(&self, name: &Arc<str>) -> Context {
        Context {
            name: Arc::clone(name),
            intake: self.intake.clone(),
            sources: self.sources.clone(),
            limits: self.limits,
            stop: self.stop.clone(),
        }
    }
}

impl Running {
    /// Waits for its end; it is cut off if that takes longer.
    pub async fn ended(self, within: Duration) {
        let abort = self.task.abort_handle();
        if timeout(within, self.task).await.is_err() {
            tracing::warn!(input = &*self.name, "did not end in time and was cut off");
            abort.abort();
        }
    }

    /// Whether it ended.
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

fn read_positions(path: &Path) -> Result<Positions, String> {
    match fs::read(path) {
        Ok(bytes) => {
            let read: Result<Vec<Position>, _> = serde_json::from_slice(&bytes);
            read.map(Positions::new).map_err(|error| {
                format!(
                    "{} is damaged ({error}); remove it to read all files from their beginning",
                    path.display()
                )
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Positions::default()),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// Stores positions whenever they changed: what they leave behind is durable by then, and what
/// is read again after a crash is better than what is left out.
async fn keep(path: PathBuf, positions: Positions, stop: CancellationToken) {
    let mut stored = positions.all();
    let mut ticks = interval(Duration::from_millis(500));
    loop {
        let stopping = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        if stopping {
            // What is under way when inputs end is durable a moment later.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let now = positions.all();
        if now != stored {
            let written = serde_json::to_vec(&now).map_err(io::Error::from);
            match written.and_then(|bytes| replace(&path, &bytes)) {
                Ok(()) => stored = now,
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "cannot store file positions");
                }
            }
        }
        if stopping {
            return;
        }
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let file = fs::File::create(&new)?;
    io::Write::write_all(&mut &file, bytes)?;
    file.sync_all()?;
    fs::rename(new, path)
}
