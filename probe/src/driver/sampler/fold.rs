//! From addresses to a folded line's stack.

use super::samples::Sample;
use super::signal::copy;
use super::symbols::{Frame, Symbols};
use super::unwind::Stacks;

/// One stack, root first. The root is the thread's name without its number, so that workers fold together; what the standard library does
/// before the program's own code is left out. Time in the kernel is the caller's, with the mark that flame graphs know.
pub(super) fn fold(thread: &str, addresses: &[u64], in_kernel: bool, symbols: &mut Symbols) -> String {
    let mut frames: Vec<Frame> = Vec::with_capacity(addresses.len() + 2);
    for address in addresses.iter().rev() {
        frames.extend(symbols.at(*address).iter().rev().cloned());
    }
    if let Some(at) = frames.iter().rposition(|frame| frame.name.contains("__rust_begin_short_backtrace")) {
        frames.drain(..=at);
    }
    if let Some(at) = frames.iter().position(|frame| frame.name.contains(ALLOCATOR)) {
        frames.truncate(at);
        trim_to_site(&mut frames);
    }
    let mut names: Vec<String> = frames.into_iter().map(|frame| frame.name).collect();
    if let Some(leaf) = names.last().filter(|_| in_kernel) {
        names.push(format!("{leaf}_[k]"));
    }
    let thread = thread.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    names.insert(0, if thread.is_empty() { "unnamed".to_owned() } else { thread.replace([';', ' '], "_") });
    names.join(";")
}

/// The module through which every recorded allocation goes.
const ALLOCATOR: &str = "sampler::allocations::";

/// Leaves who asked for memory at the end: not the collection that asked in its name.
fn trim_to_site(frames: &mut Vec<Frame>) {
    if let Some(site) = frames.iter().rposition(|frame| !frame.of_library) {
        frames.truncate(site + 1);
    }
}

/// Whether the instruction before is a system call, or the one at hand where the kernel is to begin the call anew: a signal that arrives while
/// a thread is in the kernel is delivered on its way out.
pub(super) fn after_system_call(process: libc::pid_t, sample: &Sample, stacks: &Stacks) -> bool {
    let (mut around, ip) = ([0_u64], sample.registers.ip);
    if !stacks.is_code(ip) || copy(process, ip.wrapping_sub(BEFORE), &mut around) < size_of_val(&around) {
        return false;
    }
    let bytes = around[0].to_ne_bytes();
    let (before, at) = bytes.split_at(BEFORE as usize);
    before == SYSTEM_CALL || at.starts_with(SYSTEM_CALL)
}

#[cfg(target_arch = "x86_64")]
const SYSTEM_CALL: &[u8] = &[0x0f, 0x05];
#[cfg(target_arch = "aarch64")]
const SYSTEM_CALL: &[u8] = &[0x01, 0x00, 0x00, 0xd4];
const BEFORE: u64 = SYSTEM_CALL.len() as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_is_whose_code_asked_for_it() {
        let trimmed = |names: &[(&str, bool)]| {
            let frame = |(name, of_library): &(&str, bool)| Frame { name: (*name).to_owned(), of_library: *of_library };
            let mut frames: Vec<Frame> = names.iter().map(frame).collect();
            trim_to_site(&mut frames);
            frames.into_iter().map(|frame| frame.name).collect::<Vec<_>>().join(";")
        };
        assert_eq!(trimmed(&[("run", false), ("read", false), ("push", true), ("realloc", true)]), "run;read");
        assert_eq!(trimmed(&[("run", false), ("spawn", true), ("work", false), ("reserve", true)]), "run;spawn;work");
        assert_eq!(trimmed(&[("init", true), ("push", true)]), "init;push", "nobody's but the library's");
    }
}
