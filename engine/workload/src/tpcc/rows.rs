//! The nine tables' rows, byte by byte. Key columns are in the key only ([`super::keys`]); hot counters come first, so
//! that a change touches few bytes and the log's record of it is short.
//!
//! Money is in cents, taxes and discounts in basis points (1/100 %), dates are the workload's logical clock: a wall
//! clock would make every state hash different and measure nothing.

/// A date field that is not set.
pub const NO_DATE: u64 = 0;

/// A carrier field that is not set.
pub const NO_CARRIER: u8 = 0;

/// WAREHOUSE.
pub mod warehouse {
    use crate::tpcc::field::{I64, Text, U16};
    /// W_YTD in cents.
    pub const YTD: I64 = I64::at(0);
    /// W_TAX in basis points.
    pub const TAX: U16 = U16::at(YTD.end());
    /// W_NAME.
    pub const NAME: Text = Text::at(TAX.end(), 10);
    /// W_STREET_1, W_STREET_2, W_CITY, W_STATE, W_ZIP in one: nothing reads them apart.
    pub const ADDRESS: Text = Text::at(NAME.end(), super::ADDRESS_LEN);
    /// Bytes of the row.
    pub const SIZE: usize = ADDRESS.end();
}

/// DISTRICT.
pub mod district {
    use crate::tpcc::field::{I64, Text, U16, U32};
    /// D_NEXT_O_ID.
    pub const NEXT_O_ID: U32 = U32::at(0);
    /// D_YTD in cents.
    pub const YTD: I64 = I64::at(NEXT_O_ID.end());
    /// D_TAX in basis points.
    pub const TAX: U16 = U16::at(YTD.end());
    /// D_NAME.
    pub const NAME: Text = Text::at(TAX.end(), 10);
    /// D_STREET_1 to D_ZIP.
    pub const ADDRESS: Text = Text::at(NAME.end(), super::ADDRESS_LEN);
    /// Bytes of the row.
    pub const SIZE: usize = ADDRESS.end();
}

/// CUSTOMER.
pub mod customer {
    use crate::tpcc::field::{I64, Tail, Text, U16, U32, U64};
    /// C_BALANCE in cents.
    pub const BALANCE: I64 = I64::at(0);
    /// C_YTD_PAYMENT in cents.
    pub const YTD_PAYMENT: I64 = I64::at(BALANCE.end());
    /// C_PAYMENT_CNT.
    pub const PAYMENT_CNT: U32 = U32::at(YTD_PAYMENT.end());
    /// C_DELIVERY_CNT.
    pub const DELIVERY_CNT: U32 = U32::at(PAYMENT_CNT.end());
    /// C_CREDIT_LIM in cents.
    pub const CREDIT_LIM: I64 = I64::at(DELIVERY_CNT.end());
    /// C_DISCOUNT in basis points.
    pub const DISCOUNT: U16 = U16::at(CREDIT_LIM.end());
    /// C_CREDIT: `GC` or `BC`.
    pub const CREDIT: Text = Text::at(DISCOUNT.end(), 2);
    /// C_SINCE.
    pub const SINCE: U64 = U64::at(CREDIT.end());
    /// C_LAST.
    pub const LAST: Text = Text::at(SINCE.end(), super::NAME_LEN);
    /// C_FIRST.
    pub const FIRST: Text = Text::at(LAST.end(), super::NAME_LEN);
    /// C_MIDDLE.
    pub const MIDDLE: Text = Text::at(FIRST.end(), 2);
    /// C_STREET_1 to C_ZIP.
    pub const ADDRESS: Text = Text::at(MIDDLE.end(), super::ADDRESS_LEN);
    /// C_PHONE.
    pub const PHONE: Text = Text::at(ADDRESS.end(), 16);
    /// C_DATA, 300 to 500 bytes.
    pub const DATA: Tail = Tail::at(PHONE.end());
    /// Longest C_DATA.
    pub const DATA_MAX: usize = 500;
}

