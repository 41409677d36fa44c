//! What it costs to build many sets of the engine's features.

use std::time::{Duration, Instant};

use workbench::catalog::Catalog;
use workbench::lab::build::{Arms, Lane, prepare};
use workbench::lab::experiment::{Binary, Side};
use workbench::lab::folder::LabFolder;
use workbench::project::Project;

/// As many as a design for all 33 improvements needs, at least.
const SETS: usize = 34;

/// The sets are distinct, and each has about half of the features, as the rows of a design do.
fn sets(features: &[&str]) -> Vec<Vec<String>> {
    let bits = |set: usize| (set * 0x9e37_79b1) >> 7;
    let of = |set: usize| {
        let chosen = features.iter().enumerate().filter(|(at, _)| bits(set) >> at & 1 == 1);
        chosen.map(|(_, name)| (*name).to_owned()).collect()
    };
    (1..=SETS).map(of).collect()
}

async fn build(arms: &Arms, set: &[String]) -> Binary {
    let ([lane], _events) = Lane::several();
    arms.build(Side::A, set, &lane).await.unwrap()
}

#[tokio::test]
#[ignore = "compiles the engine from nothing three times, and for 34 sets of features: ten minutes"]
async fn many_sets_cost_an_eighth_of_as_many_clean_builds() {
    let project = Project::at(env!("CARGO_MANIFEST_DIR").as_ref()).unwrap();
    let config = Catalog::load(&project).unwrap().config;
    let features = ["t001", "t002", "t003", "t004", "m001", "m003", "b001", "b002", "b004", "c003", "i001", "a001"];
    let sets = sets(&features);

    let (mut clean, mut all) = (Duration::MAX, Duration::ZERO);
    for last in [false, false, true] {
        let place = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target")).unwrap();
        let folder = LabFolder::at(place.path()).unwrap();
        let arms = prepare(&config, project.root(), &folder).await.unwrap();
        let began = Instant::now();
        assert!(!build(&arms, &sets[0]).await.cached);
        // The fastest of three is compared with: what disturbs a build makes it longer.
        clean = clean.min(began.elapsed());
        if !last {
            continue;
        }
        for (at, set) in sets.iter().enumerate().skip(1) {
            let began = Instant::now();
            assert!(!build(&arms, set).await.cached, "{set:?} was there before");
            eprintln!("set {at}: {:.1} s", began.elapsed().as_secs_f64());
        }
        all = began.elapsed();

        let began = Instant::now();
        for set in &sets {
            assert!(build(&arms, set).await.cached, "{set:?} was built again");
        }
        let again = began.elapsed();
        eprintln!("again: {:.2} s", again.as_secs_f64());
        assert!(again < Duration::from_secs(2), "{again:?}");
    }
    let part = all.as_secs_f64() / (SETS as f64 * clean.as_secs_f64());
    eprintln!(
        "{SETS} sets: {:.0} s; a clean build: {:.0} s; 1/{:.1}",
        all.as_secs_f64(),
        clean.as_secs_f64(),
        part.recip()
    );
    assert!(part <= 1.0 / 8.0, "1/{:.1}", part.recip());
}
