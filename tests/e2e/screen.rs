//! `workbench screen`: planted effects are found; what fails is a finding; nothing is lost.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use workbench::lab::screen::facts::LossStage;
use workbench::lab::screen::run::effects;

use super::screen_bench::{PLANTED, Screens, effect};

#[test]
fn the_plan_is_printed_and_nothing_done() {
    let screens = Screens::with(PLANTED);
    let ran = screens.run(&["screen", "--all", "--dry-run"]);
    insta::assert_snapshot!(ran.shown());
    assert!(!screens.lab.bench.path("tracking/workbench.db").exists());
    let json = screens.json(&["screen", "--all", "--dry-run", "--blocks", "3"]);
    assert_eq!(json["data"].as_array().unwrap().len(), 8);
    assert_eq!(json["data"][0]["features"], serde_json::json!([]));
    assert_eq!(json["meta"]["blocks"], 3);
}

#[test]
fn planted_effects_are_found_and_everything_about_them_kept() {
    let screens = Screens::with(PLANTED);
    let result = screens.json(&["screen", "--all", "--seed", "7", "--blocks", "4"]);
    let data = &result["data"];
    for (name, planted) in [("T003", 0.4), ("T011", 0.0), ("T012", 0.15), ("T013", 0.0), ("T014", -0.1), ("T015", 0.0)]
    {
        let [estimate, low, high] = effect(&result, name);
        assert!((estimate - planted).abs() < 0.02, "{name}: {estimate}");
        assert!(low <= planted && planted <= high, "{name}: [{low}, {high}]");
    }
    let standings: Vec<_> = data["effects"].as_array().unwrap().iter().map(|line| &line["standing"]).collect();
    assert_eq!(standings[..3], ["active"; 3], "{result}");
    assert_eq!(data["next"][0], "workbench apply T003");
    assert_eq!(data["next"][3], "workbench interact T003 T012 T014");
    assert_eq!((&data["pairs"], &data["builds"]), (&32.into(), &8.into()));

    let kept = screens.screen(1).unwrap();
    let layout = kept.layout.unwrap();
    assert_eq!(kept.pairs.len(), 32);
    assert_eq!(kept.builds.len(), 8, "the reference is one of them");
    let again = effects(&layout, &kept.losses, &kept.pairs);
    let first = again.estimates.iter().map(|estimate| estimate.effect.0.abs()).fold(0.0, f64::max);
    assert_eq!(data["effects"][0]["effect"].as_f64().unwrap().abs(), first, "derived again from the stored pairs");
    assert_eq!(screens.lab.leftovers(), 0);
}

#[test]
fn the_table_says_what_acts_and_what_to_confirm() {
    let screens = Screens::with(PLANTED);
    let ran = screens.run(&["screen", "T003", "T012", "T013", "T015", "--seed", "7", "--blocks", "3"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout);
    for said in ["block 3 of 3", "build 2 of 8 against the reference: tps", "2 of 4 effects stand out from the noise"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!(
        ran.stdout,
        screens
            .run(&["screen", "T003", "T012", "T013", "T015", "--seed", "7", "--blocks", "3"])
            .stdout
            .replace("screen 2", "screen 1")
    );
}

#[test]
fn killed_at_any_point_it_ends_as_if_it_had_not_been() {
    let slow = format!("{PLANTED}, sleep_ms: 8");
    let args = ["screen", "T003", "T012", "T014", "T015", "--seed", "5", "--blocks", "2"];
    let calm = Screens::with(&slow);
    let expected = calm.json(&args);

    let screens = Screens::with(&slow);
    let (mut kept, mut dice) = (Vec::new(), 0x2545_f491_4f6c_dd1d_u64);
    let mut first = screens.start(&args);
    screens.wait_for_pairs(1);
    kill(Pid::from_raw(i32::try_from(first.id()).unwrap()), Signal::SIGKILL).unwrap();
    first.wait().unwrap();
    let resume = ["screen", "T003", "T012", "T014", "T015", "--resume"];
    for round in 0..5 {
        let mut child = screens.start(&resume);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(20 + (dice >> 33) % 600));
        let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL);
        child.wait().unwrap();
        let now = screens.screen(1).unwrap().pairs;
        assert!(now.starts_with(&kept), "kill {round}: {} pairs, then {} others", kept.len(), now.len());
        kept = now;
        assert_eq!(screens.lab.problems(), Vec::<String>::new());
    }
    let result = screens.run(&[&resume[..], &["--json"]].concat());
    if result.code == 0 && result.stderr.contains("going on with screen 1") {
        let result: serde_json::Value = serde_json::from_str(&result.stdout).unwrap();
        assert_eq!(result["data"], expected["data"]);
    }
    let (kept, calm) = (screens.screen(1).unwrap(), calm.screen(1).unwrap());
    assert_eq!(kept.layout, calm.layout);
    let coins = |screen: &workbench::tracking::Screen| {
        screen.pairs.iter().map(|pair| (pair.row, pair.pair.seed, pair.pair.first, pair.pair.d)).collect::<Vec<_>>()
    };
    assert_eq!(coins(&kept), coins(&calm));
    assert_eq!((screens.lab.processes(), screens.lab.leftovers()), (Vec::new(), 0));
}

