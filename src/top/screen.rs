//! How it looks.

use std::cmp::Reverse;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Sparkline, Table};
use serde_json::Value;

use super::glance::{Glance, History};
use crate::render::escape::visible;
use crate::render::quantity::{compact, grouped};

/// What is shown below the rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Something of everything.
    #[default]
    All,
    /// Who sends.
    Sources,
    /// What rules cost.
    Rules,
    /// What was found.
    Incidents,
}

impl View {
    /// In the order of their keys, from 1.
    pub const ALL: [Self; 4] = [Self::All, Self::Sources, Self::Rules, Self::Incidents];

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Sources => "sources",
            Self::Rules => "rules",
            Self::Incidents => "incidents",
        }
    }
}

/// What the person at the keyboard chose, and what went wrong.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What is shown.
    pub view: View,
    /// Rows that are above what is shown.
    pub scrolled: usize,
    /// Whether what is shown stays.
    pub paused: bool,
    /// Why the server does not answer.
    pub trouble: Option<String>,
}

/// Draws all.
pub fn draw(frame: &mut Frame<'_>, history: &History, choice: &Choice) {
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(6),
        Constraint::Min(3),
        Constraint::Length(1),
    ]);
    let [head, rates, body, foot] = areas.areas(frame.area());
    frame.render_widget(Paragraph::new(header(history, choice)), head);
    frame.render_widget(Paragraph::new(footer(choice)), foot);
    let Some(now) = history.latest() else {
        return;
    };
    draw_rates(frame, rates, history, now);
    match choice.view {
        View::All => draw_some(frame, body, now, choice),
        View::Sources => sources(frame, body, now, choice.scrolled),
        View::Rules => rules(frame, body, now, choice.scrolled),
        View::Incidents => incidents(frame, body, now, choice.scrolled),
    }
}

fn draw_some(frame: &mut Frame<'_>, area: Rect, now: &Glance, choice: &Choice) {
    let halves = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]);
    let [above, below] = halves.areas(area);
    let columns = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]);
    let [left, right] = columns.areas(above);
    sources(frame, left, now, 0);
    outputs(frame, right, now);
    let [left, right] = columns.areas(below);
    incidents(frame, left, now, choice.scrolled);
    rules(frame, right, now, 0);
}

fn header(history: &History, choice: &Choice) -> Line<'static> {
    let title = Style::default().add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled("yagura", title)];
    if let Some(now) = history.latest() {
        let version = now.status["version"].as_str().unwrap_or("?");
        let started = now.status["started"].as_str().unwrap_or("?");
        let started = started.split('.').next().unwrap_or(started);
        spans.push(Span::raw(
            visible(&format!(
                " {version} since {started}, {} rules",
                now.count("/engine/rules/detections")
            ))
            .into_owned(),
        ));
        if let Some(trouble) = now.status.pointer("/spool/trouble").and_then(Value::as_str) {
            spans.push(alarm(&format!("  not accepting: {trouble}")));
        }
    }
    if let Some(trouble) = &choice.trouble {
        spans.push(alarm(&format!("  {trouble}")));
    }
    Line::from(spans)
}

fn alarm(text: &str) -> Span<'static> {
    let style = Style::default().fg(Color::Red).add_modifier(Modifier::BOLD);
    Span::styled(visible(text).into_owned(), style)
}

fn footer(choice: &Choice) -> Line<'static> {
    let mut spans = Vec::new();
    for (key, view) in (1..).zip(View::ALL) {
        let style = if view == choice.view {
            Style::default().add_modifier(Modifier::REVERSED)
        } else {
            Style::default()
        };
        spans.push(Span::styled(format!(" {key} {} ", view.name()), style));
    }
    let pause = if choice.paused { "p go on" } else { "p pause" };
    spans.push(Span::raw(format!("  ↑↓ scroll  {pause}  q quit")));
    Line::from(spans)
}

