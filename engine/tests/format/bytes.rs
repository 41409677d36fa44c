//! Little-endian integers, LEB128 varints, CRC-32: what all formats are made of.

/// A cursor over bytes that must all be accounted for.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[track_caller]
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let taken = self.bytes.get(self.at..self.at + len).expect("the bytes end too early");
        self.at += len;
        taken
    }

    #[track_caller]
    pub(crate) fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    #[track_caller]
    pub(crate) fn u16(&mut self) -> u16 {
        u16_at(self.take(2), 0)
    }

    #[track_caller]
    pub(crate) fn u32(&mut self) -> u32 {
        u32_at(self.take(4), 0)
    }

    #[track_caller]
    pub(crate) fn u64(&mut self) -> u64 {
        u64_at(self.take(8), 0)
    }

    /// A length (u16) and as many bytes.
    #[track_caller]
    pub(crate) fn sized(&mut self) -> &'a [u8] {
        let len = self.u16();
        self.take(len.into())
    }

    #[track_caller]
    pub(crate) fn end(&self) {
        assert_eq!(self.at, self.bytes.len(), "bytes are left over");
    }
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    (0..4).fold(0, |value, byte| value | u32::from(bytes[at + byte]) << (8 * byte))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    (0..8).fold(0, |value, byte| value | u64::from(bytes[at + byte]) << (8 * byte))
}

pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// CRC-32C (Castagnoli) as of iSCSI: reflected polynomial 0x82F63B78, all ones before and after.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn the_checksum_is_the_well_known_one() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    assert_eq!(varint(300), [0xac, 0x02]);
}
