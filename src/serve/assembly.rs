//! Puts the server together, and takes it apart.
//!
//! The order of starting is that of the data backwards: who takes is there before who gives. It
//! ends in the order of the data: inputs first, so that everything behind them can finish.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use yagura_server::api::{Api, Engine, InputReport};
use yagura_server::checkpoint::{self, Store as Checkpoints};
use yagura_server::clock;
use yagura_server::config::{Config, InputConfig, OutputConfig};
use yagura_server::inputs::{self, Running, Shared};
use yagura_server::intake::Intake;
use yagura_server::outbox::{self, Outbox, Subscription};
use yagura_server::output::{self, Filter, Output, OutputStatus, RunningOptions, Status};
use yagura_server::source::Sources;
use yagura_server::spool::{self, Position, Reader, Spool};
use yagura_server::storage::{Disk, Storage};
use yagura_server::storing::{self, Storing};

use super::analysis::{Analysis, Resumed, Setting};
use super::control::Control;
use super::figures::Figures;
use super::keeper::Keeper;
use super::rules::RuleSet;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something of the data folder.
    #[error("{0}")]
    Data(String),
    /// An output.
    #[error(transparent)]
    Output(#[from] output::SetUpError),
    /// An input.
    #[error(transparent)]
    Input(#[from] inputs::StartError),
    /// A thread.
    #[error("the system gives no thread: {0}")]
    Thread(#[from] io::Error),
}

/// A server that runs.
pub struct Server {
    intake: Intake,
    storing: (storing::Handle, JoinHandle<()>),
    analysis: (Arc<AtomicBool>, JoinHandle<()>),
    outputs: Vec<output::Running>,
    inputs: Vec<Running>,
    stop: CancellationToken,
    ready: Arc<AtomicBool>,
    /// What the API works with.
    pub api: Api,
    /// What inputs work with.
    pub shared: Shared,
}

/// How long ending may take, by stage.
const END: Duration = Duration::from_secs(20);

impl Server {
    /// Starts everything but the API.
    pub async fn start(config: &Config, rules: Arc<RuleSet>) -> Result<Self, StartError> {
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let folder = config.data_dir.as_path();
        let (checkpoints, resumed) = open_checkpoints(&storage, folder)?;
        let spool = open_spool(&storage, folder, config, &checkpoints)?;
        let (outbox, outputs, store) = open_outputs(&storage, folder, config, &resumed)?;
        let reader = spool.reader(resumed.position);
        let (intake, deliveries) = Intake::new(config.spool.memory);
        let storing = Storing::start(spool, config.spool.limit, deliveries)?;
        let sources = Sources::new(config.limits.sources);
        let figures = Arc::new(Figures::default());
        let ended = Arc::new(AtomicBool::new(false));
        let analysis = Analysis {
            setting: setting(config),
            rules: Arc::clone(&rules),
            figures: Arc::clone(&figures),
            sources: sources.clone(),
            keeper: Keeper::start(checkpoints)?,
            spool: storing.0.clone(),
            ledger: outbox,
            stop: Arc::clone(&ended),
            noted: 0,
        };
        let thread = start_analysis(analysis, reader, resumed)?;
        let stop = CancellationToken::new();
        let shared = Shared {
            intake: intake.clone(),
            sources: sources.clone(),
            limits: config.limits.into(),
            stop: stop.clone(),
            folder: folder.to_owned(),
        };
        let inputs = start_inputs(config, &shared).await?;
        let ready = Arc::new(AtomicBool::new(true));
        let statuses: Vec<Arc<Status>> = outputs.iter().map(|o| Arc::clone(o.status())).collect();
        let engine: Arc<dyn Engine> = Arc::new(Control { rules, figures });
        let api = Api {
            engine,
            sources,
            spool: storing.0.clone(),
            outputs: Arc::new(move || {
                statuses
                    .iter()
                    .map(|s| s.snapshot())
                    .collect::<Vec<OutputStatus>>()
            }),
            store,
            token: config.api.token.clone(),
            ready: Arc::clone(&ready),
            started: clock::now(),
            inputs: Arc::new(inputs.iter().map(report).collect()),
        };
        Ok(Self {
            intake,
            storing,
            analysis: (ended, thread),
            outputs,
            inputs,
            stop,
            ready,
            api,
            shared,
        })
    }

    /// The inputs.
    pub fn inputs(&self) -> &[Running] {
        &self.inputs
    }

    /// Whether there are inputs that end by themselves, and all of them have.
    pub fn is_over(&self) -> bool {
        let mut ending = self.inputs.iter().filter(|input| input.ends).peekable();
        ending.peek().is_some() && ending.all(Running::is_over)
    }

    /// Ends everything: what was received is stored, what was stored is evaluated, what was
    /// found is delivered, as far as there is time.
    pub async fn end(self) {
        self.ready.store(false, Ordering::Relaxed);
        self.stop.cancel();
        for input in self.inputs {
            input.ended(END).await;
        }
        self.intake.close();
        let (handle, storing) = self.storing;
        handle.stop();
        let (ended, analysis) = self.analysis;
        let outputs = self.outputs;
        let finish = move || {
            if storing.join().is_err() {
                tracing::error!("the thread of the spool ended unexpectedly");
            }
            ended.store(true, Ordering::Relaxed);
            if analysis.join().is_err() {
                tracing::error!("the analysis ended unexpectedly");
            }
            let deadline = Instant::now() + END;
            for output in &outputs {
                output.begin_stop(deadline);
            }
            for output in outputs {
                let name = output.status().snapshot().name;
                if !output.join(deadline) {
                    tracing::warn!(
                        output = name,
                        "did not end in time; it goes on after a start"
                    );
                }
            }
        };
        let _ = tokio::task::spawn_blocking(finish).await;
    }
}

fn report(input: &Running) -> InputReport {
    InputReport {
        name: input.name.to_string(),
        r#type: input.kind.to_owned(),
        address: input.address.map(|address| address.to_string()),
    }
}

fn setting(config: &Config) -> Setting {
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Setting {
        threads: config.threads.unwrap_or(cores),
        lateness: config.lateness,
        max_future: config.max_future,
        idle: config.idle,
        checkpoint: config.checkpoint,
    }
}

fn open_checkpoints(
    storage: &Arc<dyn Storage>,
    folder: &Path,
) -> Result<(Checkpoints, Resumed), StartError> {
    let path = folder.join("checkpoints");
    let options = checkpoint::Options::default();
    let data = |error: checkpoint::OpenError| StartError::Data(error.to_string());
    let (mut store, mut loaded) =
        Checkpoints::open(Arc::clone(storage), &path, options).map_err(data)?;
    loop {
        for rejected in &loaded.rejected {
            tracing::error!(
                ?rejected,
                "a checkpoint cannot be used; an older one is taken"
            );
        }
        if let Some(resumed) = Resumed::of(loaded.newest.as_ref()) {
            return Ok((store, resumed));
        }
        tracing::error!("a checkpoint makes no sense to this version; an older one is taken");
        loaded = store.fall_back().map_err(data)?;
    }
}

fn open_spool(
    storage: &Arc<dyn Storage>,
    folder: &Path,
    config: &Config,
    checkpoints: &Checkpoints,
) -> Result<Spool, StartError> {
    let options = spool::Options {
        segment_bytes: config.spool.segment,
        limit_bytes: config.spool.limit,
        reserve_bytes: config.spool.reserve,
        read_from: checkpoints.newest(),
        begin_after: checkpoints.newest(),
        ..spool::Options::default()
    };
    let opened = Spool::open(Arc::clone(storage), &folder.join("spool"), options);
    let (spool, recovery) = opened.map_err(|error| StartError::Data(error.to_string()))?;
    for damage in &recovery.damaged {
        tracing::error!(%damage, "damage in the spool");
    }
    if recovery.damaged_unlisted > 0 {
        tracing::error!(
            more = recovery.damaged_unlisted,
            "further damage in the spool"
        );
    }
    Ok(spool)
}

type Outputs = (Outbox, Vec<output::Running>, Option<Arc<Path>>);

fn open_outputs(
    storage: &Arc<dyn Storage>,
    folder: &Path,
    config: &Config,
    resumed: &Resumed,
) -> Result<Outputs, StartError> {
    let data = |error: outbox::OutboxError| StartError::Data(error.to_string());
    let mut configs = config.outputs.clone();
    if !configs.iter().any(OutputConfig::is_store) {
        configs.insert(0, OutputConfig::store());
    }
    let kept = folder.join("outputs");
    let mut set_up = Vec::new();
    for config in &configs {
        set_up.push((config.name(), config.0.set_up(folder)?));
    }
    let of_output = |(name, (output, _)): &(&'_ str, (Box<dyn Output>, Filter))| {
        (name.to_string(), output.position())
    };
    let known: Vec<(String, Option<Position>)> = set_up.iter().map(of_output).collect();
    let names: Vec<(&str, Option<Position>)> = known
        .iter()
        .map(|(name, at)| (name.as_str(), *at))
        .collect();
    let options = outbox::Options {
        begin_after: Position::new(resumed.outbox()),
        ..outbox::Options::default()
    };
    let opened = Outbox::open(
        Arc::clone(storage),
        &folder.join("outbox"),
        &kept,
        &names,
        &options,
    );
    let (mut outbox, subscriptions, _) = opened.map_err(data)?;
    outbox
        .begin_replay(Position::new(resumed.outbox()))
        .map_err(data)?;
    let mut running = Vec::new();
    let mut by_name: Vec<Subscription> = subscriptions;
    for (name, (output, filter)) in set_up {
        let at = by_name.iter().position(|of| of.name == name);
        let Some(subscription) = at.map(|at| by_name.swap_remove(at)) else {
            continue;
        };
        let options = RunningOptions::default();
        let started = output::Running::start(subscription, output, filter, &kept, &options)?;
        running.push(started);
    }
    let store = configs.iter().find_map(|config| config.store_path(folder));
    Ok((outbox, running, store.map(Into::into)))
}

fn start_analysis(
    analysis: Analysis<Outbox>,
    reader: Reader,
    resumed: Resumed,
) -> io::Result<JoinHandle<()>> {
    let run = move || analysis.run(reader, resumed);
    thread::Builder::new()
        .name("analysis".to_owned())
        .spawn(run)
}

async fn start_inputs(config: &Config, shared: &Shared) -> Result<Vec<Running>, StartError> {
    let usual = InputConfig::usual();
    let mut running = Vec::new();
    for input in config.inputs.as_ref().unwrap_or(&usual) {
        match inputs::start(input, shared).await {
            Ok(started) => running.push(started),
            // Somebody else's server at a usual port is no reason not to start.
            Err(error) if config.inputs.is_none() && error.is_taken => {
                tracing::warn!(%error, "goes on without this input");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(running)
}

/// The folder of the data, made if it is not there.
pub fn make_folder(path: &Path) -> Result<PathBuf, StartError> {
    let made = std::fs::create_dir_all(path).and_then(|()| path.canonicalize());
    made.map_err(|error| StartError::Data(format!("{} cannot be used: {error}", path.display())))
}
