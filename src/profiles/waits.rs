//! Waiting by cause: how long and how often an operation waited, in A and in B.

use std::collections::BTreeMap;

use serde::Serialize;

use super::difference::{Change, Difference};
use super::functions::functions;

/// One cause of waiting, per operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitCost {
    /// The driver's name for it: `fsync`, `lock`.
    pub cause: String,
    /// Nanoseconds in A, of all threads.
    pub ns_a: f64,
    /// Nanoseconds in B.
    pub ns_b: f64,
    /// Nanoseconds, B − A.
    pub delta: f64,
    /// Half the width of the interval of `delta`; `None` where nothing is known of it.
    pub noise: Option<f64>,
    /// How often in A; absent where the driver does not say.
    pub times_a: Option<f64>,
    /// How often in B.
    pub times_b: Option<f64>,
    /// What the change amounts to.
    #[serde(skip)]
    pub change: Change,
}

/// Every cause in the driver's words, the greatest change first. The cause is the last frame of a wait's stack.
pub fn waits(long: &Difference, often: Option<&Difference>) -> Vec<WaitCost> {
    let often: Option<BTreeMap<String, (f64, f64)>> = often.map(|often| {
        functions(often).into_iter().map(|function| (function.name, (function.own_a, function.own_b))).collect()
    });
    let causes = functions(long).into_iter().map(|function| {
        // A cause that waited, but is in no line of how often: it did not wait there.
        let times = often.as_ref().map(|often| often.get(&function.name).copied().unwrap_or_default());
        WaitCost {
            ns_a: function.own_a,
            ns_b: function.own_b,
            delta: function.delta,
            noise: function.noise,
            times_a: times.map(|(a, _)| a),
            times_b: times.map(|(_, b)| b),
            change: function.change,
            cause: function.name,
        }
    });
    // What stands above a cause waits only through it.
    causes.filter(|cause| cause.ns_a > 0.0 || cause.ns_b > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::super::profile::tests::profile;
    use super::super::profile::{Arm, Kind};
    use super::*;

    #[test]
    fn how_long_and_how_often_by_hand() {
        let of = |kind, a, b| Difference::of(profile(Arm::A, kind, a, 0, 100), profile(Arm::B, kind, b, 0, 200));
        let long = of(Kind::Wait, "tpcc;fsync 9000\ntpcc;lock 100\n", "tpcc;fsync 2000\ntpcc;log_wait 600\n");
        let often = of(Kind::Times, "tpcc;fsync 100\ntpcc;lock 5\n", "tpcc;fsync 10\ntpcc;log_wait 190\n");
        let all = waits(&long, Some(&often));
        let told: Vec<_> = all.iter().map(|w| (w.cause.as_str(), w.ns_a, w.ns_b, w.times_a, w.times_b)).collect();
        assert_eq!(
            told,
            [
                ("fsync", 90.0, 10.0, Some(1.0), Some(0.05)),
                ("log_wait", 0.0, 3.0, Some(0.0), Some(0.95)),
                ("lock", 1.0, 0.0, Some(0.05), Some(0.0)),
            ]
        );
        assert_eq!((all[0].change, all[1].change), (Change::Cheaper, Change::New));
        assert_eq!(waits(&long, None)[0].times_a, None, "not known");
    }
}
