//! `yagura serve`: logs stream in, incidents come out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use notify::{RecursiveMode, Watcher};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use yagura_server::api;
use yagura_server::config::{Config, InputConfig, OutputConfig, Secret};

use crate::failure::{Exit, Failure};
use crate::serve::{RuleSet, RuleSetting, Server, make_folder};
use crate::standard_output::print_error;
use crate::terminal::{Colour, Terminal};

const EXAMPLES: &str = "\
Examples:
  yagura serve                                 all on loopback, the rules that ship
  yagura serve --rules rules/ --listen syslog-tcp=0.0.0.0:5514 --output file=found.jsonl
  yagura serve -c /etc/yagura/yagura.yml --check
  curl --data-binary @auth.log http://127.0.0.1:8080/ingest
  curl http://127.0.0.1:8080/api/v1/incidents

SIGTERM and SIGINT end it: what was received is stored, evaluated and delivered first.
SIGHUP loads the rules again; those in force stay if the new ones are wrong.

Exit codes:
  0  it was told to end, or --check found nothing wrong
  2  it cannot start, or --check found something wrong";

/// How messages of the server look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The arguments of `yagura serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// The configuration; options below take precedence over it
    #[arg(short, long, value_name = "FILE", env = "YAGURA_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of spool, checkpoints and store [default: yagura-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Rule files and folders; the rules that ship if none are given
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Take a set of rules even if some of them are refused
    #[arg(long)]
    keep_going: bool,
    /// Where to listen, such as `http=127.0.0.1:8080` or `syslog-tcp=0.0.0.0:5514`; only there
    #[arg(long, value_name = "TYPE=ADDRESS:PORT")]
    listen: Vec<String>,
    /// Where findings go besides the store: `stdout`, `file=PATH`, `webhook=URL`
    #[arg(long, value_name = "OUTPUT")]
    output: Vec<String>,
    /// Check configuration and rules, and end
    #[arg(long)]
    check: bool,
    /// How messages look; `YAGURA_LOG` chooses which (as `info` or `yagura_server=debug`)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: LogFormat,
}

/// Runs the command.
pub fn run(args: &ServeArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let config = configure(args).map_err(Failure::Serve)?;
    begin_log(args.log_format, terminal);
    let rules = RuleSet::open(rule_setting(&config));
    let rules = Arc::new(rules.map_err(|error| Failure::Serve(error.to_string()))?);
    if args.check {
        let book = &rules.current().book;
        print_error(&format!(
            "the configuration is sound; {} rules\n",
            book.loaded.rules()
        ));
        return Ok(Exit::Success);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::Serve(error.to_string()))?;
    let served = runtime.block_on(serve(config, rules));
    // What is still read from standard input cannot be waited for.
    runtime.shutdown_timeout(Duration::from_millis(200));
    served.map(|()| Exit::Success).map_err(Failure::Serve)
}

/// The configuration with what the options say.
fn configure(args: &ServeArgs) -> Result<Config, String> {
    let read = args.config.as_deref().map(Config::read).transpose();
    let mut config = read.map_err(|error| error.to_string())?.unwrap_or_default();
    if let Some(folder) = &args.data_dir {
        config.data_dir.clone_from(folder);
    }
    if !args.rules.is_empty() {
        config.rules.clone_from(&args.rules);
    }
    config.keep_going |= args.keep_going;
    if !args.listen.is_empty() {
        let mut inputs = Vec::new();
        config.api.listen = None;
        for text in &args.listen {
            if let Some(address) = text.strip_prefix("http=") {
                let address = address.parse();
                config.api.listen = Some(address.map_err(|_| {
                    format!("`{text}`: no address with a port, such as 127.0.0.1:8080")
                })?);
            } else {
                inputs.push(InputConfig::of_flag(text)?);
            }
        }
        config.inputs = Some(inputs);
    }
    for text in &args.output {
        config.outputs.push(OutputConfig::of_flag(text)?);
    }
    let token = std::env::var("YAGURA_TOKEN")
        .ok()
        .filter(|token| !token.is_empty());
    if let (None, Some(_)) = (&config.api.token, token) {
        config.api.token = Some(Secret::resolve("${YAGURA_TOKEN}")?);
    }
    config.check()?;
    Ok(config)
}

