use std::path::Path;
use std::sync::Arc;

use yagura_server::spool::Options;
use yagura_server::storage::Storage;
use yagura_server::storage::simulated::{End, Faults, Random, Simulated};

use super::lies::{Lie, Lying};
use super::model::Model;
use super::process::{Appending, CHECKPOINTS, Process};
use super::tell;

/// What may happen in a history.
#[derive(Debug, Clone)]
pub struct Plan {
    pub steps: usize,
    /// Whether the process ends again and again.
    pub crashes: bool,
    /// Where it ends first, and how.
    pub first_crash: Option<(u64, End)>,
    /// Varies what survives, but not what is done before.
    pub survival: u64,
    pub faults: Faults,
    /// Whether the disk is full or read-only for a while.
    pub changes_storage: bool,
    pub damages_newest_checkpoint: bool,
    pub mistake: Option<Mistake>,
}

/// What a spool, or who uses it, might do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    Storage(Lie),
    AcknowledgesBeforeCommit,
    ReleasesToNewestCheckpoint,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            steps: 80,
            crashes: true,
            first_crash: None,
            survival: 0,
            faults: Faults::default(),
            changes_storage: false,
            damages_newest_checkpoint: false,
            mistake: None,
        }
    }
}

/// What happened in a history.
#[derive(Debug, Default)]
pub struct Told {
    pub operations: u64,
    pub consumed: usize,
    pub restarts: usize,
    pub released: usize,
    pub full: usize,
    pub failed: usize,
}

/// The first seed with which a promise is broken.
pub fn search(plan: &Plan, seeds: u64) -> Option<u64> {
    (0..seeds).find(|seed| run(*seed, plan).is_err())
}

/// Lives through a history; an error says which promise was broken.
pub fn run(seed: u64, plan: &Plan) -> Result<Told, String> {
    let mut history = History::new(seed, plan);
    let mut process = history.start();
    for _ in 0..plan.steps {
        match &mut process {
            Some(running) => history.step(running)?,
            None => process = history.start(),
        }
        if history.simulated.crashed() {
            drop(process.take());
            history.restart();
        }
    }
    drop(process);
    history.finish()
}

struct History<'a> {
    plan: &'a Plan,
    /// Decides what is done; what survives is decided by the storage's own.
    random: Random,
    simulated: Simulated,
    storage: Arc<dyn Storage>,
    options: Options,
    model: Model,
    told: Told,
    next_end: End,
    /// Checkpoints saved since one was damaged.
    saved: usize,
}

impl<'a> History<'a> {
    fn new(seed: u64, plan: &'a Plan) -> Self {
        let mut random = Random::new(seed);
        let simulated = Simulated::new(seed ^ (plan.survival << 40));
        simulated.set_faults(plan.faults);
        let mut storage: Arc<dyn Storage> = Arc::new(simulated.clone());
        if let Some(Mistake::Storage(lie)) = plan.mistake {
            storage = Arc::new(Lying {
                beneath: storage,
                lie,
            });
        }
        let options = Options {
            segment_bytes: [200, 600, 2000, 10_000][random.below(4) as usize],
            limit_bytes: [8_000, 20_000, 200_000][random.below(3) as usize],
            reserve_bytes: 0,
            write_bytes: [1, 500, 1 << 20][random.below(3) as usize],
            salt: seed,
            ..Options::default()
        };
        let (model, told) = (Model::default(), Told::default());
        let mut next_end = End::PowerLoss;
        if let Some((at, end)) = plan.first_crash {
            simulated.crash_at(at);
            next_end = end;
        }
        let history = Self {
            plan,
            random,
            simulated,
            storage,
            options,
            model,
            told,
            next_end,
            saved: 2,
        };
        history.plan_crash();
        history
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.plan.mistake == Some(mistake)
    }

    fn plan_crash(&self) {
        if self.plan.crashes {
            let mut random = Random::new(self.simulated.operations() ^ self.options.salt << 8);
            self.simulated
                .crash_at(self.simulated.operations() + 1 + random.below(120));
        }
    }

