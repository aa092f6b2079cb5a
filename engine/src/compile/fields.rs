//! Which fields the parsers have to extract, and where they find them.

use std::sync::Arc;

use hashbrown::HashSet;
use yagura_parsers::fields::{
    CHANNEL, COMPUTER, CORE_NAMES, EVENT_ID, HOSTNAME, PROGRAM, PROVIDER_NAME, TIME,
};
use yagura_parsers::{Extent, FieldId, PairKeys, Projection, ProjectionBuilder, Target};
use yagura_rules::predicate::{Expr, Subject, Test};
use yagura_rules::taxonomy::Rename;
use yagura_rules::{Detection, Taxonomy};

use crate::compile::Routed;
use crate::engine::CompileError;
use crate::facts::{FactFields, Wanted};
use crate::matcher::plan::Source;

/// Needed whatever the rules: what decides the logsource, and the host.
const ALWAYS: [FieldId; 6] = [
    CHANNEL,
    EVENT_ID,
    PROVIDER_NAME,
    PROGRAM,
    COMPUTER,
    HOSTNAME,
];

/// Adds all fields that rules look at, under all their names.
pub(super) fn add(
    builder: &mut ProjectionBuilder,
    rules: &[Arc<Detection>],
    routed: &[Routed],
    wanted: &Wanted,
    taxonomy: &Taxonomy,
) -> Result<(), CompileError> {
    for field in ALWAYS {
        want(builder, CORE_NAMES[field.index()])?;
    }
    if builder.extent() == Extent::Everything {
        want_all_known(builder, taxonomy)?;
    }
    FactFields::request(builder, wanted)?;
    let mut names: HashSet<&str> = HashSet::new();
    for one in routed {
        names.clear();
        // Guards use the names of events.
        if let Some(guard) = &one.route.guard {
            collect(guard, &mut names);
            for name in names.drain() {
                want(builder, name)?;
            }
        }
        for rule in &one.rules {
            collect(&rules[rule.0 as usize].matches, &mut names);
            let carried = wanted.by_rule.get(rule.0 as usize);
            names.extend(carried.into_iter().flatten().map(String::as_str));
        }
        for name in &names {
            match one.route.renames.iter().find(|r| r.field == *name) {
                None => want(builder, name)?,
                Some(rename) => {
                    for source in &rename.sources {
                        want(builder, source)?;
                    }
                }
            }
        }
    }
    add_paths(builder, taxonomy);
    Ok(())
}

/// The fields that a rule's field means on a route.
pub(super) fn sources(names: &ProjectionBuilder, name: &str, renames: &[Rename]) -> Vec<Source> {
    let source = |name: &str, hexadecimal| {
        let field = names.wanted(name)?;
        Some(Source { field, hexadecimal })
    };
    match renames.iter().find(|rename| rename.field == name) {
        Some(rename) => {
            let sources = rename.sources.iter();
            let found = sources.filter_map(|name| source(name, rename.hexadecimal));
            found.collect()
        }
        None => source(name, false).into_iter().collect(),
    }
}

/// A projection that keeps every value under its most usual name.
pub(crate) fn everything(taxonomy: &Taxonomy) -> Result<Projection, CompileError> {
    let mut builder = ProjectionBuilder::new(Extent::Everything);
    want_all_known(&mut builder, taxonomy)?;
    add_paths(&mut builder, taxonomy);
    Ok(builder.build())
}

fn want_all_known(
    builder: &mut ProjectionBuilder,
    taxonomy: &Taxonomy,
) -> Result<(), CompileError> {
    let core = CORE_NAMES.iter().filter(|name| **name != time_name());
    for name in core {
        want(builder, name)?;
    }
    for field in taxonomy.fields() {
        if field.field != time_name() {
            want(builder, &field.field)?;
        }
    }
    Ok(())
}

fn time_name() -> &'static str {
    CORE_NAMES[TIME.index()]
}

fn want(builder: &mut ProjectionBuilder, name: &str) -> Result<(), CompileError> {
    match builder.field(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(CompileError::TooManyFields),
    }
}

/// Adds the other names of the fields asked for, and the shapes of formats.
fn add_paths(builder: &mut ProjectionBuilder, taxonomy: &Taxonomy) {
    for known in taxonomy.fields() {
        let field = if known.field == time_name() {
            Some(TIME)
        } else {
            builder.wanted(&known.field)
        };
        let Some(field) = field else { continue };
        for (rank, path) in (1u8..).zip(&known.paths) {
            builder.path(path, Target { field, rank });
        }
    }
    for path in taxonomy.transparent() {
        builder.transparent(path);
    }
    for pair in taxonomy.pairs() {
        let keys = PairKeys {
            name: pair.name.as_str().into(),
            value: pair.value.as_str().into(),
        };
        builder.pairs(&pair.path, keys);
    }
}

fn collect<'a>(expr: &'a Expr, names: &mut HashSet<&'a str>) {
    match expr {
        Expr::All(parts) | Expr::Any(parts) | Expr::AtLeast(_, parts) => {
            for part in parts {
                collect(part, names);
            }
        }
        Expr::Not(inner) => collect(inner, names),
        Expr::Is(predicate) => {
            if let Subject::Field(name) = &predicate.subject {
                names.insert(name);
            }
            if let Test::Field { other, .. } = &predicate.test {
                names.insert(other);
            }
        }
    }
}
