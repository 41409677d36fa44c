//! The flame graph of one arm, by inferno: its zoom and search are hard to better.

use std::io;

use inferno::flamegraph::color::MultiPalette;
use inferno::flamegraph::{Direction, Options, Palette, from_lines};

use super::profile::{Kind, Profile};
use super::svg::{Font, Svg};

/// The flame graph of `profile` as SVG, the root on top. Equal profiles give equal bytes.
pub fn flame(profile: &Profile, title: &str) -> io::Result<String> {
    let folded = profile.folded();
    if folded.total() == 0 {
        return Ok(nothing(profile, title));
    }
    let mut options = Options::default();
    options.title = title.to_owned();
    options.subtitle = Some(profile.coverage());
    options.direction = Direction::Inverted;
    options.hash = true;
    options.deterministic = true;
    options.font_type = "monospace".to_owned();
    options.min_width = 0.1;
    options.name_type = "Function:".to_owned();
    match profile.kind {
        Kind::Cpu => {
            options.colors = Palette::Multi(MultiPalette::Rust);
            options.count_name = if profile.counts_samples() { "samples" } else { "ns" }.to_owned();
        }
        Kind::Alloc => {
            options.colors = Palette::Multi(MultiPalette::Rust);
            options.count_name = "bytes".to_owned();
        }
        Kind::Wait | Kind::Times | Kind::Instructions | Kind::Allocs => {
            options.colors = Palette::Basic(inferno::flamegraph::color::BasicPalette::Blue);
            options.count_name = match profile.kind {
                Kind::Cpu | Kind::Wait => "ns".to_owned(),
                Kind::Times | Kind::Instructions | Kind::Alloc | Kind::Allocs => profile.kind.label().to_owned(),
            };
        }
    }
    let text = folded.to_string();
    let mut svg = Vec::new();
    from_lines(&mut options, text.lines(), &mut svg)?;
    String::from_utf8(svg).map_err(io::Error::other)
}

/// What is shown when nothing was counted: that nothing was counted.
fn nothing(profile: &Profile, title: &str) -> String {
    let font = |size, bold| Font { size, color: "#374151", bold };
    let mut svg = Svg::default();
    svg.text(16.0, 30.0, font(17.0, true), title);
    svg.text(16.0, 52.0, font(12.0, false), &profile.coverage());
    svg.text(16.0, 76.0, font(12.0, false), "Nothing was counted.");
    svg.finish(1200.0, 96.0)
}

#[cfg(test)]
mod tests {
    use super::super::profile::Arm;
    use super::super::profile::tests::profile;
    use super::*;

    #[test]
    fn is_the_same_for_the_same_profile_and_states_what_it_covers() {
        let one = || profile(Arm::A, Kind::Cpu, "main;commit;<sync> 60\nmain;work 40\n", 400, 1_000);
        let svg = flame(&one(), "T003 A (off)").unwrap();
        assert_eq!(svg, flame(&one(), "T003 A (off)").unwrap());
        assert!(svg.contains("T003 A (off)") && svg.contains("100 samples (250 per CPU-second)"), "{svg}");
        assert!(svg.contains("&lt;sync&gt;"), "names are escaped");
        assert!(flame(&profile(Arm::A, Kind::Cpu, "", 0, 0), "idle").unwrap().contains("Nothing was counted"));
    }
}
