//! Whether somebody else is at work: the lease, load, pressure, and the processors while we look on.

use std::thread::sleep;
use std::time::Duration;

use super::Finding;
use super::kernel::Kernel;
use crate::config::MachineRules;
use crate::lab::machine::{Reading, some_avg10};
use crate::machine::{Place, giving_way, lease};

/// How long the processors are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Memory pressure in percent above which pages are being fetched instead of work being done.
const MEMORY_PRESSURE_MAX: f64 = 5.0;

/// Load for each processor above which somebody is at work.
const LOAD_MAX: f64 = 0.5;

pub(super) fn findings(kernel: &Kernel, rules: &MachineRules, place: &Place) -> Vec<Finding> {
    let (foreign, stolen) = look(kernel);
    let pressure = |check, of: &str, max| pressure(check, kernel.read(&format!("proc/pressure/{of}")).as_deref(), max);
    vec![
        lease_of(place),
        load(kernel.number("proc/loadavg"), kernel.allowed().len()),
        foreign_cpu(foreign, rules.foreign_cpu_max),
        steal(stolen, rules.steal_max),
        pressure("CPU pressure", "cpu", rules.cpu_pressure_max),
        pressure("I/O pressure", "io", rules.io_pressure_max),
        pressure("memory pressure", "memory", MEMORY_PRESSURE_MAX),
    ]
}

fn lease_of(place: &Place) -> Finding {
    const CHECK: &str = "lease";
    if lease::is_taken(place) {
        let holder = lease::holder(place).map_or_else(|| "another measurement".to_owned(), |holder| holder.to_string());
        return Finding::doubtful(
            CHECK,
            format!("held: {holder}"),
            "wait for it with --wait; what is found below is its doing",
        );
    }
    match giving_way::registered(place).len() {
        0 => Finding::good(CHECK, "free"),
        builds => Finding::good(CHECK, format!("free; {builds} at work that give way")),
    }
}

/// CPU use of others and stolen time, as fractions of all processors. `None` where the kernel does not tell.
fn look(kernel: &Kernel) -> (Option<f64>, Option<f64>) {
    let read = || match kernel.is_ours() {
        true => Some(Reading::take(&[])),
        false => Reading::of(&kernel.read("proc/stat")?),
    };
    let before = read();
    sleep(LOOK);
    let (Some(before), Some(after)) = (before, read()) else { return (None, None) };
    // Another machine's files may stand still: then what they say of the time since its start.
    let since = if before == after { Reading::default() } else { before };
    let (foreign, steal) = after.since(since);
    (kernel.is_ours().then_some(foreign), Some(steal))
}

fn foreign_cpu(share: Option<f64>, max: f64) -> Finding {
    const CHECK: &str = "foreign CPU";
    match share {
        Some(share) if share <= max => Finding::good(CHECK, format!("{:.1} % in half a second", share * 100.0)),
        Some(share) => Finding::doubtful(
            CHECK,
            format!("{:.1} % in half a second; pairs are dropped above {:.1} %", share * 100.0, max * 100.0),
            "stop what else runs, or run it as `workbench yield -- …`, so that it stands still during measurements",
        ),
        None => Finding::doubtful(CHECK, "not to be seen", "make sure that nothing else runs"),
    }
}

fn steal(share: Option<f64>, max: f64) -> Finding {
    const CHECK: &str = "steal";
    match share {
        Some(share) if share <= max => Finding::good(CHECK, format!("{:.1} %", share * 100.0)),
        Some(share) => Finding::doubtful(
            CHECK,
            format!("{:.1} %; pairs are dropped above {:.1} %", share * 100.0, max * 100.0),
            "the host gives our time to others: measure on a machine whose processors are its own",
        ),
        None => Finding::doubtful(CHECK, "this system does not tell", "pairs are judged by foreign CPU alone"),
    }
}

fn load(load: Option<f64>, processors: usize) -> Finding {
    let found = |load: f64| format!("{load:.2} on {processors} processors");
    match load {
        Some(load) if load <= processors.max(1) as f64 * LOAD_MAX => Finding::good("load", found(load)),
        Some(load) => {
            Finding::doubtful("load", found(load), "somebody is at work: measurements will wait, or drop pairs")
        }
        None => Finding::doubtful("load", "this system does not tell", "make sure that nothing else runs"),
    }
}

fn pressure(check: &'static str, text: Option<&str>, max: f64) -> Finding {
    match text.and_then(some_avg10) {
        Some(percent) if percent <= max => Finding::good(check, format!("{percent:.1} %")),
        Some(percent) => Finding::doubtful(
            check,
            format!("{percent:.1} % of the last ten seconds; {max:.0} % is the limit"),
            "wait until the machine is quiet before measuring",
        ),
        None => Finding::doubtful(
            check,
            "this kernel does not tell",
            "boot with psi=1 where it is built in; until then quiet is judged by CPU time alone",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::State;
    use super::super::kernel::tests::Faked;
    use super::*;
    use crate::machine::{Asked, Lease, Owner};

    #[test]
    fn a_busy_machine_is_seen() {
        let doubtful = |finding: Finding| finding.state == State::Doubtful && finding.remedy.is_some();
        assert!(doubtful(foreign_cpu(Some(0.06), 0.05)) && !doubtful(foreign_cpu(Some(0.04), 0.05)));
        assert!(doubtful(steal(Some(0.03), 0.02)) && !doubtful(steal(Some(0.01), 0.02)));
        assert!(doubtful(load(Some(1.2), 2)) && !doubtful(load(Some(0.9), 2)));
        let pressed = "some avg10=12.50 avg60=3.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0";
        assert!(
            doubtful(pressure("memory pressure", Some(pressed), 5.0))
                && !doubtful(pressure("CPU pressure", Some(pressed), 20.0))
        );
        assert!(
            [foreign_cpu(None, 1.0), steal(None, 1.0), load(None, 2), pressure("x", None, 1.0)]
                .into_iter()
                .all(doubtful)
        );
    }

    #[test]
    fn time_stolen_since_the_start_is_seen_where_nothing_moves() {
        let faked = Faked::new(&[("proc/stat", "cpu  100 0 100 700 0 0 0 100 0 0\n")]);
        assert_eq!(look(&faked.kernel()), (None, Some(0.1)));
        assert_eq!(look(&Faked::new(&[]).kernel()), (None, None));
    }

    #[test]
    fn who_measures_now_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path().join("machine"));
        assert_eq!(lease_of(&place).state, State::Good);
        let Asked::Granted(_lease) = Lease::ask(&place, &Owner::new("apply T003", Path::new("/srv"))).unwrap() else {
            panic!()
        };
        let finding = lease_of(&place);
        assert!(
            finding.state == State::Doubtful && finding.found.starts_with("held: apply T003 in /srv by "),
            "{finding:?}"
        );
    }
}
