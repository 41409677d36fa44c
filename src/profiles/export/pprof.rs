//! pprof's `profile.proto`, in the messages of the crate `pprof` and a gzip container.
//!
//! <https://github.com/google/pprof/blob/main/proto/profile.proto>

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use pprof::protos::{self, Message as _};

use super::{OPS, scaled, stacks, stacks_of_both, unit};
use crate::profiles::difference::Difference;
use crate::profiles::profile::Profile;
use crate::units::grouped;

/// One arm: what was counted, what that amounts to, and the same for a million operations, by which two arms compare
/// (`pprof -diff_base`).
pub fn profile(profile: &Profile) -> Vec<u8> {
    let kind = profile.kind;
    let mut file = File::default();
    let (name, unit) = (kind.to_string(), unit(kind));
    if profile.counts_samples() {
        file.sample_type("samples", "count");
    }
    file.sample_type(&name, unit);
    let per_ops = format!("{name}_per_million_ops");
    file.sample_type(&per_ops, unit);
    file.default_type(&per_ops);
    for (stack, counts) in stacks(profile) {
        let cost = profile.cost(&counts);
        let whole = (cost * profile.ops().max(1) as f64).round() as i64;
        let counted = i64::try_from(counts.sum()).unwrap_or(i64::MAX);
        match profile.counts_samples() {
            true => file.sample(&stack, &[counted, whole, scaled(cost)]),
            false => file.sample(&stack, &[whole, scaled(cost)]),
        }
    }
    file.duration(i64::try_from(profile.cpu().as_nanos()).unwrap_or(i64::MAX));
    if let Some(period) = profile.stretches.first().and_then(|stretch| stretch.period) {
        file.period("cpu", "nanoseconds", i64::try_from(period.as_nanos()).unwrap_or(i64::MAX));
    }
    file.comment(&format!("{}: {}", profile.arm.label(), profile.coverage()));
    file.bytes()
}

/// The difference B − A for a million operations, and both sides of it.
pub fn difference(difference: &Difference) -> Vec<u8> {
    let (kind, unit) = (difference.kind(), unit(difference.kind()));
    let mut file = File::default();
    for name in ["a", "b", "difference"] {
        file.sample_type(&format!("{kind}_{name}_per_million_ops"), unit);
    }
    file.default_type(&format!("{kind}_difference_per_million_ops"));
    for (stack, a, b) in stacks_of_both(difference) {
        // The difference of the rounded numbers, so that the three columns agree to the last digit.
        let (a, b) = (scaled(a), scaled(b));
        file.sample(&stack, &[a, b, b - a]);
    }
    for profile in [&difference.a, &difference.b] {
        file.comment(&format!("{}: {}", profile.arm.label(), profile.coverage()));
    }
    file.comment(&format!("per {} operations; a saving is negative", grouped(OPS as u64)));
    file.bytes()
}

// ---- the file ----------------------------------------------------------------------------------------------------------------

/// A profile in the making: messages that refer to one another, and to texts, by number.
struct File {
    profile: protos::Profile,
    texts: BTreeMap<String, i64>,
    locations: BTreeMap<String, u64>,
}

impl Default for File {
    fn default() -> Self {
        let mut file = Self { profile: protos::Profile::default(), texts: BTreeMap::new(), locations: BTreeMap::new() };
        file.text("");
        file
    }
}

impl File {
    fn sample_type(&mut self, name: &str, unit: &str) {
        let value_type = self.value_type(name, unit);
        self.profile.sample_type.push(value_type);
    }

    fn sample(&mut self, stack: &[String], values: &[i64]) {
        let leaf_first = stack.iter().rev().map(|frame| self.location(frame)).collect();
        self.profile.sample.push(protos::Sample { location_id: leaf_first, value: values.to_vec(), label: Vec::new() });
    }

    fn duration(&mut self, ns: i64) {
        self.profile.duration_nanos = ns;
    }

    fn period(&mut self, name: &str, unit: &str, period: i64) {
        self.profile.period_type = Some(self.value_type(name, unit));
        self.profile.period = period;
    }

