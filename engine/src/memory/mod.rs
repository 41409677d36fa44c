//! Memory the engine hands out to itself: object pools (M001) and per-transaction memory (M003).
