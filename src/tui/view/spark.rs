//! Sparklines of one or more rows, on a scale that both arms share.

use crate::tui::theme::Look;

/// Rows of text from top to bottom for values between 0 and `top`.
pub(super) fn rows(look: &Look, values: &[f64], top: f64, rows: u16) -> Vec<String> {
    let steps = look.glyphs.spark.len();
    let rows = usize::from(rows);
    let height = |value: &f64| {
        if rows == 0 || top <= 0.0 || !value.is_finite() {
            return 0;
        }
        // A value that is there shows at least the lowest step.
        ((value / top * (rows * steps) as f64).round() as usize).clamp(1, rows * steps)
    };
    let heights: Vec<usize> = values.iter().map(height).collect();
    (0..rows)
        .rev()
        .map(|row| {
            let cell = |height: &usize| match height.saturating_sub(row * steps).min(steps) {
                0 => " ",
                filled => look.glyphs.spark[filled - 1],
            };
            heights.iter().map(cell).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeName;

    #[test]
    fn heights_share_one_scale() {
        let look = Look::new(ThemeName::Mono, false);
        assert_eq!(rows(&look, &[0.0, 1.0, 4.0, 8.0], 8.0, 1), ["▁▁▄█"]);
        assert_eq!(rows(&look, &[4.0, 8.0], 8.0, 2), [" █", "██"]);
        assert_eq!(rows(&look, &[f64::NAN, 1.0], 0.0, 1), ["  "]);
        assert!(rows(&look, &[1.0], 1.0, 0).is_empty());
    }
}