#[test]
fn folded_over_what_hid_in_an_effect_is_cleared() {
    // In this design of eight builds T003 is on where one of d and e is on alone.
    let screens = Screens::with("effect: 0.3, effect.d+e: 0.2, noise: 0.005, batch: 8");
    let refused = screens.run(&["screen", "--all", "--fold-over"]);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("no screen of these improvements"), "{}", refused.stderr);
    let workload =
        "--workload toy --metric tps --param effect=0.3 --param effect.d+e=0.2 --param noise=0.005 --param batch=8";
    let asked: Vec<&str> = "screen --all --seed 7 --blocks 2".split(' ').chain(workload.split(' ')).collect();
    let hidden = screens.json(&asked);
    assert!((effect(&hidden, "T003")[0] - 0.2).abs() < 0.03, "{hidden}");
    // The command that it proposes asks for the workload that was named, too.
    let next = hidden["data"]["next"].as_array().unwrap().last().unwrap().as_str().unwrap();
    let fold_over: Vec<&str> = next.split(' ').skip(1).collect();
    assert!(next.contains("--fold-over"), "{next}");
    let cleared = screens.json(&fold_over);
    assert!((effect(&cleared, "T003")[0] - 0.3).abs() < 0.02, "{cleared}");
    assert_eq!((&cleared["data"]["folded"], &cleared["data"]["builds"]), (&true.into(), &16.into()));
    let kept = screens.screen(1).unwrap();
    assert_eq!(kept.pairs.len(), 32, "what was measured before counts");
    assert!(screens.screen(2).is_none());
    assert_eq!(screens.json(&fold_over)["data"], cleared["data"], "once is enough");
}

#[test]
fn features_that_do_not_build_together_are_found_and_laid_out_around() {
    let exclusive = "#[cfg(all(feature = \"a\", feature = \"c\"))]\ncompile_error!(\"a and c exclude each other\");";
    let screens = Screens::built("effect: 0.3, effect.c: 0.1, noise: 0.005, batch: 8", exclusive);
    let result = screens.json(&["screen", "T003", "T011", "T012", "T013", "--seed", "7", "--blocks", "2"]);
    assert_eq!(result["data"]["conflicts"], serde_json::json!(["a and c do not build together"]));
    assert!(
        (effect(&result, "T003")[0] - 0.3).abs() < 0.05 && (effect(&result, "T013")[0] - 0.1).abs() < 0.05,
        "{result}"
    );
    let kept = screens.screen(1).unwrap();
    assert!(
        kept.losses.iter().all(|loss| loss.stage == LossStage::Build && loss.reason.contains("exclude each other"))
    );
    let layout = kept.layout.unwrap();
    assert!(layout.rows().all(|levels| !kept.conflicts[0].hits(&levels)), "{layout:?}");
}

#[test]
fn no_build_is_spent_on_what_the_register_says_does_not_go_together() {
    let exclusive = "#[cfg(all(feature = \"a\", feature = \"c\"))]\ncompile_error!(\"a and c exclude each other\");";
    let screens = Screens::built("effect: 0.3, effect.c: 0.1, noise: 0.005, batch: 8", exclusive);
    screens.lab.bench.replace("improvements/T013.yaml", "feature: c\n", "feature: c\nconflicts: [T011]\n");
    let asked = ["screen", "T003", "T011", "T012", "T013", "--seed", "7", "--blocks", "2"];
    let result = screens.json(&asked);
    let kept = screens.screen(1).unwrap();
    assert_eq!((kept.losses.as_slice(), kept.conflicts.as_slice()), (&[][..], &[][..]));
    assert_eq!(result["data"]["conflicts"], serde_json::json!([]), "nothing had to be found");
    let layout = kept.layout.unwrap();
    assert!(layout.why.ends_with("; a and c do not build together"), "{}", layout.why);
    assert!(layout.rows().all(|levels| !kept.plan.declared[0].hits(&levels)), "{layout:?}");
    assert!((effect(&result, "T003")[0] - 0.3).abs() < 0.05, "{result}");
}