    fn comment(&mut self, text: &str) {
        let text = self.text(text);
        self.profile.comment.push(text);
    }

    fn default_type(&mut self, name: &str) {
        self.profile.default_sample_type = self.text(name);
    }

    /// The file: the same bytes for the same profile, so without a time in the container.
    fn bytes(self) -> Vec<u8> {
        let mut file = GzBuilder::new().write(Vec::new(), Compression::default());
        file.write_all(&self.profile.encode_to_vec())
            .and_then(|()| file.finish())
            .unwrap_or_else(|error| unreachable!("memory takes all that is written to it: {error}"))
    }

    /// The location of a function, written when it is first asked for; folded stacks know no addresses.
    fn location(&mut self, frame: &str) -> u64 {
        if let Some(id) = self.locations.get(frame) {
            return *id;
        }
        let (id, name) = (self.locations.len() as u64 + 1, self.text(frame));
        let line = vec![protos::Line { function_id: id, ..protos::Line::default() }];
        self.profile.location.push(protos::Location { id, line, ..protos::Location::default() });
        self.profile.function.push(protos::Function { id, name, system_name: name, ..protos::Function::default() });
        self.locations.insert(frame.to_owned(), id);
        id
    }

    fn value_type(&mut self, name: &str, unit: &str) -> protos::ValueType {
        protos::ValueType { ty: self.text(name), unit: self.text(unit) }
    }

