//! What terminals ask: the inputs of the five transactions, drawn by the specification's rules (2.4.1 to 2.8.1).
//!
//! Inputs are drawn apart from being executed, so that a transaction that must be run again asks the same thing.

use super::ids::{CustomerId, DistrictId, ItemId, OrderId, Place, WarehouseId};
use super::keys::Name;
use super::random::{Nurand, last_name};
use super::scale::Scale;
use crate::rng::Rng;

/// The five transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Enter an order of 5 to 15 lines.
    NewOrder,
    /// Take a customer's money.
    Payment,
    /// Look up a customer's last order.
    OrderStatus,
    /// Deliver the oldest new order of every district.
    Delivery,
    /// Count items of recent orders that run low.
    StockLevel,
}

impl Kind {
    /// Names, in the order of the variants.
    pub const NAMES: &'static [&'static str] = &["new_order", "payment", "order_status", "delivery", "stock_level"];

    /// Whether it changes nothing.
    pub fn reads_only(self) -> bool {
        match self {
            Kind::OrderStatus | Kind::StockLevel => true,
            Kind::NewOrder | Kind::Payment | Kind::Delivery => false,
        }
    }

    /// Cards of each in a deck of [`DECK`].
    const CARDS: [(Kind, usize); 5] =
        [(Kind::NewOrder, 45), (Kind::Payment, 43), (Kind::OrderStatus, 4), (Kind::Delivery, 4), (Kind::StockLevel, 4)];
}

const DECK: usize = 100;

/// Most lines of an order.
pub(super) const ORDER_LINES_MAX: usize = 15;

/// The input of one transaction.
#[derive(Debug, Clone, Copy)]
pub enum Input {
    /// See [`NewOrder`].
    NewOrder(NewOrder),
    /// See [`Payment`].
    Payment(Payment),
    /// Whose last order?
    OrderStatus {
        /// Where the customer belongs.
        place: Place,
        /// Who.
        customer: Customer,
    },
    /// Deliver in all districts of a warehouse.
    Delivery {
        /// The warehouse.
        warehouse: WarehouseId,
        /// Who carries.
        carrier: u8,
        /// OL_DELIVERY_D.
        date: u64,
    },
    /// Which items run low in a district?
    StockLevel {
        /// The district.
        place: Place,
        /// Below how many.
        threshold: i16,
    },
}

impl Input {
    /// Which transaction it is for.
    pub fn kind(&self) -> Kind {
        match self {
            Input::NewOrder(_) => Kind::NewOrder,
            Input::Payment(_) => Kind::Payment,
            Input::OrderStatus { .. } => Kind::OrderStatus,
            Input::Delivery { .. } => Kind::Delivery,
            Input::StockLevel { .. } => Kind::StockLevel,
        }
    }
}

/// A customer, as a terminal names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Customer {
    /// By number.
    Id(CustomerId),
    /// By last name: of those who bear it, the middle one by first name.
    Name(Name),
}

/// Input of New-Order.
#[derive(Debug, Clone, Copy)]
pub struct NewOrder {
    /// The ordering customer's place, and the supplying one of most lines.
    pub place: Place,
    /// Who orders.
    pub customer: CustomerId,
    /// O_ENTRY_D.
    pub date: u64,
    lines: [OrderLine; ORDER_LINES_MAX],
    line_count: u8,
}

impl NewOrder {
    /// What is ordered. One order in a hundred ends with an item that does not exist, and is rolled back.
    pub fn lines(&self) -> &[OrderLine] {
        &self.lines[..usize::from(self.line_count)]
    }

    /// No line is supplied by another warehouse.
    pub fn all_local(&self) -> bool {
        self.lines().iter().all(|line| line.supplier == self.place.warehouse)
    }
}

/// One line of an order.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderLine {
    /// What.
    pub item: ItemId,
    /// From which warehouse.
    pub supplier: WarehouseId,
    /// How many.
    pub quantity: u8,
}

/// Input of Payment.
#[derive(Debug, Clone, Copy)]
pub struct Payment {
    /// Where it is paid.
    pub place: Place,
    /// Where the customer belongs.
    pub customer_place: Place,
    /// Who pays.
    pub customer: Customer,
    /// H_AMOUNT in cents.
    pub amount_cents: i64,
    /// H_DATE.
    pub date: u64,
    /// Key of the history row: writer and number.
    pub history: (u16, u32),
}

/// A terminal: its place, its deck, and the input it asks next.
#[derive(Debug, Clone)]
pub struct Session {
    number: u16,
    home: Place,
    rng: Rng,
    deck: [Kind; DECK],
    dealt: usize,
    clock: u64,
    payments: u32,
    input: Input,
}

impl Session {
    /// Terminal `number` of a run. Terminals spread over the warehouses, and in each over the districts.
    pub fn new(scale: &Scale, seed: u64, number: u16) -> Self {
        let warehouses = scale.warehouses;
        let home = Place {
            warehouse: WarehouseId(number % warehouses + 1),
            district: DistrictId((number / warehouses % u16::from(scale.districts)) as u8 + 1),
        };
        let mut deck = [Kind::NewOrder; DECK];
        let mut at = 0;
        for (kind, cards) in Kind::CARDS {
            deck[at..at + cards].fill(kind);
            at += cards;
        }
        Session {
            number,
            home,
            rng: Rng::stream(seed, &[3, u64::from(number)]),
            deck,
            dealt: DECK,
            clock: 1_000_000,
            payments: 0,
            input: Input::StockLevel { place: home, threshold: 10 },
        }
    }

