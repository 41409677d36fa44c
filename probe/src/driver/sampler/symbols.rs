//! Names of addresses: by line tables with their inlined callers, by symbol tables where there are none.

use std::collections::HashMap;
use std::path::Path;

use addr2line::Loader;

use super::unwind::Image;
use crate::driver::frames::frame_name;

/// A function in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its name.
    pub(super) name: String,
    /// Whether it is of the standard library or its collections, and works on somebody's behalf.
    pub(super) of_library: bool,
}

/// Looks names up, each once.
pub(super) struct Symbols {
    images: Vec<(Image, Option<Loader>)>,
    known: HashMap<u64, Vec<Frame>>,
}

impl Symbols {
    /// Of these images. A file that cannot be read leaves its addresses with the file's name.
    pub(super) fn new(images: Vec<Image>) -> Self {
        let load = |image: Image| {
            let file = if image.file.as_os_str().is_empty() { Path::new("/proc/self/exe") } else { &image.file };
            let loader = Loader::new(file).ok();
            (image, loader)
        };
        Self { images: images.into_iter().map(load).collect(), known: HashMap::new() }
    }

    /// The functions at an address, the innermost first: more than one where some were inlined.
    pub(super) fn at(&mut self, address: u64) -> &[Frame] {
        self.known.entry(address).or_insert_with(|| frames(&self.images, address))
    }
}

fn frames(images: &[(Image, Option<Loader>)], address: u64) -> Vec<Frame> {
    let Some((image, loader)) = images.iter().find(|(image, _)| image.code.contains(&address)) else {
        return vec![Frame::named("[unknown]".to_owned())];
    };
    let at = address.wrapping_sub(image.base);
    let mut frames = Vec::new();
    if let Some(loader) = loader {
        frames = inlined(loader, at);
        if frames.is_empty() {
            let name = loader.find_symbol(at).map(|name| addr2line::demangle_auto(name.into(), None));
            frames.extend(name.map(|name| {
                let Frame { name: short, of_library } = Frame::named(frame_name(&name, None));
                // A trait of the library's for a type of its own: the short name would not tell.
                Frame { name: short, of_library: of_library || name.contains(" as alloc::") }
            }));
        }
    }
    if frames.is_empty() {
        let file = image.file.file_name().map_or_else(|| "program".into(), |name| name.to_string_lossy());
        frames.push(Frame::named(format!("[{file}]").replace(' ', "_")));
    }
    frames
}

fn inlined(loader: &Loader, at: u64) -> Vec<Frame> {
    let mut found = Vec::new();
    let Ok(mut frames) = loader.find_frames(at) else { return found };
    while let Ok(Some(frame)) = frames.next() {
        let name = frame.function.as_ref().and_then(|function| Some(function.demangle().ok()?.into_owned()));
        let Some(name) = name else { break };
        let file = frame.location.and_then(|location| location.file);
        let Frame { name, of_library } = Frame::named(frame_name(&name, file));
        let of_library = of_library || file.is_some_and(is_library);
        found.push(Frame { name, of_library });
    }
    found
}

impl Frame {
    fn named(name: String) -> Self {
        const LIBRARY: [&str; 6] = ["alloc::", "core::", "std::", "hashbrown::", "__rust", "__rdl"];
        let of_library = LIBRARY.iter().any(|library| name.starts_with(library)) || name.contains("__rust_");
        Self { name, of_library }
    }
}

/// The standard library's files, named as they were where it was built or as they lie beside the compiler; its maps are a crate of their own.
fn is_library(file: &str) -> bool {
    ["/library/alloc/src/", "/library/core/src/", "/library/std/src/", "/hashbrown-"]
        .iter()
        .any(|part| file.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_known_by_its_files_and_names() {
        assert!(is_library("/rustc/59807616/library/alloc/src/vec/spec_from_elem.rs"));
        assert!(is_library("/r/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/iter/mod.rs"));
        assert!(is_library("/r/.cargo/registry/src/index/hashbrown-0.16.1/src/raw.rs"));
        assert!(!is_library("/w/library/src/book.rs"));
        let of_library = |name: &str| Frame::named(name.to_owned()).of_library;
        assert!(of_library("alloc::vec::push") && of_library("__rustc::__rust_realloc"));
        assert!(!of_library("engine::alloc::page"));
    }
}
