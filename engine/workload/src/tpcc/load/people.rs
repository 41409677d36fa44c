//! CUSTOMER, the index by name, and HISTORY: a payment of each customer.

use std::ops::Range;

use super::population::{LOAD_DATE, PAID_CENTS, Population};
use super::source::{keys_only, source};
use crate::rng::Rng;
use crate::store::Rows;
use crate::tpcc::ids::{CustomerId, Place};
use crate::tpcc::keys::{self, Name};
use crate::tpcc::random::{last_name, push_text};
use crate::tpcc::rows::{customer, history};

/// History writers of the load: sessions count from 0, the load's districts from here.
const FIRST_LOAD_WRITER: u16 = 0x8000;

impl Population {
    /// CUSTOMER rows of districts by their numbers.
    pub(super) fn customers(self, part: Range<u64>) -> impl Rows {
        source(self.people(part), move |(place, c), row| {
            let key = keys::customer(place, c);
            let mut rng = self.rng(keys::CUSTOMER, &key);
            let (last, first) = self.name(c, &mut rng);
            row.resize(customer::DATA.start(), 0);
            customer::BALANCE.set(row, -PAID_CENTS);
            customer::YTD_PAYMENT.set(row, PAID_CENTS);
            customer::PAYMENT_CNT.set(row, 1);
            customer::CREDIT_LIM.set(row, 5_000_000);
            customer::DISCOUNT.set(row, rng.between(0, 5000) as u16);
            customer::CREDIT.set(row, if rng.percent(10) { b"BC" } else { b"GC" });
            customer::SINCE.set(row, LOAD_DATE);
            customer::LAST.set(row, &last);
            customer::FIRST.set(row, &first);
            customer::MIDDLE.set(row, b"OE");
            rng.text(customer::ADDRESS.slot(row));
            rng.digits(customer::PHONE.slot(row));
            push_text(&mut rng, row, 300, 500);
            key
        })
    }

    /// The index by name, of districts by their numbers.
    pub(super) fn customers_by_name(self, part: Range<u64>) -> impl Rows {
        let key = move |place, c| {
            let (last, first) = self.name(c, &mut self.rng(keys::CUSTOMER, &keys::customer(place, c)));
            keys::customer_by_name(place, &last, &first, c)
        };
        keys_only(self.places(part).flat_map(move |place| {
            let mut keys: Vec<_> = self.customer_ids().map(|c| key(place, c)).collect();
            keys.sort_unstable();
            keys
        }))
    }

    /// HISTORY rows of districts by their numbers.
    pub(super) fn history(self, part: Range<u64>) -> impl Rows {
        source(self.people(part), move |(place, c), row| {
            let unit = self.scale.place_index(place).unwrap_or_default() as u16;
            let key = keys::history(FIRST_LOAD_WRITER + unit, c.0.into());
            row.resize(history::DATA.start(), 0);
            history::C_W_ID.set(row, place.warehouse.0);
            history::C_D_ID.set(row, place.district.0);
            history::C_ID.set(row, c.0);
            history::W_ID.set(row, place.warehouse.0);
            history::D_ID.set(row, place.district.0);
            history::DATE.set(row, LOAD_DATE);
            history::AMOUNT.set(row, PAID_CENTS);
            push_text(&mut self.rng(keys::HISTORY, &key), row, 12, 24);
            key
        })
    }

    fn people(self, part: Range<u64>) -> impl Iterator<Item = (Place, CustomerId)> + Send {
        self.places(part).flat_map(move |place| self.customer_ids().map(move |c| (place, c)))
    }

    /// A customer's last and first name: what is drawn first from the row's stream, so that the index needs nothing else.
    fn name(self, c: CustomerId, rng: &mut Rng) -> (Name, Name) {
        let number = match u64::from(c.0) - 1 {
            first @ 0..1000 => first,
            _ => self.nurand.last_name(rng, 1000),
        };
        let (last, mut first) = (last_name(number), Name::default());
        let len = rng.between(8, 15) as usize;
        rng.text(&mut first[..len]);
        (last, first)
    }
}
