//! How the parts of a builder are written and read.

use yagura_rules::Level;

use super::SnapshotError;
use super::bytes::{Read, Reader, Writer};
use crate::incident::claims::{Claim, Claims};
use crate::incident::entities::{Entity, HostRef, Standing};
use crate::incident::keyed_list::{Keyed, KeyedList};
use crate::incident::rule_facts::RuleFacts;
use crate::incident::sightings::{Sighting, Sightings};
use crate::incident::state::{Incident, Listed, Phase, Recorded, RuleTally, Sum};
use crate::incident::tactic::Tactic;
use crate::incident::timeline::{Row, SAMPLES, StageTally};

pub(super) fn write_facts(out: &mut Writer, facts: &RuleFacts) {
    out.bytes(facts.title.as_bytes());
    out.option(facts.id.as_deref(), |out, id| out.bytes(id.as_bytes()));
    out.bytes(facts.level.name().as_bytes());
    out.list(facts.tactics.iter(), |out, tactic| {
        out.0.push(tactic.place());
    });
    out.list(facts.techniques.iter(), |out, name| {
        out.bytes(name.as_bytes());
    });
}

pub(super) fn read_facts(input: &mut Reader<'_>) -> Read<RuleFacts> {
    Ok(RuleFacts {
        title: input.text()?.into(),
        id: input.option(|input| Ok(input.text()?.into()))?,
        level: Level::from_name(input.text()?).ok_or(SnapshotError::Malformed)?,
        tactics: input.list(read_tactic)?.into(),
        techniques: input.list(|input| Ok(input.text()?.into()))?.into(),
    })
}

fn read_tactic(input: &mut Reader<'_>) -> Read<Tactic> {
    Tactic::from_place(input.byte()?).ok_or(SnapshotError::Malformed)
}

fn write_host(out: &mut Writer, host: HostRef) {
    out.number(host.id.into());
    out.number(host.generation.into());
}

fn read_host(input: &mut Reader<'_>) -> Read<HostRef> {
    Ok(HostRef {
        id: input.place()?,
        generation: input.place()?,
    })
}

pub(super) fn write_entity(out: &mut Writer, entity: &Entity) {
    out.0.push(entity.kind);
    out.flag(entity.standing == Standing::Ignored);
    out.flag(entity.bereft);
    out.number(entity.generation.into());
    out.bytes(&entity.folded);
    out.option(entity.written.as_deref(), Writer::bytes);
    out.time(entity.last_seen);
    out.number(entity.counted);
    out.number(entity.sighted.into());
    out.option(entity.incident, |out, place| out.number(place.into()));
    let claims: Vec<Claim> = entity.claims.all().collect();
    out.list(claims.iter(), |out, claim| {
        write_host(out, claim.host);
        out.time(claim.time);
    });
    out.list(entity.sightings.0.iter(), |out, sighting| {
        write_host(out, sighting.host);
        out.time(sighting.time);
    });
}

/// Who holds it and whether it is queued is found out from the rest.
pub(super) fn read_entity(input: &mut Reader<'_>) -> Read<Entity> {
    Ok(Entity {
        kind: input.byte()?,
        standing: if input.flag()? {
            Standing::Ignored
        } else {
            Standing::Joins
        },
        bereft: input.flag()?,
        generation: input.place()?,
        folded: input.bytes()?.into(),
        written: input.option(|input| Ok(input.bytes()?.into()))?,
        last_seen: input.time()?,
        counted: input.number()?,
        sighted: input.place()?,
        incident: input.option(Reader::place)?,
        holds: 0,
        queued: false,
        claims: Claims::from_all(&input.list(|input| {
            let host = read_host(input)?;
            let time = input.time()?;
            Ok(Claim { host, time })
        })?),
        sightings: Sightings(input.list(|input| {
            let host = read_host(input)?;
            let time = input.time()?;
            Ok(Sighting { time, host })
        })?),
    })
}

pub(super) fn write_incident(out: &mut Writer, incident: &Incident) {
    out.number(incident.order);
    out.wide(incident.id);
    out.flag(incident.phase == Phase::Shown);
    out.time(incident.first);
    out.time(incident.last);
    out.float(incident.risk);
    out.list(incident.rules.items().iter(), write_tally);
    out.list(incident.tactics.iter(), |out, (tactic, first)| {
        out.0.push(tactic.place());
        out.time(*first);
    });
    out.bytes(&incident.kinds);
    out.list(incident.entities.items().iter(), |out, listed| {
        out.number(listed.entity.into());
        out.time(listed.first);
        out.time(listed.last);
        out.number(listed.count);
    });
    out.list(incident.rows.items().iter(), write_row);
    out.flag(incident.partial);
    out.flag(incident.noteworthy);
    out.time(incident.recorded.time);
    out.float(incident.recorded.risk);
    out.number(incident.recorded.entities);
    out.number(incident.fresh_entities);
    out.time(incident.end_due);
    out.option(incident.update_due, Writer::time);
}

