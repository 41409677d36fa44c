//! Which sets of improvements are tried.

use super::covering;

/// One set of improvements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSet {
    /// What it is called in output and file names.
    pub name: String,
    /// The improvements that are on.
    pub features: Vec<String>,
}

impl FeatureSet {
    fn new(name: impl Into<String>, features: &[&str]) -> Self {
        FeatureSet { name: name.into(), features: features.iter().map(|name| (*name).to_owned()).collect() }
    }
}

/// None, all, and the rows that together show every pair of improvements in every combination.
pub fn covering_sets(improvements: &[&str]) -> Vec<FeatureSet> {
    let row = |row| FeatureSet::new(format!("row-{}", row + 1), &covering::row(improvements, row));
    // While there are few improvements, the last rows are the empty set again.
    let rows = (0..covering::ROWS).map(row).filter(|set| !set.features.is_empty());
    [FeatureSet::new("none", &[]), FeatureSet::new("all", improvements)].into_iter().chain(rows).collect()
}

/// Each improvement alone, and all but each.
pub fn each(improvements: &[&str]) -> Vec<FeatureSet> {
    let on = improvements.iter().map(|name| FeatureSet::new(format!("only-{name}"), &[name]));
    let off = improvements.iter().map(|name| {
        let others: Vec<&str> = improvements.iter().copied().filter(|other| other != name).collect();
        FeatureSet::new(format!("without-{name}"), &others)
    });
    on.chain(off).collect()
}

/// The set that somebody named: `t002+b004`.
pub fn named(text: &str, improvements: &[&str]) -> Result<FeatureSet, String> {
    let features: Vec<&str> = text.split(['+', ',']).map(str::trim).filter(|name| !name.is_empty()).collect();
    match features.iter().find(|name| !improvements.contains(name)) {
        Some(unknown) => Err((*unknown).to_owned()),
        None => {
            Ok(FeatureSet::new(if features.is_empty() { "none".to_owned() } else { features.join("+") }, &features))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: [&str; 3] = ["t001", "t003", "b002"];

    #[test]
    fn the_sets_are_what_they_are_called() {
        let covering = covering_sets(&THREE);
        assert_eq!(covering.len(), 2 + 5, "of three improvements the last two rows have none");
        assert_eq!((covering[0].features.len(), covering[1].features.len()), (0, 3));
        let each = each(&THREE);
        assert_eq!(each.len(), 6);
        assert_eq!((each[1].name.as_str(), each[1].features.as_slice()), ("only-t003", &["t003".to_owned()][..]));
        assert_eq!((each[3].name.as_str(), each[3].features.len()), ("without-t001", 2));
        assert_eq!(named("b002+t001", &THREE).unwrap().features, ["b002", "t001"]);
        assert_eq!(named("b002,t009", &THREE), Err("t009".to_owned()));
    }
}
