//! The optimized variant: a part is held by value, by whoever uses it.

use super::Composition;

/// See the [module](self).
#[derive(Debug)]
pub enum Direct {}

impl Composition for Direct {
    type Held<V, O: ?Sized> = V;
}
