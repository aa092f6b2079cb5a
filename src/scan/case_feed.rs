//! Matches in order, on their way into the casebook.

use std::sync::Arc;
use std::time::Duration;

use yagura_engine::incident::Limits;
use yagura_engine::{
    CaseMatch, CaseRules, Casebook, Facts, Forgotten, RestoreError, RuleIndex, Sink,
};
use yagura_parsers::Timestamp;

use super::case_match;
use super::rule_book::RuleBook;
use super::worker::Arrangement;
use crate::sort::Record;

/// Leads the matches of a stream to a [`Casebook`], and tells it how far event time has come.
#[derive(Debug)]
pub struct CaseFeed {
    casebook: Casebook,
    arrangement: Arrangement,
    lateness_ns: i64,
    /// Of the match at hand.
    facts: Facts,
    /// The highest event time of the blocks before.
    high_water: Timestamp,
    /// All before it is decided.
    watermark: Timestamp,
}

/// A match as it was read from its record.
#[derive(Clone, Copy, Debug)]
pub struct FedMatch {
    /// The rule, by its index in the engine.
    pub rule: RuleIndex,
    /// Event time.
    pub time: Timestamp,
    detection: usize,
    event: u64,
    in_block: Timestamp,
}

impl CaseFeed {
    /// A feed for a casebook. Matches that come by time wait for nothing.
    pub fn new(casebook: Casebook, arrangement: Arrangement, lateness: Duration) -> Self {
        Self {
            casebook,
            arrangement,
            lateness_ns: lateness_ns(arrangement, lateness),
            facts: Facts::default(),
            high_water: Timestamp::UNKNOWN,
            watermark: Timestamp::UNKNOWN,
        }
    }

    /// Goes on where another stopped.
    pub fn resume(&mut self, high_water: Timestamp, watermark: Timestamp) {
        self.high_water = high_water;
        self.watermark = watermark;
    }

    /// How far event time has come: the highest one, and before which all is decided.
    pub fn progress(&self) -> (Timestamp, Timestamp) {
        (self.high_water, self.watermark)
    }

    /// What is fed.
    pub fn casebook(&self) -> &Casebook {
        &self.casebook
    }

    /// What is fed from now on.
    pub fn replace(&mut self, casebook: Casebook) {
        self.casebook = casebook;
    }

    /// Goes on by other rules (see [`Casebook::exchange`]).
    pub fn exchange(
        &mut self,
        rules: Arc<CaseRules>,
        limits: Limits,
        sink: &mut Sink<'_>,
    ) -> Result<Forgotten, RestoreError> {
        self.casebook.exchange(rules, limits, sink)
    }

    /// Reads the next match; `None` if its rule is not in the book.
    pub fn read(&mut self, book: &RuleBook, record: &Record<'_>) -> Option<FedMatch> {
        let rule = RuleIndex(record.key.rule);
        let in_block = case_match::decode(record.carried, &mut self.facts);
        Some(FedMatch {
            rule,
            time: Timestamp(record.key.time),
            detection: book.detection(rule)?,
            event: case_match::reference(record.key.input, record.key.position),
            in_block,
        })
    }

    /// The facts of the match that was read last.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Feeds the match that was read last, which has a time.
    pub fn push(&mut self, of: FedMatch, sink: &mut Sink<'_>) {
        let high_water = match self.arrangement {
            Arrangement::ByTime => of.time,
            Arrangement::ByArrival => self.high_water.max(of.in_block).max(of.time),
        };
        // Matches that no correlation asks for move time on, too: without this the alerts before
        // them would come behind them, and in which order would depend on the ends of blocks.
        self.advance(high_water, sink);
        let of = CaseMatch {
            detection: of.detection,
            time: of.time,
            // Orders events of one time as they are sorted, and unlike a running number it does
            // not depend on what other rules match, so neither do the ids of alerts.
            sequence: of.event,
            high_water,
            event: of.event,
            facts: &self.facts,
        };
        self.casebook.push(&of, sink);
    }

    /// Takes the end of a block, and the highest event time in it.
    pub fn pause(&mut self, high_water: Timestamp, sink: &mut Sink<'_>) {
        self.high_water = self.high_water.max(high_water);
        if self.high_water != Timestamp::UNKNOWN {
            self.advance(self.high_water, sink);
        }
    }

    /// Says that there are no more matches.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        self.casebook.finish(sink);
    }

    /// Says how far event time has come.
    fn advance(&mut self, high_water: Timestamp, sink: &mut Sink<'_>) {
        let watermark = Timestamp(high_water.0.saturating_sub(self.lateness_ns));
        if watermark > self.watermark {
            self.watermark = watermark;
            self.casebook.advance(watermark, sink);
        }
    }
}

/// How long matches wait for earlier ones. Sorted matches have nothing to wait for.
pub fn lateness_ns(arrangement: Arrangement, lateness: Duration) -> i64 {
    match arrangement {
        Arrangement::ByTime => 0,
        Arrangement::ByArrival => i64::try_from(lateness.as_nanos()).unwrap_or(i64::MAX),
    }
}