/// `rule`: the index that a rule has now.
pub(super) fn read_incident(input: &mut Reader<'_>, rules: &[u32]) -> Read<Incident> {
    Ok(Incident {
        order: input.number()?,
        id: input.wide()?,
        phase: if input.flag()? {
            Phase::Shown
        } else {
            Phase::Candidate
        },
        first: input.time()?,
        last: input.time()?,
        risk: input.float()?,
        rules: keyed(input.list(|input| read_tally(input, rules))?)?,
        tactics: input.list(|input| {
            let tactic = read_tactic(input)?;
            Ok((tactic, input.time()?))
        })?,
        kinds: input.bytes()?.to_vec(),
        entities: keyed(input.list(|input| {
            Ok(Listed {
                entity: input.place()?,
                first: input.time()?,
                last: input.time()?,
                count: input.number()?,
            })
        })?)?,
        rows: keyed(input.list(|input| read_row(input, rules))?)?,
        partial: input.flag()?,
        noteworthy: input.flag()?,
        recorded: Recorded {
            time: input.time()?,
            risk: input.float()?,
            entities: input.counter()?,
        },
        fresh_entities: input.counter()?,
        end_due: input.time()?,
        update_due: input.option(Reader::time)?,
    })
}

fn keyed<T: Keyed>(items: Vec<T>) -> Read<KeyedList<T>> {
    let mut list = KeyedList::default();
    for item in items {
        if list.get_mut(item.key()).is_some() {
            return Err(SnapshotError::Malformed);
        }
        list.push(item);
    }
    Ok(list)
}

fn read_rule(input: &mut Reader<'_>, rules: &[u32]) -> Read<u32> {
    let written = input.place()?;
    let now = rules.get(written as usize).copied();
    now.ok_or(SnapshotError::Malformed)
}

fn write_tally(out: &mut Writer, tally: &RuleTally) {
    out.number(tally.rule.into());
    out.number(tally.count);
    out.time(tally.first);
    out.float(tally.risk);
    out.number(tally.summarised.rows);
    out.number(tally.summarised.count);
    out.time(tally.summarised.first);
    out.time(tally.summarised.last);
}

fn read_tally(input: &mut Reader<'_>, rules: &[u32]) -> Read<RuleTally> {
    Ok(RuleTally {
        rule: read_rule(input, rules)?,
        count: input.number()?,
        first: input.time()?,
        risk: input.float()?,
        summarised: Sum {
            rows: input.number()?,
            count: input.number()?,
            first: input.time()?,
            last: input.time()?,
        },
    })
}

fn write_row(out: &mut Writer, row: &Row) {
    out.number(row.rule.into());
    out.number(row.subject.into());
    out.number(row.count);
    out.time(row.first);
    out.time(row.last);
    out.number(row.touched);
    out.list(row.key.iter(), |out, (name, value)| {
        out.bytes(name.as_bytes());
        out.bytes(value);
    });
    out.list(row.stages.iter(), |out, stage| {
        out.bytes(stage.name.as_bytes());
        out.number(stage.count);
        out.time(stage.first);
        out.time(stage.last);
    });
    out.list(row.samples().iter(), |out, sample| out.number(*sample));
}

fn read_row(input: &mut Reader<'_>, rules: &[u32]) -> Read<Row> {
    let mut row = Row {
        rule: read_rule(input, rules)?,
        subject: input.place()?,
        count: input.number()?,
        first: input.time()?,
        last: input.time()?,
        touched: input.number()?,
        key: input
            .list(|input| {
                let name = input.text()?.into();
                Ok((name, input.bytes()?.into()))
            })?
            .into(),
        stages: input.list(|input| {
            Ok(StageTally {
                name: input.text()?.into(),
                count: input.number()?,
                first: input.time()?,
                last: input.time()?,
            })
        })?,
        samples: [0; SAMPLES],
        sample_count: 0,
    };
    row.add_samples(&input.list(Reader::number)?);
    Ok(row)
}
