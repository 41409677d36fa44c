//! The baseline: a part is a trait object.
//!
//! Each seam says in its own `object.rs` how an [`Object`] of it is made and passes calls on: one call through the table of
//! functions for each, and no more than that.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use super::Composition;
use crate::metrics::{Counter, Metrics};
use crate::sync::Arc;

/// See the [module](self).
#[derive(Debug)]
pub enum Objects {}

impl Composition for Objects {
    type Held<V, O: ?Sized> = Object<V, O>;
}

/// A part that is known by its trait `O` only. It was made as a `V`: the one thing that a trait object cannot do is to say
/// how to make another.
pub struct Object<V, O: ?Sized> {
    part: Box<O>,
    metrics: Arc<Metrics>,
    made_as: PhantomData<fn() -> V>,
}

impl<V, O: ?Sized> Object<V, O> {
    /// Holds `part`, and counts into `metrics`.
    pub fn holding(part: Box<O>, metrics: &Arc<Metrics>) -> Self {
        Self { part, metrics: Arc::clone(metrics), made_as: PhantomData }
    }

    /// The part, for a call that may be made for every row or page: to count it would take as long as to pass it on.
    #[inline]
    pub fn part(&self) -> &O {
        &self.part
    }

    /// The part, for a call that is made when a transaction ends: it is counted.
    #[inline]
    pub fn part_counted(&self) -> &O {
        self.metrics.inc(Counter::ComposeDispatches);
        &self.part
    }
}

impl<V, O: ?Sized> fmt::Debug for Object<V, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Object").field(&type_name::<V>()).finish()
    }
}
