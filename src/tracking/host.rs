//! The machine a figure belongs to. No host name: reports are published.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What about a machine makes its figures comparable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The processor's name for itself.
    pub cpu: String,
    /// Cores this process may use.
    pub cores: u32,
    /// Main memory, bytes; 0 where the system does not tell.
    pub memory_bytes: u64,
    /// Operating system and kernel release.
    pub kernel: String,
}

impl Host {
    /// This machine.
    pub fn current() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let memory_kib = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()));
        let release = read("/proc/sys/kernel/osrelease");
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
            memory_bytes: memory_kib.unwrap_or_default() * 1024,
            kernel: format!("{} {}", std::env::consts::OS, release.trim()).trim_end().to_owned(),
        }
    }

    /// Sixteen hexadecimal digits, the same for the same machine.
    pub fn digest(&self) -> String {
        let text = format!("{}\n{}\n{}\n{}", self.cpu, self.cores, self.memory_bytes, self.kernel);
        let mut digest = format!("{:x}", Sha256::digest(text));
        digest.truncate(16);
        digest
    }
}

/// The value behind `name :` on a line of its own.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_tables() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast CPU @ 3 GHz\n\nprocessor\t: 1\n";
        assert_eq!(field(cpuinfo, "model name").unwrap(), "Fast CPU @ 3 GHz");
        assert_eq!(field(cpuinfo, "flags"), None);
        let host = Host::current();
        assert_eq!(host.digest(), Host::current().digest());
        assert_ne!(host.digest(), Host { cores: host.cores + 1, ..host.clone() }.digest());
    }
}