fn draw_rates(frame: &mut Frame<'_>, area: Rect, history: &History, now: &Glance) {
    let columns = Layout::horizontal([Constraint::Length(54), Constraint::Min(10)]);
    let [left, right] = columns.areas(area);
    let a_second = |of: fn(&Glance) -> u64| grouped(history.rate(of));
    let dropped = |glance: &Glance| glance.sources.iter().map(Glance::dropped).sum();
    let backlog = now
        .count("/spool/durable")
        .saturating_sub(now.count("/engine/position"));
    let found = |kind: &str| grouped(now.count(&format!("/engine/found/{kind}")));
    let lines = [
        format!(
            "received  {:>11}/s   not taken {:>8}/s",
            a_second(|glance| glance.of_sources("received")),
            a_second(dropped),
        ),
        format!(
            "analysed  {:>11}/s   matches {:>10}/s",
            a_second(|glance| glance.count("/engine/events")),
            a_second(|glance| glance.count("/engine/matches")),
        ),
        format!(
            "found     {} detections, {} alerts, {} incidents",
            found("detections"),
            found("alerts"),
            found("incidents"),
        ),
        format!(
            "spool     {} of {}, {} to be read",
            bytes(now.count("/spool/used_bytes")),
            bytes(now.count("/spool/limit_bytes")),
            bytes(backlog),
        ),
        format!(
            "state     {} keys, {}; latency {} ms",
            grouped(now.count("/engine/keys")),
            bytes(now.count("/engine/state_bytes")),
            now.count("/engine/latency_ms"),
        ),
    ];
    let lines: Vec<Line<'_>> = lines.into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(lines), left);
    let rates = history.rates(|glance| glance.count("/engine/events"));
    let shown = rates.len().saturating_sub(usize::from(right.width));
    let chart = Sparkline::default()
        .block(Block::default().title("events/s analysed"))
        .data(rates.get(shown..).unwrap_or_default());
    frame.render_widget(chart, right);
}

fn sources(frame: &mut Frame<'_>, area: Rect, now: &Glance, scrolled: usize) {
    let mut all: Vec<&Value> = now.sources.iter().collect();
    all.sort_by_key(|of| Reverse(of["received"].as_u64()));
    let rows = all.into_iter().map(|of| {
        let count = |key: &str| figure(of[key].as_u64());
        let row = Row::new([
            text(&of["name"]),
            count("received"),
            figure(Some(Glance::dropped(of))),
            count("unparsed"),
            count("open"),
        ]);
        let is_troubled = Glance::dropped(of) > 0;
        row.style(Style::default().fg(if is_troubled {
            Color::Yellow
        } else {
            Color::Reset
        }))
    });
    let header = ["source", "received", "not taken", "unparsed", "open"];
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(10),
        Constraint::Length(10),
        Constraint::Length(9),
        Constraint::Length(6),
    ];
    table(frame, area, "sources", header, widths, rows.skip(scrolled));
}

fn outputs(frame: &mut Frame<'_>, area: Rect, now: &Glance) {
    let all = now.status["outputs"].as_array().into_iter().flatten();
    let rows = all.map(|of| {
        let is_troubled = of["reason"].is_string() || of["dead"].as_u64() > Some(0);
        let row = Row::new([
            text(&of["name"]),
            figure(of["delivered"].as_u64()),
            Cell::from(bytes(of["lag_bytes"].as_u64().unwrap_or(0))),
            figure(of["retried"].as_u64()),
            figure(of["dead"].as_u64()),
        ]);
        row.style(Style::default().fg(if is_troubled {
            Color::Red
        } else {
            Color::Reset
        }))
    });
    let header = ["output", "delivered", "queue", "retried", "dead"];
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(10),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(6),
    ];
    table(frame, area, "outputs", header, widths, rows);
}

fn rules(frame: &mut Frame<'_>, area: Rect, now: &Glance, scrolled: usize) {
    let mut all: Vec<&Value> = now.rules.iter().collect();
    all.retain(|rule| rule["kind"] == "detection");
    let key = |rule: &&Value| Reverse((rule["cost_ns"].as_u64(), rule["matches"].as_u64()));
    all.sort_by_key(key);
    let rows = all.into_iter().map(|rule| {
        let cost = rule["cost_ns"].as_u64();
        let cost = cost.map_or_else(
            || "-".to_owned(),
            |ns| format!("{}.{:03}", ns / 1000, ns % 1000),
        );
        Row::new([
            text(&rule["title"]),
            Cell::from(cost),
            figure(rule["matches"].as_u64()),
        ])
    });
    let header = ["rule", "ns/event", "matches"];
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(10),
        Constraint::Length(9),
    ];
    table(
        frame,
        area,
        "costliest rules",
        header,
        widths,
        rows.skip(scrolled),
    );
}

