//! From registers and a copy of the stack to return addresses, by the unwind tables of what is loaded.
//!
//! The tables are copied from memory, where the dynamic linker has put them: so the kernel's page of clocks has its own too, which is in no
//! file. A place without a table (code made at run time) is walked by frame pointers.

use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::{ffi::OsStr, slice};

use framehop::{
    CacheNative, ExplicitModuleSectionInfo, FrameAddress, MayAllocateDuringUnwind, Module, UnwindRegsNative, Unwinder,
    UnwinderNative,
};

use super::samples::{Registers, Sample};

/// Deeper frames are cut off at the root.
const DEPTH_MAX: usize = 512;

/// A program or library in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// Its file; empty for the program itself.
    pub(super) file: PathBuf,
    /// Where its address 0 lies.
    pub(super) base: u64,
    /// Its code.
    pub(super) code: Range<u64>,
}

/// Unwinds samples of this process.
pub(super) struct Stacks {
    unwinder: UnwinderNative<Vec<u8>, MayAllocateDuringUnwind>,
    cache: CacheNative<MayAllocateDuringUnwind>,
    /// What is loaded.
    pub(super) images: Vec<Image>,
}

impl Stacks {
    /// Reads the tables of everything that is loaded now.
    pub(super) fn new() -> Self {
        let mut loaded: Vec<(Image, Tables)> = Vec::new();
        // SAFETY: `visit` casts the pointer back to what it is; the linker holds its lock meanwhile, so nothing is unloaded.
        unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut loaded).cast()) };
        let mut unwinder = UnwinderNative::new();
        let mut images = Vec::new();
        for (image, tables) in loaded {
            let Tables { header, frames } = tables;
            let sections = ExplicitModuleSectionInfo {
                eh_frame_hdr_svma: Some(header.0.clone()),
                eh_frame_hdr: Some(header.1),
                eh_frame_svma: Some(frames.0.clone()),
                eh_frame: Some(frames.1),
                ..ExplicitModuleSectionInfo::default()
            };
            unwinder.add_module(Module::new(String::new(), image.code.clone(), image.base, sections));
            images.push(image);
        }
        Self { unwinder, cache: CacheNative::new(), images }
    }

    /// The addresses of a sample's stack, the leaf first; those of callers point into the call.
    pub(super) fn addresses(&mut self, sample: &Sample) -> Vec<u64> {
        let Registers { ip, sp, .. } = sample.registers;
        let words = &sample.stack[..sample.length / 8];
        let mut read = |address: u64| {
            let at = address.checked_sub(sp).filter(|at| at % 8 == 0).ok_or(())?;
            words.get(usize::try_from(at / 8).map_err(|_| ())?).copied().ok_or(())
        };
        let mut frames = self.unwinder.iter_frames(ip, native(sample.registers), &mut self.cache, &mut read);
        let mut addresses = Vec::with_capacity(32);
        // An error ends the stack like its root does.
        while let Ok(Some(frame)) = frames.next() {
            addresses.push(match frame {
                FrameAddress::InstructionPointer(address) => address,
                FrameAddress::ReturnAddress(address) => address.get() - 1,
            });
            if addresses.len() == DEPTH_MAX {
                break;
            }
        }
        addresses
    }

    /// Whether code is there.
    pub(super) fn is_code(&self, address: u64) -> bool {
        self.images.iter().any(|image| image.code.contains(&address))
    }
}

#[cfg(target_arch = "x86_64")]
fn native(registers: Registers) -> UnwindRegsNative {
    UnwindRegsNative::new(registers.ip, registers.sp, registers.fp)
}

#[cfg(target_arch = "aarch64")]
fn native(registers: Registers) -> UnwindRegsNative {
    UnwindRegsNative::new(registers.lr, registers.sp, registers.fp)
}

/// `.eh_frame_hdr` and `.eh_frame`, each with its addresses in the file.
struct Tables {
    header: (Range<u64>, Vec<u8>),
    frames: (Range<u64>, Vec<u8>),
}

/// Takes down what is loaded; for `dl_iterate_phdr`.
unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _size: usize, into: *mut c_void) -> c_int {
    // SAFETY: by the call in `Stacks::new`, and by the linker.
    let (into, info) = unsafe { (&mut *into.cast::<Vec<(Image, Tables)>>(), &*info) };
    // SAFETY: the linker gives as many headers as it says, and a name or none.
    let (headers, name) = unsafe {
        let name = (!info.dlpi_name.is_null()).then(|| CStr::from_ptr(info.dlpi_name).to_bytes());
        (slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)), name.unwrap_or_default())
    };
    let base = info.dlpi_addr;
    let loads = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let code = loads.clone().filter(|header| header.p_flags & libc::PF_X != 0).map(range);
    let code = code.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end));
    let header = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME).map(range);
    let (Some(code), Some(header)) = (code, header) else { return 0 };
    // SAFETY: segments that are loaded can be read as long as the linker holds its lock.
    let bytes = |range: &Range<u64>| unsafe { bytes(base, range) };
    let header_bytes = bytes(&header);
    let Some(frames_start) = frames_start(&header, &header_bytes) else { return 0 };
    // The table ends with its segment at the latest; the header's index knows where each entry is.
    let Some(segment) = loads.map(range).find(|segment| segment.contains(&frames_start)) else {
        return 0;
    };
    let frames = frames_start..segment.end;
    let image = Image {
        file: PathBuf::from(OsStr::from_bytes(name)),
        base,
        code: base.wrapping_add(code.start)..base.wrapping_add(code.end),
    };
    let tables = Tables { header: (header, header_bytes), frames: (frames.clone(), bytes(&frames)) };
    into.push((image, tables));
    0
}

fn range(header: &Header) -> Range<u64> {
    header.p_vaddr..header.p_vaddr + header.p_memsz
}

type Header = libc::Elf64_Phdr;

/// # Safety
/// `range` from `base` on can be read.
unsafe fn bytes(base: u64, range: &Range<u64>) -> Vec<u8> {
    let start = std::ptr::with_exposed_provenance::<u8>(base.wrapping_add(range.start) as usize);
    // SAFETY: as asked of the caller.
    unsafe { slice::from_raw_parts(start, (range.end - range.start) as usize) }.to_vec()
}

/// Where `.eh_frame` begins, by its header: version 1, then how the next number is encoded, which is always "relative to here, four bytes
/// with a sign" (LSB Core, 10.6.2).
fn frames_start(header: &Range<u64>, bytes: &[u8]) -> Option<u64> {
    const RELATIVE_SIGNED_4: u8 = 0x1b;
    let &[1, RELATIVE_SIGNED_4, _, _, a, b, c, d, ..] = bytes else { return None };
    (header.start + 4).checked_add_signed(i64::from(i32::from_ne_bytes([a, b, c, d])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_another_kind_is_none() {
        assert_eq!(frames_start(&(0x100..0x10c), &[1, 0x1b, 3, 0x3b, 0xfc, 0xff, 0xff, 0xff, 0, 0, 0, 0]), Some(0x100));
        assert_eq!(frames_start(&(0x100..0x10c), &[2, 0x1b, 3, 0x3b, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(frames_start(&(0x100..0x10c), &[1, 0x1b]), None);
    }
}
