//! `yagura top`: what a server does, as it does it.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Terminal as Screen};

use super::choices::duration;
use crate::api_client::ApiClient;
use crate::failure::{Exit, Failure};
use crate::standard_output::print;
use crate::top::feed::Feed;
use crate::top::glance::{Glance, History};
use crate::top::screen::{Choice, View, draw};

const EXAMPLES: &str = "\
Examples:
  yagura top
  yagura top --server 10.0.0.5:8080 --interval 5s
  yagura top --once
  yagura top --json | jq .status.engine.events

Keys: 1 to 4 or Tab choose what is shown, the arrows scroll, p pauses, q ends.";

/// The arguments of `yagura top`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TopArgs {
    /// The server's HTTP listener
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    server: String,
    /// What the server's API wants to see
    #[arg(
        long,
        env = "YAGURA_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
    /// How often the server is asked
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// Print one frame as text and end; so without a terminal
    #[arg(long, conflicts_with = "json")]
    once: bool,
    /// Print what the server says as one JSON object and end
    #[arg(long)]
    json: bool,
}

/// A server is not asked more often.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// How soon a key is noticed.
const TICK: Duration = Duration::from_millis(100);
/// The size of a frame that is printed.
const PRINTED: (u16, u16) = (120, 40);

/// Runs the command.
pub fn run(args: &TopArgs) -> Result<Exit, Failure> {
    let api = ApiClient::new(&args.server, args.token.as_deref())?;
    let interval = args.interval.max(INTERVAL_MIN);
    if args.json {
        let glance = Glance::of(&api)?;
        let text = serde_json::to_string(&glance);
        let text = text.map_err(|error| Failure::Output(error.into()))?;
        print(&(text + "\n"))?;
        return Ok(Exit::Success);
    }
    if args.once || !std::io::stdout().is_terminal() {
        print(&once(&api, interval)?)?;
        return Ok(Exit::Success);
    }
    // Before the screen is taken: a server that is not there is told as any other error.
    let first = Glance::of(&api)?;
    let mut terminal = ratatui::try_init().map_err(Failure::Output)?;
    let ended = watch(&mut terminal, first, &Feed::start(api, interval));
    ratatui::restore();
    ended
}

/// Two moments, so that there are rates, on a terminal that is none.
fn once(api: &ApiClient, interval: Duration) -> Result<String, Failure> {
    let mut history = History::default();
    history.add(Glance::of(api)?);
    std::thread::sleep(interval);
    history.add(Glance::of(api)?);
    let (width, height) = PRINTED;
    let Ok(mut screen) = Screen::new(TestBackend::new(width, height));
    let Ok(_) = screen.draw(|frame| draw(frame, &history, &Choice::default()));
    let buffer = screen.backend().buffer();
    let mut text = String::new();
    // The last line tells keys, which nobody can press here.
    for row in 0..height - 1 {
        let mut line = String::new();
        for column in 0..width {
            line.push_str(buffer[(column, row)].symbol());
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn watch(terminal: &mut DefaultTerminal, first: Glance, feed: &Feed) -> Result<Exit, Failure> {
    let mut history = History::default();
    history.add(first);
    let mut choice = Choice::default();
    loop {
        while let Some(asked) = feed.next() {
            match asked {
                Ok(_) if choice.paused => {}
                Ok(glance) => {
                    history.add(glance);
                    choice.trouble = None;
                }
                Err(failure) => choice.trouble = Some(failure.to_string()),
            }
        }
        let drawn = terminal.draw(|frame| draw(frame, &history, &choice));
        drawn.map_err(Failure::Output)?;
        if event::poll(TICK).map_err(Failure::Output)?
            && let Event::Key(key) = event::read().map_err(Failure::Output)?
            && key.kind == KeyEventKind::Press
        {
            let is_interrupt =
                key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
            if is_interrupt || !press(&mut choice, key.code) {
                return Ok(Exit::Success);
            }
        }
    }
}

/// Does what a key says; whether to go on.
fn press(choice: &mut Choice, key: KeyCode) -> bool {
    const PAGE: usize = 10;
    match key {
        KeyCode::Char('q') | KeyCode::Esc => return false,
        KeyCode::Char('p') => choice.paused = !choice.paused,
        KeyCode::Down | KeyCode::Char('j') => choice.scrolled += 1,
        KeyCode::Up | KeyCode::Char('k') => choice.scrolled = choice.scrolled.saturating_sub(1),
        KeyCode::PageDown => choice.scrolled += PAGE,
        KeyCode::PageUp => choice.scrolled = choice.scrolled.saturating_sub(PAGE),
        KeyCode::Home => choice.scrolled = 0,
        KeyCode::Tab => show(choice, place(choice.view) + 1),
        KeyCode::Char(digit @ '1'..='9') => show(choice, digit as usize - '1' as usize),
        _ => {}
    }
    true
}

fn place(view: View) -> usize {
    View::ALL.iter().position(|of| *of == view).unwrap_or(0)
}

/// Shows the view at this place; behind the last comes the first.
fn show(choice: &mut Choice, place: usize) {
    choice.view = View::ALL[place % View::ALL.len()];
    choice.scrolled = 0;
}
