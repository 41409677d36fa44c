//! The gzip container around bytes as they are: pprof's format asks for it, and profiles are too small to need compression.
//!
//! ```text
//!  1f 8b 08 00 · 00 00 00 00 · 00 ff          magic, deflate, no name, no time, unknown system
//!  last? length !length bytes                 stored blocks of at most 65 535 bytes
//!  crc32 length                               of all bytes, little-endian
//! ```

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// `bytes` as a gzip file.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = HEADER.to_vec();
    let mut blocks: Vec<&[u8]> = bytes.chunks(usize::from(u16::MAX)).collect();
    if blocks.is_empty() {
        blocks.push(&[]);
    }
    let last = blocks.len() - 1;
    for (n, block) in blocks.into_iter().enumerate() {
        let length = block.len() as u16;
        file.push(u8::from(n == last));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
    }
    file.extend(crc32(bytes).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file
}

/// CRC-32 as gzip and Ethernet have it, bit by bit: a megabyte takes some milliseconds.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    !bytes.iter().fold(!0, |crc, byte| {
        let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), step)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Reads a file of stored blocks back.
    pub(crate) fn gunzip(file: &[u8]) -> Vec<u8> {
        let mut rest = file.strip_prefix(&HEADER).unwrap();
        let (mut bytes, mut last) = (Vec::new(), false);
        while !last {
            let length = usize::from(u16::from_le_bytes([rest[1], rest[2]]));
            assert_eq!([!rest[1], !rest[2]], [rest[3], rest[4]]);
            last = rest[0] == 1;
            bytes.extend(&rest[5..5 + length]);
            rest = &rest[5 + length..];
        }
        assert_eq!(rest, [crc32(&bytes).to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat());
        bytes
    }

    #[test]
    fn the_checksum_is_the_published_one_and_long_files_are_several_blocks() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        for length in [0, 1, 65_535, 65_536, 200_000] {
            let bytes: Vec<u8> = (0..length).map(|n: u32| n as u8).collect();
            assert_eq!(gunzip(&gzip(&bytes)), bytes, "{length}");
        }
    }
}
