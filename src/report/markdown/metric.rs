//! The success metrics.

use super::text::{Text, cited};
use crate::report::document::{Document, MetricLine};

pub(super) fn section(out: &mut Text, document: &Document) {
    out.section(2, "SUCCESS METRICS");
    out.line("### Performance Targets\n");
    out.line("Baselines and targets are the source's claims; the last two columns are judged from evidence.");
    for group in &document.metrics {
        out.section(4, &group.name);
        let row = |metric: &MetricLine| {
            let claim = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            vec![
                format!("**{}**", metric.name),
                claim(&metric.baseline),
                metric.target.clone(),
                claim(&metric.stretch),
                metric.judgement.state.label().to_owned(),
                cited(&metric.judgement),
            ]
        };
        let columns = ["Metric", "Claimed baseline", "Target", "Stretch", "State", "Evidence"];
        out.table(&columns, group.metrics.iter().map(row));
    }
}
