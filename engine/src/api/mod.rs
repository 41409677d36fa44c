//! What a program embeds: `Database`, `Txn`, typed tables.