/// HISTORY.
pub mod history {
    use crate::tpcc::field::{I64, Tail, U8, U16, U64};
    /// H_C_W_ID.
    pub const C_W_ID: U16 = U16::at(0);
    /// H_C_D_ID.
    pub const C_D_ID: U8 = U8::at(C_W_ID.end());
    /// H_C_ID.
    pub const C_ID: U16 = U16::at(C_D_ID.end());
    /// H_W_ID.
    pub const W_ID: U16 = U16::at(C_ID.end());
    /// H_D_ID.
    pub const D_ID: U8 = U8::at(W_ID.end());
    /// H_DATE.
    pub const DATE: U64 = U64::at(D_ID.end());
    /// H_AMOUNT in cents.
    pub const AMOUNT: I64 = I64::at(DATE.end());
    /// H_DATA, 12 to 24 bytes.
    pub const DATA: Tail = Tail::at(AMOUNT.end());
}

/// ORDER.
pub mod order {
    use crate::tpcc::field::{U8, U16, U64};
    /// O_CARRIER_ID, [`super::NO_CARRIER`] until delivered.
    pub const CARRIER_ID: U8 = U8::at(0);
    /// O_OL_CNT.
    pub const OL_CNT: U8 = U8::at(CARRIER_ID.end());
    /// O_ALL_LOCAL.
    pub const ALL_LOCAL: U8 = U8::at(OL_CNT.end());
    /// O_C_ID.
    pub const C_ID: U16 = U16::at(ALL_LOCAL.end());
    /// O_ENTRY_D.
    pub const ENTRY_D: U64 = U64::at(C_ID.end());
    /// Bytes of the row.
    pub const SIZE: usize = ENTRY_D.end();
}

/// ORDER-LINE.
pub mod order_line {
    use crate::tpcc::field::{I64, Text, U8, U16, U32, U64};
    /// OL_DELIVERY_D, [`super::NO_DATE`] until delivered.
    pub const DELIVERY_D: U64 = U64::at(0);
    /// OL_I_ID.
    pub const I_ID: U32 = U32::at(DELIVERY_D.end());
    /// OL_SUPPLY_W_ID.
    pub const SUPPLY_W_ID: U16 = U16::at(I_ID.end());
    /// OL_QUANTITY.
    pub const QUANTITY: U8 = U8::at(SUPPLY_W_ID.end());
    /// OL_AMOUNT in cents.
    pub const AMOUNT: I64 = I64::at(QUANTITY.end());
    /// OL_DIST_INFO.
    pub const DIST_INFO: Text = Text::at(AMOUNT.end(), super::DIST_INFO_LEN);
    /// Bytes of the row.
    pub const SIZE: usize = DIST_INFO.end();
}

/// ITEM.
pub mod item {
    use crate::tpcc::field::{I64, Tail, Text, U32};
    /// I_PRICE in cents.
    pub const PRICE: I64 = I64::at(0);
    /// I_IM_ID.
    pub const IM_ID: U32 = U32::at(PRICE.end());
    /// I_NAME.
    pub const NAME: Text = Text::at(IM_ID.end(), 24);
    /// I_DATA, 26 to 50 bytes.
    pub const DATA: Tail = Tail::at(NAME.end());
}

/// STOCK.
pub mod stock {
    use crate::tpcc::field::{I16, Tail, Text, U32};
    use crate::tpcc::ids::DistrictId;
    /// S_QUANTITY.
    pub const QUANTITY: I16 = I16::at(0);
    /// S_YTD.
    pub const YTD: U32 = U32::at(QUANTITY.end());
    /// S_ORDER_CNT.
    pub const ORDER_CNT: U32 = U32::at(YTD.end());
    /// S_REMOTE_CNT.
    pub const REMOTE_CNT: U32 = U32::at(ORDER_CNT.end());
    /// S_DIST_01 to S_DIST_10.
    pub const DISTS: Text = Text::at(REMOTE_CNT.end(), 10 * super::DIST_INFO_LEN);
    /// S_DATA, 26 to 50 bytes.
    pub const DATA: Tail = Tail::at(DISTS.end());

    /// S_DIST_xx of a district.
    #[inline]
    pub const fn dist(district: DistrictId) -> Text {
        Text::at(REMOTE_CNT.end() + (district.0 as usize - 1) * super::DIST_INFO_LEN, super::DIST_INFO_LEN)
    }
}

/// Bytes of a first or last name: three syllables of up to five letters and one of padding.
pub const NAME_LEN: usize = 16;
/// Bytes of S_DIST_xx and OL_DIST_INFO.
pub const DIST_INFO_LEN: usize = 24;
/// Two streets and a city of up to 20 bytes, a state of 2, a zip code of 9.
pub const ADDRESS_LEN: usize = 20 + 20 + 20 + 2 + 9;
