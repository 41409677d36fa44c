//! Names for profiled frames: short, and the same in both arms of an experiment.
//!
//! Line tables name a function without its module and with all its type arguments: `commit<…, GroupedLog>`. The
//! arguments differ between arms that differ in a type, so every generic frame would seem to vanish from one arm and to
//! appear in the other; without the module nobody knows whose `commit` it is. The source file knows: its path gives the
//! crate and the module.
//!
//! ```text
//!  name                   file                                              frame
//!  commit<GroupedLog>     …/engine/src/transaction/txn/commit.rs            engine::transaction::txn::commit::commit
//!  insert<u64, Global>    /rustc/5980…/library/alloc/src/vec/mod.rs         alloc::vec::insert
//!  find<…>                …/registry/src/index…-1949…/hashbrown-0.16.1/src/raw.rs   hashbrown::raw::find
//!  __memmove_avx_unaligned                                                  __memmove_avx_unaligned
//! ```

/// The frame's name from the symbol's demangled name and its source file, if known.
pub(super) fn frame_name(symbol: &str, file: Option<&str>) -> String {
    let function = without_arguments(symbol);
    let name = match file.and_then(module_of) {
        Some(module) if !function.contains("::") => format!("{module}::{function}"),
        Some(_) | None => function,
    };
    // A folded line is cut at semicolons and at the last space.
    name.replace(';', ",").replace(' ', "_")
}

/// A function's name without type arguments; of `<Type as Trait>::function` the type stays.
fn without_arguments(symbol: &str) -> String {
    if let Some((subject, rest)) = symbol.strip_prefix('<').and_then(split_at_close) {
        let subject = subject.split_once(" as ").map_or(subject, |(subject, _)| subject);
        return format!("{}{}", without_arguments(subject), without_arguments(rest));
    }
    let (mut name, mut depth) = (String::new(), 0_usize);
    let mut before = ' ';
    for c in symbol.chars() {
        match c {
            '<' => depth += 1,
            '>' if before == '-' => {}
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => name.push(c),
            _ => {}
        }
        before = c;
    }
    // `Vec<T>::push` demangles to `Vec::<T>::push`.
    name.replace("::::", "::").trim_end_matches("::").to_owned()
}

/// Splits behind an opening bracket at its partner.
fn split_at_close(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut before) = (1_usize, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
        before = c;
    }
    None
}

/// Crate and module of a source file that follows the conventions: `…/<crate>[-version]/src/<module>.rs`.
fn module_of(file: &str) -> Option<String> {
    let (before, inside) = file.rsplit_once("/src/").or_else(|| Some(("", file.strip_prefix("src/")?)))?;
    let package = before.rsplit('/').next().unwrap_or_default();
    // A published package's folder ends with its version.
    let package = match package.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => name,
        Some(_) | None => package,
    };
    let inside = inside.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let inside = if matches!(inside, "lib" | "main" | "mod") { "" } else { inside };
    let parts = [package].into_iter().chain(inside.split('/')).filter(|part| !part.is_empty());
    let module = parts.collect::<Vec<_>>().join("::").replace('-', "_");
    (!module.is_empty()).then_some(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_named_by_module_and_without_arguments() {
        let cases = [
            (
                "commit<engine::wal::GroupedLog>",
                "engine/src/transaction/txn/commit.rs",
                "engine::transaction::txn::commit::commit",
            ),
            ("insert<u64, Global>", "/rustc/59807616/library/alloc/src/vec/mod.rs", "alloc::vec::insert"),
            (
                "find<F>",
                "/r/.cargo/registry/src/index.crates.io-19/hash-brown-0.16.1/src/raw.rs",
                "hash_brown::raw::find",
            ),
            ("{closure#0}<[u8; 4]>", "/w/engine/workload/src/lib.rs", "workload::{closure#0}"),
            ("alloc::vec::Vec<T, A>::push", "", "alloc::vec::Vec::push"),
            ("alloc::vec::Vec::<T>::push::<fn() -> u8>", "", "alloc::vec::Vec::push"),
            ("<engine::api::Txn<L> as core::ops::Drop>::drop", "", "engine::api::Txn::drop"),
            ("call_once<fn(&mut [u8; 3]) -> bool, ()>", "", "call_once"),
            ("__memmove_avx512_unaligned_erms", "", "__memmove_avx512_unaligned_erms"),
            ("odd name; [u8]", "", "odd_name,_[u8]"),
            ("unbalanced<<", "x.c", "unbalanced"),
        ];
        for (symbol, file, expected) in cases {
            assert_eq!(frame_name(symbol, Some(file)), expected, "{symbol}");
        }
        assert_eq!(frame_name("main", None), "main");
    }
}
