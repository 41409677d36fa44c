//! The rule where nobody claims anything.

use super::world::{World, ruled};
use crate::lab::experiment::*;
use crate::lab::verdict::*;

/// Two workloads that may go either way.
fn comparison(first: &[f64], second: &[f64]) -> World {
    let mut world = World::new().main(first).guard(second);
    world.plan.question = Question::Compare;
    world.plan.mechanism = None;
    world.plan.workloads.pop();
    for workload in &mut world.plan.workloads {
        workload.role = Role::Compared;
    }
    world
}

const STILL: &[f64] = &[0.001, -0.002, 0.002, -0.001, 0.0];

#[test]
fn each_comparison_gets_its_word() {
    let swinging: Vec<f64> = (0..30).map(|i| 0.16 * f64::from(i % 5 - 2) / 2.0).collect();
    let slightly = |by: f64| -> Vec<f64> { (0..30).map(|i| by + 0.03 * f64::from(i % 5 - 2) / 2.0).collect() };
    let cases = [
        ("better", vec![0.2, 0.21, 0.19], STILL, Verdict::Better, true, "main is better: +2"),
        ("worse", vec![-0.2, -0.21, -0.19], STILL, Verdict::Worse, false, "main is worse beyond ±3.0 %: −1"),
        ("as it was", STILL.to_vec(), STILL, Verdict::Same, true, "main shows no difference beyond ±3.0 %"),
        ("nothing told by the limit", swinging, STILL, Verdict::Inconclusive, true, "within ±3.0 % or not is open"),
        ("a little better", slightly(0.02), STILL, Verdict::Better, true, "main is better: +2"),
        ("a little worse", slightly(-0.02), STILL, Verdict::Worse, true, "main is worse: −1"),
        ("one up, one down", vec![0.2, 0.21], &[-0.1, -0.11], Verdict::Worse, false, "guard is worse beyond"),
    ];
    for (name, first, second, verdict, passed, reason) in cases {
        let ruling = comparison(&first, second).ruling();
        assert_eq!((ruling.verdict, ruling.passed), (verdict, passed), "{name}: {}", ruling.reason);
        assert!(ruling.reason.contains(reason), "{name}: {}", ruling.reason);
        assert_eq!((ruling.decision.len(), ruling.confirmation, ruling.mechanism), (2, None, None), "{name}");
    }
}

#[test]
fn a_comparison_stops_early_and_replays() {
    let world = comparison(&[0.2, 0.21, 0.19], STILL);
    let (outlook, pairs) = world.play(|_| ());
    assert!(pairs.iter().filter(|pair| pair.workload == 0).count() <= 7, "{}", pairs.len());
    let plan: Plan = serde_json::from_str(&serde_json::to_string(&world.plan).unwrap()).unwrap();
    assert_eq!(plan, world.plan);
    assert_eq!(replay(&plan, &pairs), Some(ruled(outlook)));
}

#[test]
fn an_arm_is_the_same_as_itself_or_the_measuring_is_broken() {
    let calibration = |differences: &[f64]| {
        let mut world = comparison(differences, STILL);
        world.plan.question = Question::Itself;
        world.plan.policy.pair_limit = 12;
        for workload in &mut world.plan.workloads {
            workload.role = Role::Control;
        }
        world
    };
    let (outlook, pairs) = calibration(STILL).play(|_| ());
    let ruling = ruled(outlook);
    assert_eq!((ruling.verdict, ruling.passed), (Verdict::Same, true), "{}", ruling.reason);
    assert_eq!(pairs.iter().filter(|pair| pair.run == Run::Calibration).count(), 24, "every pair was wanted");
    assert_eq!(ruling.decision[1].pairs, 12);

    let biased = calibration(&[0.05, 0.06, 0.055]).ruling();
    assert_eq!((biased.verdict, biased.passed), (Verdict::Broken, false));
    assert!(biased.reason.starts_with("an arm differs from itself: main +5."), "{}", biased.reason);

    let (outlook, _) = calibration(STILL).play(|pair| pair.dropped = Some("steal 7 %".to_owned()));
    assert_eq!(outlook, Outlook::TooBusy { dropped: 3, of: 3 });
}

#[test]
fn what_is_lost_without_an_improvement_is_judged_by_the_rule_for_adding_it() {
    let mut world = World::new();
    let added = world.ruling();
    let Question::AddOneIn(improvement) = world.plan.question.clone() else { panic!() };
    world.plan.question = Question::LeaveOneOut(improvement);
    let left_out = world.ruling();
    assert!(left_out.reason.starts_with("the gain that is lost without it is at least +"), "{}", left_out.reason);
    assert_eq!(Ruling { reason: added.reason.clone(), ..left_out }, added);
}
