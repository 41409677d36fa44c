//! Fields at fixed places in a row: reading or writing one is a load or a store, nothing is parsed or allocated.
//!
//! ```text
//!  row  │ YTD: I64 │ TAX: U16 │ NAME: Text │ … │ DATA: Tail … to the row's end │
//!       0          8          10
//! ```
//! A layout is a list of constants, each starting where the one before it ends ([`super::rows`]).

macro_rules! number_field {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(usize);

        impl $name {
            /// The field that starts at byte `offset`.
            pub const fn at(offset: usize) -> Self {
                $name(offset)
            }

            /// Where the next field starts.
            pub const fn end(self) -> usize {
                self.0 + size_of::<$int>()
            }

            /// Its value. Panics on a row too short to hold it, which no procedure writes.
            #[inline]
            pub fn get(self, row: &[u8]) -> $int {
                let mut bytes = [0; size_of::<$int>()];
                bytes.copy_from_slice(&row[self.0..self.end()]);
                <$int>::from_le_bytes(bytes)
            }

            /// Sets its value.
            #[inline]
            pub fn set(self, row: &mut [u8], value: $int) {
                row[self.0..self.end()].copy_from_slice(&value.to_le_bytes());
            }

            /// Adds to its value.
            #[inline]
            pub fn add(self, row: &mut [u8], amount: $int) {
                self.set(row, self.get(row).wrapping_add(amount));
            }
        }
    };
}

number_field!(
    /// An unsigned byte.
    U8,
    u8
);
number_field!(
    /// An unsigned 16-bit number.
    U16,
    u16
);
number_field!(
    /// A signed 16-bit number.
    I16,
    i16
);
number_field!(
    /// An unsigned 32-bit number.
    U32,
    u32
);
number_field!(
    /// An unsigned 64-bit number.
    U64,
    u64
);
number_field!(
    /// A signed 64-bit number.
    I64,
    i64
);

/// Text of at most `len` bytes, padded with zeros.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    offset: usize,
    len: usize,
}

impl Text {
    /// The field that starts at byte `offset` and takes `len` bytes.
    pub const fn at(offset: usize, len: usize) -> Self {
        Text { offset, len }
    }

    /// Where the next field starts.
    pub const fn end(self) -> usize {
        self.offset + self.len
    }

    /// Its bytes, padding included.
    #[inline]
    pub fn padded(self, row: &[u8]) -> &[u8] {
        &row[self.offset..self.end()]
    }

    /// Its text, without the padding.
    pub fn get(self, row: &[u8]) -> &[u8] {
        let padded = self.padded(row);
        let len = padded.iter().position(|&byte| byte == 0).unwrap_or(padded.len());
        &padded[..len]
    }

    /// Its bytes, to be filled.
    #[inline]
    pub fn slot(self, row: &mut [u8]) -> &mut [u8] {
        &mut row[self.offset..self.offset + self.len]
    }

    /// Sets its text. Panics if it is longer than the field.
    pub fn set(self, row: &mut [u8], text: &[u8]) {
        let slot = self.slot(row);
        slot[..text.len()].copy_from_slice(text);
        slot[text.len()..].fill(0);
    }
}

/// Text that runs to the row's end.
#[derive(Debug, Clone, Copy)]
pub struct Tail(usize);

impl Tail {
    /// The field that starts at byte `offset`.
    pub const fn at(offset: usize) -> Self {
        Tail(offset)
    }

    /// Where it starts, the size of all fixed fields.
    pub const fn start(self) -> usize {
        self.0
    }

    /// Its text.
    #[inline]
    pub fn get(self, row: &[u8]) -> &[u8] {
        &row[self.0..]
    }
}
