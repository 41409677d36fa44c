//! Who does the work: the roster.
