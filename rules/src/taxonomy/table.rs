//! The form of the tables in `rules/taxonomy/*.yml`, and their way into [`Taxonomy`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Entry, FieldPaths, PairPath, Rename, Route, Shape, Taxonomy, TaxonomyError};
use crate::logsource::Logsource;
use crate::selection;

/// Ranks of paths are bytes, and the field's own name takes the first.
const PATHS_MAX: usize = 254;

/// One file. Every section may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    windows: Option<Windows>,
    #[serde(default)]
    logsources: Vec<Row>,
    #[serde(default)]
    transparent: Vec<String>,
    #[serde(default)]
    pairs: Vec<PairPath>,
    #[serde(default)]
    host: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
}

/// The compact section for Windows, where a service is a list of channels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    services: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    service_renames: BTreeMap<String, Renames>,
    categories: BTreeMap<String, Vec<CategoryRoute>>,
    #[serde(default)]
    renames: Renames,
    #[serde(default)]
    providers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryRoute {
    name: String,
    service: String,
    ids: Vec<u32>,
    guard: Option<serde_yaml::Value>,
    #[serde(default)]
    renames: Renames,
}

/// Logsources, one for each combination of the parts, that have the same routes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    product: Option<OneOrMany>,
    category: Option<OneOrMany>,
    service: Option<OneOrMany>,
    routes: Vec<RowRoute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowRoute {
    name: String,
    shapes: Vec<Shape>,
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    ids: Vec<u32>,
    #[serde(default)]
    programs: Vec<String>,
    guard: Option<serde_yaml::Value>,
    #[serde(default)]
    renames: Renames,
}

type Renames = BTreeMap<String, Sources>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Sources {
    Hexadecimal(Hexadecimal),
    Plain(OneOrMany),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hexadecimal {
    hexadecimal: OneOrMany,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn to_vec(&self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.clone()],
            Self::Many(many) => many.clone(),
        }
    }
}

/// Reads one file and adds what it says.
pub(super) fn add(all: &mut Taxonomy, file: &str, text: &str) -> Result<(), TaxonomyError> {
    let meaning = |what| TaxonomyError::Meaning {
        file: file.to_owned(),
        what,
    };
    let table: Table = serde_yaml::from_str(text).map_err(|source| TaxonomyError::Form {
        file: file.to_owned(),
        source,
    })?;
    if let Some(windows) = table.windows {
        add_windows(all, &windows).map_err(meaning)?;
    }
    for row in &table.logsources {
        add_row(all, row).map_err(meaning)?;
    }
    for (field, paths) in table.fields {
        if paths.len() > PATHS_MAX {
            return Err(meaning(format!("{field} has more than {PATHS_MAX} paths")));
        }
        all.fields.push(FieldPaths { field, paths });
    }
    all.transparent.extend(table.transparent);
    all.pairs.extend(table.pairs);
    all.host.extend(table.host);
    Ok(())
}

fn add_windows(all: &mut Taxonomy, table: &Windows) -> Result<(), String> {
    let common = renames(&table.renames);
    let route = |name: &str, service: &str| {
        let channels = (table.services.get(service))
            .ok_or_else(|| format!("{name}: no service is called {service}"))?;
        let mut all_renames = common.clone();
        if let Some(more) = table.service_renames.get(service) {
            all_renames.extend(renames(more));
        }
        Ok::<Route, String>(Route {
            renames: all_renames,
            ..windows_route(name, channels)
        })
    };
    let any = Route {
        renames: common.clone(),
        ..windows_route("any Windows event", &[])
    };
    push(all, logsource("windows", None, None), vec![any])?;
    for service in table.services.keys() {
        let routes = vec![route(service, service)?];
        push(all, logsource("windows", None, Some(service)), routes)?;
    }
    for service in table.service_renames.keys() {
        route("service_renames", service)?;
    }
    for (category, ways) in &table.categories {
        let mut routes = Vec::new();
        for way in ways {
            let mut found = route(&way.name, &way.service)?;
            found.event_ids.clone_from(&way.ids);
            found.guard = read_guard(&way.name, way.guard.as_ref())?;
            found.renames.extend(renames(&way.renames));
            routes.push(found);
        }
        push(all, logsource("windows", Some(category), None), routes)?;
    }
    for (provider, channel) in &table.providers {
        let (provider, channel) = (provider.to_ascii_lowercase(), channel.to_ascii_lowercase());
        all.channels.insert(provider, channel);
    }
    Ok(())
}

/// A route for every event of some channels.
pub(super) fn windows_route(name: &str, channels: &[String]) -> Route {
    Route {
        name: name.to_owned(),
        shapes: vec![Shape::Windows],
        channels: lower(channels),
        event_ids: Vec::new(),
        programs: Vec::new(),
        guard: None,
        renames: Vec::new(),
    }
}

fn add_row(all: &mut Taxonomy, row: &Row) -> Result<(), String> {
    let mut routes = Vec::new();
    for route in &row.routes {
        routes.push(row_route(route)?);
    }
    let parts = |part: &Option<OneOrMany>| match part {
        Some(names) => names.to_vec().into_iter().map(Some).collect(),
        None => vec![None],
    };
    for product in parts(&row.product) {
        for category in parts(&row.category) {
            for service in parts(&row.service) {
                let logsource = Logsource {
                    product: product.clone(),
                    category: category.clone(),
                    service,
                    definition: None,
                };
                push(all, logsource, routes.clone())?;
            }
        }
    }
    Ok(())
}

fn row_route(route: &RowRoute) -> Result<Route, String> {
    let of_windows = !(route.channels.is_empty() && route.ids.is_empty());
    if route.shapes.is_empty() || (of_windows && route.shapes != [Shape::Windows]) {
        let what = "needs shapes; channels and ids go with the shape windows alone";
        return Err(format!("{}: {what}", route.name));
    }
    Ok(Route {
        name: route.name.clone(),
        shapes: route.shapes.clone(),
        channels: lower(&route.channels),
        event_ids: route.ids.clone(),
        programs: lower(&route.programs),
        guard: read_guard(&route.name, route.guard.as_ref())?,
        renames: renames(&route.renames),
    })
}

fn push(all: &mut Taxonomy, logsource: Logsource, routes: Vec<Route>) -> Result<(), String> {
    if all.entries.iter().any(|e| e.logsource == logsource) {
        return Err(format!("{logsource} is there twice"));
    }
    all.entries.push(Entry { logsource, routes });
    Ok(())
}

fn logsource(product: &str, category: Option<&String>, service: Option<&String>) -> Logsource {
    Logsource {
        product: Some(product.to_owned()),
        category: category.cloned(),
        service: service.cloned(),
        definition: None,
    }
}

fn read_guard(
    name: &str,
    guard: Option<&serde_yaml::Value>,
) -> Result<Option<crate::predicate::Expr>, String> {
    guard
        .map(selection::parse_plain)
        .transpose()
        .map_err(|what| format!("guard of {name}: {what}"))
}

fn renames(table: &Renames) -> Vec<Rename> {
    let rename = |(field, sources): (&String, &Sources)| {
        let (names, hexadecimal) = match sources {
            Sources::Hexadecimal(of) => (&of.hexadecimal, true),
            Sources::Plain(names) => (names, false),
        };
        Rename {
            field: field.clone(),
            sources: names.to_vec(),
            hexadecimal,
        }
    };
    table.iter().map(rename).collect()
}

fn lower(names: &[String]) -> Vec<String> {
    names.iter().map(|n| n.to_ascii_lowercase()).collect()
}