fn rule_setting(config: &Config) -> RuleSetting {
    RuleSetting {
        paths: config.rules.clone(),
        placeholders: config.placeholders.clone(),
        min_level: config.min_level,
        keep_going: config.keep_going,
    }
}

fn begin_log(format: LogFormat, terminal: Terminal) {
    let filter = EnvFilter::try_from_env("YAGURA_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(terminal.err.colour == Colour::On)
        .with_target(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

async fn serve(config: Config, rules: Arc<RuleSet>) -> Result<(), String> {
    make_folder(&config.data_dir).map_err(|error| error.to_string())?;
    let server = Server::start(&config, Arc::clone(&rules)).await;
    let server = server.map_err(|error| error.to_string())?;
    let api = match start_api(&config, &server).await {
        Ok(api) => api,
        Err(reason) => {
            server.end().await;
            return Err(reason);
        }
    };
    for input in server.inputs() {
        let address = input.address.map(|address| address.to_string());
        tracing::info!(input = &*input.name, address, "listening");
    }
    let watcher = watch(&config, &rules);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(rules = rules.current().book.loaded.rules(), "ready");
    until_end(&server, &rules).await;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("ending: what was received is stored, evaluated and delivered first");
    drop(watcher);
    server.end().await;
    if let Some(api) = api {
        api.abort();
    }
    tracing::info!("ended");
    Ok(())
}

async fn start_api(
    config: &Config,
    server: &Server,
) -> Result<Option<tokio::task::JoinHandle<()>>, String> {
    let Some(address) = config.api.listen else {
        return Ok(None);
    };
    if !address.ip().is_loopback() && config.api.token.is_none() {
        return Err(format!(
            "the API at {address} can be reached from other machines: set `api.token`, or \
             YAGURA_TOKEN in the environment, or listen on 127.0.0.1"
        ));
    }
    let tls = config.api.tls.as_ref();
    let tls = tls
        .map(yagura_server::config::TlsSetting::load)
        .transpose()?;
    let context = server.shared.context(&"http".into());
    let bound = api::bind(address, tls, server.api.clone(), context).await;
    let (address, serving) = bound.map_err(|error| error.to_string())?;
    tracing::info!(input = "http", %address, "listening");
    Ok(Some(tokio::spawn(serving)))
}

/// Loads rules again when their files change, a moment after the last change.
fn watch(config: &Config, rules: &Arc<RuleSet>) -> Option<impl Watcher + use<>> {
    if !config.watch_rules || config.rules.is_empty() {
        return None;
    }
    let (sender, changes) = std::sync::mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = sender.send(());
        }
    })
    .inspect_err(|error| tracing::warn!(%error, "changes of rules are not noticed"))
    .ok()?;
    for path in &config.rules {
        if let Err(error) = watcher.watch(path, RecursiveMode::Recursive) {
            tracing::warn!(path = %path.display(), %error, "changes of rules are not noticed");
        }
    }
    let rules = Arc::clone(rules);
    std::thread::spawn(move || {
        while changes.recv().is_ok() {
            while changes.recv_timeout(SETTLE).is_ok() {}
            reload(&rules);
        }
    });
    Some(watcher)
}

/// Editors and package managers write several files in a row.
const SETTLE: Duration = Duration::from_millis(500);

fn reload(rules: &RuleSet) {
    match rules.reload() {
        Ok(now) => {
            let count = now.book.loaded.rules();
            tracing::info!(
                generation = now.generation,
                rules = count,
                "other rules are in force"
            );
        }
        Err(error) => tracing::error!(%error, "the rules are not taken; those before stay"),
    }
}

/// Returns when it is time to end.
async fn until_end(server: &Server, rules: &Arc<RuleSet>) {
    let of = |kind| signal(kind).ok();
    let (mut term, mut int) = (of(SignalKind::terminate()), of(SignalKind::interrupt()));
    let mut hup = of(SignalKind::hangup());
    loop {
        tokio::select! {
            () = next(&mut term) => return,
            () = next(&mut int) => return,
            () = next(&mut hup) => {
                let rules = Arc::clone(rules);
                let _ = tokio::task::spawn_blocking(move || reload(&rules)).await;
            }
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                if server.is_over() {
                    return;
                }
            }
        }
    }
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
