//! Names of functions without what a compiler appends to them.

use std::borrow::Cow;

/// `name` without the hash and the suffixes that differ between two builds of the same source: with them no function of
/// A would be found in B.
pub(super) fn trimmed(name: &str) -> Cow<'_, str> {
    let mut name = name.trim();
    if let Some((before, _)) = name.split_once(".llvm.") {
        name = before;
    }
    if let Some((before, hash)) = name.rsplit_once("::h")
        && hash.len() == 16
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        name = before;
    }
    if name.contains("{{") { Cow::Owned(name.replace("{{", "{").replace("}}", "}")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_appends_goes() {
        assert_eq!(trimmed("engine::wal::append::h0123456789abcdef"), "engine::wal::append");
        assert_eq!(trimmed("engine::wal::append.llvm.1234567890"), "engine::wal::append");
        assert_eq!(trimmed("engine::run::{{closure}}"), "engine::run::{closure}");
        assert_eq!(trimmed("module::hash"), "module::hash");
        assert_eq!(trimmed("core::hint::h0123"), "core::hint::h0123");
    }
}
