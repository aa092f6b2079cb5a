use std::collections::BTreeMap;

use yagura_server::spool::{Position, Record};
use yagura_server::storage::simulated::Random;

/// What was appended, and what was promised about it.
#[derive(Debug, Default)]
pub struct Model {
    records: Vec<Appended>,
    by_position: BTreeMap<Position, usize>,
}

#[derive(Debug)]
struct Appended {
    position: Position,
    acknowledged: bool,
}

/// The content of a record follows from its number.
pub fn payload(number: usize) -> Vec<u8> {
    let mut random = Random::new(number as u64);
    let length = match random.below(12) {
        0 => 0,
        1 => 3000 + random.below(3000),
        _ => random.below(300),
    };
    (0..length).map(|_| random.number() as u8).collect()
}

pub fn record(number: usize, payload: &[u8]) -> Record<'_> {
    Record {
        received_ns: -i64::try_from(number).expect("a small number"),
        source: number as u32,
        kind: number as u8,
        format: 7,
        payload,
    }
}

impl Model {
    pub fn next_number(&self) -> usize {
        self.records.len()
    }

    pub fn appended(&mut self, position: Position) -> Result<(), String> {
        let last = self.records.last().map(|last| last.position);
        if last.is_some_and(|last| position <= last) {
            return Err(format!("position {position} was given after {last:?}"));
        }
        self.by_position.insert(position, self.records.len());
        self.records.push(Appended {
            position,
            acknowledged: false,
        });
        Ok(())
    }

    pub fn acknowledged(&mut self, number: usize) {
        self.records[number].acknowledged = true;
    }

    pub fn position(&self, number: usize) -> Position {
        self.records[number].position
    }

    /// Which record was read; it must be exactly one that was appended.
    pub fn number_of(&self, position: Position, read: &Record<'_>) -> Result<usize, String> {
        let Some(&number) = self.by_position.get(&position) else {
            return Err(format!(
                "a record that nobody appended was read at {position}"
            ));
        };
        if *read != record(number, &payload(number)) {
            return Err(format!("record {number} at {position} was altered"));
        }
        Ok(number)
    }

    /// Whether these were processed: all that was acknowledged, once and in order.
    pub fn check(&self, consumed: &[usize]) -> Result<(), String> {
        let mut pairs = consumed.iter().zip(consumed.iter().skip(1));
        if let Some((first, second)) = pairs.find(|(first, second)| first >= second) {
            return Err(format!("processed {second} after {first}"));
        }
        for (number, appended) in self.records.iter().enumerate() {
            if appended.acknowledged && consumed.binary_search(&number).is_err() {
                let position = appended.position;
                return Err(format!(
                    "record {number} at {position} was acknowledged and is lost"
                ));
            }
        }
        Ok(())
    }
}
