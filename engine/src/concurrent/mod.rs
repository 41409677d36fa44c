//! Structures that many threads share: page latches, the lock table (T002), epoch reclamation (C003).