#[test]
fn the_report_holds_a_screen_against_paired_verdicts() {
    let screens = Screens::with(PLANTED);
    assert_eq!(screens.lab.apply(&["--no-profile", "--seed", "1"]).code, 0);
    screens.json(&["screen", "--all", "--seed", "7", "--blocks", "4"]);
    let report = screens.run(&["report", "--output", "-"]).stdout;
    let section = report.split("### Screens").nth(1).unwrap_or_else(|| panic!("{report}"));
    let row = |id: &str| section.lines().find(|line| line.starts_with(&format!("| **{id}** "))).unwrap().to_owned();
    assert!(row("T003").contains("| acts |") && row("T003").ends_with("| agrees |"), "{section}");
    assert!(row("T014").contains("| harms |") && row("T014").ends_with("| not measured |"), "{section}");
    assert_eq!(screens.run(&["report", "--check"]).code, 4);
    assert_eq!(screens.run(&["report"]).code, 0);
    for picture in ["screen-1.effects.svg", "screen-1.half-normal-plot.svg"] {
        assert!(section.contains(&format!("({picture})")), "{section}");
        let svg = std::fs::read_to_string(screens.lab.bench.path(&format!("tracking/reports/{picture}"))).unwrap();
        assert!(svg.contains("T003") && svg.ends_with("</svg>\n"), "{svg}");
    }
    assert_eq!(screens.run(&["report", "--check"]).code, 0);
    let json: serde_json::Value = serde_json::from_str(&screens.run(&["report", "--json"]).stdout).unwrap();
    assert_eq!(json["data"]["screens"][0]["beside"][0]["agreement"], "agrees");
    assert_eq!(json["data"]["screens"][0]["screen"], 1);
}

#[test]
fn the_stack_itself_must_build() {
    let screens = Screens::built(PLANTED, "compile_error!(\"nothing builds\");");
    let ran = screens.run(&["screen", "T003", "T011", "T013"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("nothing builds") && ran.stderr.contains("no features"), "{}", ran.stderr);
}

#[test]
fn a_build_that_answers_wrongly_is_lost_and_told() {
    let screens = Screens::with(&format!("{PLANTED}, fault: die, only: with.e"));
    let ran = screens.run(&["screen", "T003", "T012", "T015", "T014", "--json", "--seed", "7", "--blocks", "3"]);
    // Half of the builds have e, the reference may be one of them: then there is nothing to measure against.
    if ran.code == 1 {
        assert!(ran.stderr.contains("the reference build failed"), "{}", ran.stderr);
    } else {
        let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(result["data"]["lost"].as_array().unwrap().len(), 4, "{result}");
        assert_eq!(result["data"]["unknown"], serde_json::json!(["T015"]));
    }
}

#[test]
fn what_cannot_be_screened_is_said() {
    let screens = Screens::with(PLANTED);
    for (args, code, said) in [
        (&["screen", "T003"][..], 2, "two improvements at least"),
        (&["screen", "T003", "T099"], 3, "there is no improvement `T099`"),
        (&["screen", "T003", "T001"], 4, "no optimized variant"),
        (&["screen", "--pack", "large"], 3, "there is no pack `large`"),
        (&["screen"], 2, "required"),
        (&["screen", "--all", "--workload", "toy"], 2, "--metric"),
        (&["screen", "--all", "--workload", "toy", "--metric", "qps"], 1, "has no metric `qps`"),
    ] {
        let ran = screens.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_busy_machine_is_exit_75() {
    let screens = Screens::with(PLANTED);
    let lease = screens.lab.lease("calibrate");
    let ran = screens.run(&["screen", "--all"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(ran.stderr.contains("workbench screen T003 T011"), "{}", ran.stderr);
    drop(lease);
}
