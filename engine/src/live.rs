//! The rules in force, exchanged as a whole while threads go on matching.
//!
//! A thread looks at them once a batch, so that a batch is matched by one set of rules and an
//! exchange costs those that match one atomic load a batch.

use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::engine::Engine;
use crate::matcher::Matcher;

/// An [`Engine`] that can be exchanged.
#[derive(Debug)]
pub struct Live {
    current: ArcSwap<Engine>,
}

impl Live {
    /// Puts the first rules into force.
    pub fn new(engine: Engine) -> Self {
        Self {
            current: ArcSwap::from_pointee(engine),
        }
    }

    /// The rules in force.
    pub fn current(&self) -> Arc<Engine> {
        self.current.load_full()
    }

    /// Puts other rules into force, from the next batch of each thread on; gives the former.
    pub fn replace(&self, engine: Engine) -> Arc<Engine> {
        self.current.swap(Arc::new(engine))
    }

    /// What one thread needs to match by the rules in force.
    pub fn follow(&self) -> Follower<'_> {
        let mut cache = Cache::new(&self.current);
        let matcher = cache.load().matcher();
        Follower { cache, matcher }
    }
}

/// A [`Matcher`] that keeps up with a [`Live`].
pub struct Follower<'a> {
    cache: Cache<&'a ArcSwap<Engine>, Arc<Engine>>,
    matcher: Matcher,
}

impl Follower<'_> {
    /// The matcher for the next batch, and for parsing it (see [`Matcher::engine`]).
    pub fn matcher(&mut self) -> &mut Matcher {
        let current = self.cache.load();
        if !Arc::ptr_eq(current, self.matcher.engine()) {
            self.matcher = current.matcher();
        }
        &mut self.matcher
    }
}