fn incidents(frame: &mut Frame<'_>, area: Rect, now: &Glance, scrolled: usize) {
    let rows = now.incidents.iter().map(|of| {
        let hosts = of.pointer("/entities/host").and_then(Value::as_array);
        let hosts: Vec<&str> = hosts
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let last = of["last"].as_str().unwrap_or_default();
        let last = last.get(5..19).unwrap_or(last).replace('T', " ");
        Row::new([
            figure(of["risk"].as_u64()),
            text(&of["state"]),
            Cell::from(visible(&last).into_owned()),
            text(&of["title"]),
            Cell::from(visible(&hosts.join(", ")).into_owned()),
        ])
    });
    let header = ["risk", "state", "last", "incident", "hosts"];
    let widths = [
        Constraint::Length(6),
        Constraint::Length(7),
        Constraint::Length(15),
        Constraint::Fill(3),
        Constraint::Fill(2),
    ];
    table(
        frame,
        area,
        "incidents",
        header,
        widths,
        rows.skip(scrolled),
    );
}

fn table<'a, const N: usize>(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &'static str,
    header: [&'static str; N],
    widths: [Constraint; N],
    rows: impl Iterator<Item = Row<'a>>,
) {
    let rows = rows.take(usize::from(area.height));
    let header = Row::new(header).style(Style::default().add_modifier(Modifier::DIM));
    let block = Block::default().borders(Borders::TOP).title(title);
    let table = Table::new(rows, widths).header(header).block(block);
    frame.render_widget(table, area);
}

/// A text of the server's, which may hold what a log held.
fn text(of: &Value) -> Cell<'static> {
    Cell::from(visible(of.as_str().unwrap_or("-")).into_owned())
}

#[expect(clippy::cast_precision_loss, reason = "three digits for people")]
fn figure(of: Option<u64>) -> Cell<'static> {
    match of {
        None => Cell::from("-"),
        Some(count @ 0..100_000) => Cell::from(grouped(count)),
        Some(count) => Cell::from(compact(count as f64)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits for people")]
fn bytes(count: u64) -> String {
    format!("{}B", compact(count as f64))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::glance::History;
    use super::super::glance::tests::glance;
    use super::{Choice, View, draw};

    fn drawn(choice: &Choice, history: &History, size: (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal");
        let drawn = terminal.draw(|frame| draw(frame, history, choice));
        drawn.expect("drawn");
        terminal.backend().to_string()
    }

    fn history() -> History {
        let begun = Instant::now();
        let mut history = History::default();
        for (second, events) in [(0, 0), (1, 20_000), (2, 150_000), (3, 200_000)] {
            let at = begun + Duration::from_secs(second);
            history.add(glance("2026-03-02T07:00:00.123Z", events, at));
        }
        history
    }

    #[test]
    fn shows_something_of_everything() {
        insta::assert_snapshot!(drawn(&Choice::default(), &history(), (120, 24)));
    }

    #[test]
    fn shows_rules_by_what_they_cost() {
        let choice = Choice {
            view: View::Rules,
            scrolled: 1,
            paused: true,
            trouble: Some("127.0.0.1:8080: connection refused".to_owned()),
        };
        insta::assert_snapshot!(drawn(&choice, &history(), (80, 14)));
    }

    #[test]
    fn any_size_is_drawn() {
        for size in [(1, 1), (5, 3), (20, 9), (300, 2)] {
            for view in View::ALL {
                let choice = Choice {
                    view,
                    scrolled: 1000,
                    ..Choice::default()
                };
                drawn(&choice, &history(), size);
                drawn(&choice, &History::default(), size);
            }
        }
    }
}