    /// The text's place in the string table, whose first entry is empty.
    fn text(&mut self, text: &str) -> i64 {
        if let Some(at) = self.texts.get(text) {
            return *at;
        }
        let at = i64::try_from(self.profile.string_table.len()).unwrap_or(i64::MAX);
        self.profile.string_table.push(text.to_owned());
        self.texts.insert(text.to_owned(), at);
        at
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::super::tests::lossy;
    use super::*;
    use crate::profiles::profile::tests::profile as captured;
    use crate::profiles::profile::{Arm, Kind};

    /// A field as it comes off the wire: its number, and a number or bytes.
    #[derive(Debug, Clone, PartialEq)]
    enum Field {
        Number(u64),
        Bytes(Vec<u8>),
    }

    /// Reads a message by the wire format's rules alone.
    fn read(mut bytes: &[u8]) -> Vec<(u64, Field)> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Number(varint(&mut bytes)),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (value, rest) = bytes.split_at(length);
                    bytes = rest;
                    Field::Bytes(value.to_vec())
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        fields
    }

    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (byte, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return number;
            }
        }
    }

    fn messages(fields: &[(u64, Field)], number: u64) -> Vec<Vec<(u64, Field)>> {
        let of = |(n, field): &(u64, Field)| match field {
            Field::Bytes(bytes) if *n == number => Some(read(bytes)),
            _ => None,
        };
        fields.iter().filter_map(of).collect()
    }

    fn number(fields: &[(u64, Field)], number: u64) -> u64 {
        let found = fields.iter().find_map(|(n, field)| match field {
            Field::Number(value) if *n == number => Some(*value),
            _ => None,
        });
        found.unwrap_or_default()
    }

    fn packed(fields: &[(u64, Field)], number: u64) -> Vec<u64> {
        let found = fields.iter().find_map(|(n, field)| match field {
            Field::Bytes(bytes) if *n == number => Some(bytes.as_slice()),
            _ => None,
        });
        let mut bytes = found.unwrap_or_default();
        let mut numbers = Vec::new();
        while !bytes.is_empty() {
            numbers.push(varint(&mut bytes));
        }
        numbers
    }

    /// The file as a reader of the format sees it: names of the values, stacks root first, comments. Panics where `CheckValid` of
    /// pprof would refuse it: an index that leads nowhere, an id of 0 or used twice, a sample without all its values.
    #[derive(Debug, PartialEq)]
    struct Seen {
        types: Vec<String>,
        default_type: String,
        samples: Vec<(String, Vec<i64>)>,
        period: u64,
        comments: Vec<String>,
    }

    fn seen(bytes: &[u8]) -> Seen {
        let mut plain = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        let file = read(&plain);
        let texts: Vec<String> = file
            .iter()
            .filter_map(|(n, field)| match field {
                Field::Bytes(bytes) if *n == 6 => Some(String::from_utf8(bytes.clone()).unwrap()),
                _ => None,
            })
            .collect();
        assert_eq!(texts[0], "", "the first text is empty");
        let text = |index: u64| texts[index as usize].clone();
        let types: Vec<String> =
            messages(&file, 1).iter().map(|of| format!("{}/{}", text(number(of, 1)), text(number(of, 2)))).collect();
        let mut functions = BTreeMap::new();
        for function in messages(&file, 5) {
            assert!(functions.insert(number(&function, 1), text(number(&function, 2))).is_none());
        }
        let mut locations = BTreeMap::new();
        for location in messages(&file, 4) {
            let lines = messages(&location, 4);
            let name = functions[&number(&lines[0], 1)].clone();
            assert!(number(&location, 1) > 0 && locations.insert(number(&location, 1), name).is_none());
        }
        let sample = |fields: &Vec<(u64, Field)>| {
            let stack: Vec<String> = packed(fields, 1).iter().rev().map(|id| locations[id].clone()).collect();
            let values: Vec<i64> = packed(fields, 2).into_iter().map(u64::cast_signed).collect();
            assert_eq!(values.len(), types.len());
            (stack.join(";"), values)
        };
        Seen {
            default_type: text(number(&file, 14)),
            samples: messages(&file, 2).iter().map(sample).collect(),
            period: number(&file, 12),
            comments: packed(&file, 13).into_iter().map(text).collect(),
            types,
        }
    }

    #[test]
    fn an_arm_comes_back() {
        let Seen { types, default_type, samples, period, comments } = seen(&profile(&lossy().a));
        assert_eq!(types, ["samples/count", "cpu/nanoseconds", "cpu_per_million_ops/nanoseconds"]);
        assert_eq!((default_type.as_str(), period), ("cpu_per_million_ops", 1_000_000));
        let sync = ("run;sync".to_owned(), vec![60, 60_000_000, 60_000_000_000]);
        let work = ("run;work".to_owned(), vec![30, 30_000_000, 30_000_000_000]);
        assert_eq!(samples, [sync, work]);
        assert!(comments[0].starts_with("A (off): 90 samples"), "{comments:?}");
    }

    #[test]
    fn a_saving_is_negative_and_the_whole_is_what_was_measured() {
        let Seen { types, default_type, samples, .. } = seen(&difference(&lossy()));
        assert_eq!(types[2], "cpu_difference_per_million_ops/nanoseconds");
        assert_eq!(default_type, "cpu_difference_per_million_ops");
        let deltas: Vec<(&str, i64)> = samples.iter().map(|(stack, values)| (stack.as_str(), values[2])).collect();
        let expected = [("[not sampled]", -8_000_000_000), ("run;sync", -50_000_000_000), ("run;work", 8_000_000_000)];
        assert_eq!(deltas, expected);
        assert_eq!(deltas.iter().map(|(_, delta)| delta).sum::<i64>(), -50_000_000_000, "50 µs of an operation");
    }

    proptest! {
        #[test]
        fn any_profile_comes_back(stacks in prop::collection::vec((prop::collection::vec("[a-c<>é ]{1,3}[a-z]", 1..6), 1..u64::from(u32::MAX)), 0..20)) {
            let folded: String = stacks.iter().map(|(stack, count)| format!("{} {count}\n", stack.join(";"))).collect();
            let one = captured(Arm::B, Kind::Wait, &folded, 1, 1);
            let back: BTreeMap<String, i64> = seen(&profile(&one)).samples.into_iter().map(|(stack, values)| (stack, values[0])).collect();
            let expected: BTreeMap<String, i64> =
                one.folded().stacks().map(|(stack, count)| (stack.join(";"), i64::try_from(count).unwrap())).collect();
            prop_assert_eq!(back, expected);
        }
    }
}
