//! The score of each condition.

use probe::protocol::Finding;

use crate::runner::Tally;

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// W_YTD = sum(D_YTD).
    C1,
    /// D_NEXT_O_ID - 1 = max(O_ID) = max(NO_O_ID).
    C2,
    /// max(NO_O_ID) - min(NO_O_ID) + 1 = count(NEW-ORDER).
    C3,
    /// sum(O_OL_CNT) = count(ORDER-LINE).
    C4,
    /// O_CARRIER_ID is null if and only if there is a NEW-ORDER row.
    C5,
    /// O_OL_CNT = count(ORDER-LINE) of each order.
    C6,
    /// OL_DELIVERY_D is null if and only if O_CARRIER_ID is.
    C7,
    /// W_YTD = sum(H_AMOUNT).
    C8,
    /// D_YTD = sum(H_AMOUNT).
    C9,
    /// C_BALANCE = sum(OL_AMOUNT delivered) - sum(H_AMOUNT).
    C10,
    /// count(ORDER) - count(NEW-ORDER) = what was loaded delivered + sum(C_DELIVERY_CNT).
    C11,
    /// C_BALANCE + C_YTD_PAYMENT = sum(OL_AMOUNT delivered).
    C12,
    /// Both indexes hold exactly what their tables do.
    Indexes,
    /// S_ORDER_CNT, S_REMOTE_CNT and S_YTD add up to the lines ordered.
    Stock,
}

const ALL: [(Condition, &str, &str); 14] = [
    (Condition::C1, "tpcc.01", "W_YTD = sum(D_YTD)"),
    (Condition::C2, "tpcc.02", "D_NEXT_O_ID - 1 = max(O_ID) = max(NO_O_ID)"),
    (Condition::C3, "tpcc.03", "max(NO_O_ID) - min(NO_O_ID) + 1 = count(NEW-ORDER)"),
    (Condition::C4, "tpcc.04", "sum(O_OL_CNT) = count(ORDER-LINE)"),
    (Condition::C5, "tpcc.05", "O_CARRIER_ID is null if and only if there is a NEW-ORDER"),
    (Condition::C6, "tpcc.06", "O_OL_CNT = count(ORDER-LINE) of the order"),
    (Condition::C7, "tpcc.07", "OL_DELIVERY_D is null if and only if O_CARRIER_ID is"),
    (Condition::C8, "tpcc.08", "W_YTD = sum(H_AMOUNT)"),
    (Condition::C9, "tpcc.09", "D_YTD = sum(H_AMOUNT)"),
    (Condition::C10, "tpcc.10", "C_BALANCE = sum(OL_AMOUNT delivered) - sum(H_AMOUNT)"),
    (Condition::C11, "tpcc.11", "count(ORDER) - count(NEW-ORDER) = loaded delivered + sum(C_DELIVERY_CNT)"),
    (Condition::C12, "tpcc.12", "C_BALANCE + C_YTD_PAYMENT = sum(OL_AMOUNT delivered)"),
    (Condition::Indexes, "tpcc.indexes", "both indexes hold exactly what their tables do"),
    (Condition::Stock, "tpcc.stock", "S_ORDER_CNT, S_REMOTE_CNT and S_YTD add up to the lines ordered"),
];

/// Comparisons made and failed, by condition.
#[derive(Debug, Default)]
pub(super) struct Score {
    tallies: [Tally; ALL.len()],
}

impl Score {
    /// Compares two numbers that `condition` says are equal.
    pub(super) fn equal(
        &mut self,
        condition: Condition,
        left: impl Into<i128>,
        right: impl Into<i128>,
        place: impl FnOnce() -> String,
    ) {
        let (left, right) = (left.into(), right.into());
        self.holds(condition, left == right, || format!("{}: {left} is not {right}", place()));
    }

    /// Notes whether `condition` held once more.
    pub(super) fn holds(&mut self, condition: Condition, held: bool, detail: impl FnOnce() -> String) {
        self.tallies[condition as usize].note(held, detail);
    }

    /// One finding per condition.
    pub(super) fn findings(self) -> Vec<Finding> {
        ALL.into_iter().zip(self.tallies).map(|((_, name, text), tally)| tally.finding(name, text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (at, (condition, _, _)) in ALL.into_iter().enumerate() {
            assert_eq!(condition as usize, at);
        }
    }
}