    fn start(&mut self) -> Option<Process> {
        Process::start(&self.storage, &self.options)
    }

    fn restart(&mut self) {
        self.told.restarts += 1;
        tell(|| {
            format!(
                "{:?} at operation {}",
                self.next_end,
                self.simulated.operations()
            )
        });
        self.simulated.restart(self.next_end);
        self.next_end = if self.random.per_mille(400) {
            End::Kill
        } else {
            End::PowerLoss
        };
        self.plan_crash();
        if self.plan.damages_newest_checkpoint && self.random.per_mille(400) {
            self.damage_newest_checkpoint();
        }
    }

    fn step(&mut self, process: &mut Process) -> Result<(), String> {
        match self.random.below(20) {
            0..8 => match process.append(&mut self.model)? {
                Appending::Done if self.makes(Mistake::AcknowledgesBeforeCommit) => {
                    process.acknowledge_batch(&mut self.model);
                }
                Appending::Done => {}
                Appending::Full => self.told.full += 1,
                Appending::Failed => {
                    self.told.failed += 1;
                    process.commit(&mut self.model);
                    let _ = process.spool.retry();
                }
            },
            8..12 => {
                let went_well = process.commit(&mut self.model);
                self.told.failed += usize::from(!went_well);
            }
            12..16 => process.read(1 + self.random.below(8) as usize, &self.model)?,
            16..18 => {
                let saving = process.checkpoint(self.makes(Mistake::ReleasesToNewestCheckpoint));
                self.saved += usize::from(saving.saved);
                if saving.released {
                    self.told.released += 1;
                }
            }
            18 if self.plan.changes_storage => self.change_storage(),
            _ => {}
        }
        Ok(())
    }

    fn change_storage(&mut self) {
        let read_only = self.random.per_mille(200);
        self.simulated.set_read_only(read_only);
        let is_small = self.random.per_mille(300);
        let capacity = if is_small {
            self.random.below(20_000) as usize
        } else {
            usize::MAX
        };
        self.simulated.set_capacity(capacity);
    }

    fn damage_newest_checkpoint(&mut self) {
        let paths = self.simulated.paths();
        let is_checkpoint = |path: &&std::path::PathBuf| {
            path.parent() == Some(Path::new(CHECKPOINTS))
                && path
                    .extension()
                    .is_some_and(|extension| extension == "checkpoint")
        };
        let checkpoints: Vec<_> = paths.iter().filter(is_checkpoint).collect();
        // One damage at a time: what the newest falls back on must be whole.
        let Some(newest) = checkpoints.last().filter(|_| self.saved >= 2) else {
            return;
        };
        self.saved = 0;
        let random = &mut self.random;
        tell(|| format!("damage {}", newest.display()));
        self.simulated.damage(newest, |bytes| {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes.truncate(at),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
        });
    }

    /// A last restart without trouble, after which all must be there.
    fn finish(mut self) -> Result<Told, String> {
        self.simulated.set_faults(Faults::default());
        self.simulated.set_read_only(false);
        self.simulated.set_capacity(usize::MAX);
        self.simulated.restart(self.next_end);
        let mut process = self.start().ok_or("the last start failed")?;
        process.read(usize::MAX, &self.model)?;
        self.model.check(&process.consumed)?;
        // And life goes on.
        let number = self.model.next_number();
        process.checkpoint(false);
        process.checkpoint(false);
        match process.append(&mut self.model)? {
            Appending::Done => {}
            Appending::Full => {
                let used = process.spool.used_bytes();
                return Err(format!("full though all is released: {used} bytes used"));
            }
            Appending::Failed => return Err("cannot append to a sound disk".into()),
        }
        if !process.commit(&mut self.model) {
            return Err("cannot commit to a sound disk".into());
        }
        process.read(usize::MAX, &self.model)?;
        if process.consumed.last() != Some(&number) {
            return Err("the last record cannot be read".into());
        }
        self.told.consumed = process.consumed.len();
        self.told.operations = self.simulated.operations();
        Ok(self.told)
    }
}
