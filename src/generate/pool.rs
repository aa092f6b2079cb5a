//! Texts of one kind: a few templates, and the fillings that everybody uses.

use super::fleet::Fleet;
use super::random::{Random, Zipf};
use super::repetition::Repetition;
use super::template::{Scene, Template, lines};

const WORDS: &str = include_str!("texts/words.txt");

/// How many fillings of a list are known; few, so that they repeat even in short logs.
const KNOWN_COUNT: usize = 160;

/// Where chance comes from, and what it has done so far.
#[derive(Debug)]
pub struct Source {
    /// Random numbers.
    pub random: Random,
    /// The share of repeated values.
    pub repetition: Repetition,
    /// Words to fill in.
    pub words: Vec<&'static str>,
}

impl Source {
    /// Of a seed, with so many millionths of repeated values.
    pub fn new(seed: u64, repeated: u32) -> Self {
        Self {
            random: Random::new(seed),
            repetition: Repetition::new(repeated),
            words: lines(WORDS).collect(),
        }
    }

    /// Whether the next text is to be a new one.
    pub fn fresh(&mut self) -> bool {
        self.repetition.fresh(&mut self.random)
    }

    /// Appends a filled template.
    pub fn fill(&mut self, out: &mut Vec<u8>, template: &Template, scene: Scene<'_>) {
        template.fill(out, scene, &self.words, &mut self.random);
    }
}

/// Texts of one kind.
#[derive(Debug)]
pub struct Pool {
    templates: Box<[Template]>,
    /// Those whose fillings differ.
    varied: Box<[usize]>,
    known: Box<[Box<[u8]>]>,
    popularity: Zipf,
}

impl Pool {
    /// Of a list of templates.
    pub fn new(list: &'static str, fleet: &Fleet, source: &mut Source) -> Self {
        let templates: Box<[Template]> = lines(list).map(Template::new).collect();
        let varied = (0..templates.len())
            .filter(|index| templates[*index].is_varied())
            .collect();
        let known: Box<[Box<[u8]>]> = (0..KNOWN_COUNT)
            .filter_map(|index| {
                let scene = Scene {
                    user: &fleet.user(fleet.any_user(&mut source.random)).name,
                    host: &fleet.host(fleet.any_host(&mut source.random)).name,
                };
                let mut text = Vec::new();
                source.fill(&mut text, templates.get(index % templates.len())?, scene);
                Some(text.into())
            })
            .collect();
        Self {
            popularity: Zipf::new(known.len()),
            templates,
            varied,
            known,
        }
    }

    /// Appends a text, a known or a new one as the share of repeated values demands.
    pub fn draw(&self, out: &mut Vec<u8>, scene: Scene<'_>, source: &mut Source) {
        if !self.varied.is_empty() && source.fresh() {
            let choice = self.varied[source.random.index(self.varied.len())];
            source.fill(out, &self.templates[choice], scene);
        } else {
            let index = self.popularity.draw(&mut source.random);
            out.extend_from_slice(self.known.get(index).map_or(b"-", |text| text));
        }
    }

    /// Appends a filling of any template.
    pub fn fill(&self, out: &mut Vec<u8>, scene: Scene<'_>, source: &mut Source) {
        let choice = source.random.index(self.templates.len());
        if let Some(template) = self.templates.get(choice) {
            source.fill(out, template, scene);
        }
    }
}