    /// What is asked now.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Draws the next input.
    pub(super) fn draw(&mut self, scale: &Scale, nurand: &Nurand) {
        if self.dealt == DECK {
            self.rng.shuffle(&mut self.deck);
            self.dealt = 0;
        }
        let kind = self.deck[self.dealt];
        self.dealt += 1;
        self.clock += 1;
        self.input = match kind {
            Kind::NewOrder => Input::NewOrder(self.new_order(scale, nurand)),
            Kind::Payment => Input::Payment(self.payment(scale, nurand)),
            Kind::OrderStatus => {
                let place = self.any_district(scale, self.home.warehouse);
                Input::OrderStatus { place, customer: self.customer(scale, nurand) }
            }
            Kind::Delivery => Input::Delivery {
                warehouse: self.home.warehouse,
                carrier: self.rng.between(1, 10) as u8,
                date: self.clock,
            },
            Kind::StockLevel => Input::StockLevel { place: self.home, threshold: self.rng.between(10, 20) as i16 },
        };
    }

    fn new_order(&mut self, scale: &Scale, nurand: &Nurand) -> NewOrder {
        let home = self.home.warehouse;
        let mut order = NewOrder {
            place: self.any_district(scale, home),
            customer: CustomerId(nurand.customer(&mut self.rng, scale.customers.into()) as u16),
            date: self.clock,
            lines: [OrderLine::default(); ORDER_LINES_MAX],
            line_count: self.rng.between(5, ORDER_LINES_MAX as u64) as u8,
        };
        let lines = &mut order.lines[..usize::from(order.line_count)];
        for line in lines.iter_mut() {
            let remote = scale.warehouses > 1 && self.rng.percent(1);
            *line = OrderLine {
                item: ItemId(nurand.item(&mut self.rng, scale.items.into()) as u32),
                supplier: if remote { other_warehouse(&mut self.rng, scale, home) } else { home },
                quantity: self.rng.between(1, 10) as u8,
            };
        }
        if self.rng.percent(1) {
            lines[lines.len() - 1].item = ItemId(scale.items + 1);
        }
        order
    }

    fn payment(&mut self, scale: &Scale, nurand: &Nurand) -> Payment {
        let place = self.any_district(scale, self.home.warehouse);
        let customer_place = if scale.warehouses > 1 && self.rng.percent(15) {
            let warehouse = other_warehouse(&mut self.rng, scale, self.home.warehouse);
            self.any_district(scale, warehouse)
        } else {
            place
        };
        self.payments += 1;
        Payment {
            place,
            customer_place,
            customer: self.customer(scale, nurand),
            amount_cents: self.rng.between(100, 500_000) as i64,
            date: self.clock,
            history: (self.number, self.payments),
        }
    }

    fn any_district(&mut self, scale: &Scale, warehouse: WarehouseId) -> Place {
        Place { warehouse, district: DistrictId(self.rng.between(1, scale.districts.into()) as u8) }
    }

    fn customer(&mut self, scale: &Scale, nurand: &Nurand) -> Customer {
        if self.rng.percent(60) {
            Customer::Name(last_name(nurand.last_name(&mut self.rng, scale.last_names())))
        } else {
            Customer::Id(CustomerId(nurand.customer(&mut self.rng, scale.customers.into()) as u16))
        }
    }
}

fn other_warehouse(rng: &mut Rng, scale: &Scale, not: WarehouseId) -> WarehouseId {
    let drawn = rng.between(1, u64::from(scale.warehouses) - 1) as u16;
    WarehouseId(if drawn >= not.0 { drawn + 1 } else { drawn })
}

/// The order ids of the last twenty orders before `next`, as a half-open range.
pub(super) fn last_twenty(next: OrderId) -> (OrderId, OrderId) {
    (OrderId(next.0.saturating_sub(20)), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_and_its_percentages_are_the_specifications() {
        let (scale, nurand) = (Scale::full(4), Nurand::run(11));
        let mut session = Session::new(&scale, 11, 5);
        let (mut kinds, mut lines, mut remote_lines, mut rollbacks) = ([0_u32; 5], 0, 0, 0);
        let (mut payments, mut remote_payments, mut by_name) = (0, 0, 0);
        for _ in 0..100_000 {
            session.draw(&scale, &nurand);
            kinds[session.input().kind() as usize] += 1;
            match session.input() {
                Input::NewOrder(order) => {
                    assert!((5..=15).contains(&order.lines().len()));
                    lines += order.lines().len();
                    remote_lines += order.lines().iter().filter(|l| l.supplier != order.place.warehouse).count();
                    rollbacks += u32::from(order.lines().iter().any(|l| l.item.0 > scale.items));
                }
                Input::Payment(payment) => {
                    payments += 1;
                    remote_payments += u32::from(payment.place.warehouse != payment.customer_place.warehouse);
                    by_name += u32::from(matches!(payment.customer, Customer::Name(_)));
                }
                Input::OrderStatus { .. } | Input::Delivery { .. } | Input::StockLevel { .. } => {}
            }
        }
        assert_eq!(kinds, [45_000, 43_000, 4000, 4000, 4000]);
        let share = |part: f64, whole: f64| 100.0 * part / whole;
        assert!((0.8..1.2).contains(&share(remote_lines as f64, lines as f64)));
        assert!((0.8..1.2).contains(&share(rollbacks.into(), 45_000.0)));
        assert!((14.0..16.0).contains(&share(remote_payments.into(), payments.into())));
        assert!((59.0..61.0).contains(&share(by_name.into(), payments.into())));
        assert!((9.8..10.2).contains(&(lines as f64 / 45_000.0)));
    }
}
