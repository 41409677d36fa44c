//! What the kernel says of itself, below a folder: `/` of this machine, or another one's.

use std::fs;
use std::path::{Path, PathBuf};

/// Where `/proc` and `/sys` are read.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    root: PathBuf,
}

impl Kernel {
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// A file's text without blanks around it; `None` where the kernel does not tell.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        Some(fs::read_to_string(self.root.join(path)).ok()?.trim().to_owned())
    }

    /// The first word of a file that means a number.
    pub(super) fn number(&self, path: &str) -> Option<f64> {
        self.read(path)?.split_whitespace().next()?.parse().ok()
    }

    /// The word in brackets: `always [madvise] never`.
    pub(super) fn chosen(&self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        let (_, rest) = text.split_once('[')?;
        Some(rest.split_once(']')?.0.to_owned())
    }

    /// The processors that this process may use, by number.
    pub(super) fn allowed(&self) -> Vec<u32> {
        let status = self.read("proc/self/status").unwrap_or_default();
        listed(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default())
    }

    /// Whether it is the kernel that this process runs on.
    pub(super) fn is_ours(&self) -> bool {
        self.root == Path::new("/")
    }
}

/// `0-2,5` as numbers.
pub(super) fn listed(text: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.trim().parse::<u32>().ok()?..=to.trim().parse::<u32>().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A machine made of files.
    pub(crate) struct Faked {
        folder: tempfile::TempDir,
    }

    impl Faked {
        pub(crate) fn new(files: &[(&str, &str)]) -> Self {
            let faked = Self { folder: tempfile::tempdir().unwrap() };
            for (path, text) in files {
                let path = faked.folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            faked
        }

        pub(crate) fn kernel(&self) -> Kernel {
            Kernel::at(self.folder.path())
        }
    }

    #[test]
    fn kernel_text_is_read() {
        let faked = Faked::new(&[
            ("sys/thp", "always [madvise] never\n"),
            ("proc/loadavg", "0.52 0.40 0.30 1/99 1\n"),
            ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t1,3-4\n"),
        ]);
        let kernel = faked.kernel();
        assert_eq!(kernel.chosen("sys/thp").unwrap(), "madvise");
        assert_eq!(kernel.number("proc/loadavg"), Some(0.52));
        assert_eq!(kernel.allowed(), [1, 3, 4]);
        assert!(!kernel.is_ours());
        assert_eq!(kernel.read("proc/none"), None);
        assert_eq!(listed("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(listed(""), [0; 0]);
    }
}
