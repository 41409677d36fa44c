//! Results as text: a table for people, Markdown, CSV, or JSON of the shape `{data, meta}`.

use std::io::IsTerminal;

use clap::ValueEnum;
use serde::Serialize;
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Modify, Style, Width};

/// How a read command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// A Markdown table.
    Md,
    /// `{data, meta}`, with names that do not change.
    Json,
    /// RFC 4180, with a header line.
    Csv,
}

/// One line of a table. Its JSON form is its `Serialize`.
pub trait Row: Serialize {
    /// Column titles.
    const COLUMNS: &'static [&'static str];

    /// The column that may be cut short where the terminal is too narrow.
    const ELASTIC: Option<usize> = None;

    /// One text per column.
    fn cells(&self) -> Vec<String>;
}

/// What stands beside data of which nothing else is to be said.
#[derive(Serialize)]
pub(super) struct Meta {
    schema: u32,
}

/// The number of that form.
pub(super) const META: Meta = Meta { schema: 1 };

/// The elastic column is not cut below this.
const ELASTIC_MIN_COLUMNS: usize = 16;

/// `rows` as text, ending with a newline. `meta` goes beside the data in JSON only.
pub fn render<R: Row>(format: Format, rows: &[R], meta: &impl Serialize) -> String {
    match format {
        Format::Table => aligned::<R>(rows, terminal_columns()),
        Format::Md => markdown::<R>(rows),
        Format::Json => json(&rows, meta),
        Format::Csv => csv::<R>(rows),
    }
}

/// `{data, meta}`, indented, ending with a newline.
pub fn json(data: &impl Serialize, meta: &impl Serialize) -> String {
    let value = serde_json::json!({ "data": data, "meta": meta });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

/// The terminal's width, when stdout is one.
pub(super) fn terminal_columns() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

fn aligned<R: Row>(rows: &[R], columns_max: Option<usize>) -> String {
    let mut table = Builder::with_capacity(rows.len() + 1, R::COLUMNS.len());
    table.push_record(R::COLUMNS.iter().copied());
    let mut elastic_width = 0;
    for row in rows {
        let cells = row.cells();
        let elastic = R::ELASTIC.and_then(|column| cells.get(column));
        elastic_width = elastic_width.max(elastic.map_or(0, |cell| cell.chars().count()));
        table.push_record(cells);
    }
    let mut table = table.build();
    table.with(Style::blank());
    let excess = columns_max.map_or(0, |columns| table.total_width().saturating_sub(columns));
    if let Some(column) = R::ELASTIC.filter(|_| excess > 0) {
        let width = elastic_width.saturating_sub(excess).max(ELASTIC_MIN_COLUMNS);
        table.with(Modify::list(Columns::one(column), Width::truncate(width).suffix("…")));
    }
    table.to_string().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn markdown<R: Row>(rows: &[R]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(R::COLUMNS.iter().map(ToString::to_string).collect());
    text += &line(vec!["---".to_owned(); R::COLUMNS.len()]);
    for row in rows {
        text += &line(row.cells().iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect());
    }
    text
}

fn csv<R: Row>(rows: &[R]) -> String {
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut text = line(R::COLUMNS.iter().map(|title| quoted(title)).collect());
    for row in rows {
        text += &line(row.cells().iter().map(|cell| quoted(cell)).collect());
    }
    text
}

/// Quoted where RFC 4180 asks for it.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Line {
        id: &'static str,
        text: &'static str,
    }

    impl Row for Line {
        const COLUMNS: &'static [&'static str] = &["ID", "Text"];

        fn cells(&self) -> Vec<String> {
            vec![self.id.to_owned(), self.text.to_owned()]
        }
    }

    const LINES: &[Line] = &[Line { id: "T003", text: "one, \"two\"" }, Line { id: "B1", text: "a|b" }];

    #[test]
    fn only_the_elastic_column_is_cut() {
        struct Long;
        impl Serialize for Long {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_unit()
            }
        }
        impl Row for Long {
            const COLUMNS: &'static [&'static str] = &["ID", "Text"];
            const ELASTIC: Option<usize> = Some(1);

            fn cells(&self) -> Vec<String> {
                vec!["T003".to_owned(), "a very long text that has no end in sight".to_owned()]
            }
        }
        assert_eq!(aligned(&[Long], Some(30)), " ID     Text\n T003   a very long text tha…\n");
        assert!(aligned(&[Long], Some(3)).contains("a very long tex…"));
        assert!(aligned(&[Long], None).contains("in sight"));
    }

    #[test]
    fn each_format_escapes_what_it_must() {
        let text = |format| render(format, LINES, &serde_json::json!({"count": 2}));
        assert_eq!(text(Format::Csv), "ID,Text\r\nT003,\"one, \"\"two\"\"\"\r\nB1,a|b\r\n");
        assert_eq!(text(Format::Md), "| ID | Text |\n| --- | --- |\n| T003 | one, \"two\" |\n| B1 | a\\|b |\n");
        assert_eq!(text(Format::Table), " ID     Text\n T003   one, \"two\"\n B1     a|b\n");
        let value: serde_json::Value = serde_json::from_str(&text(Format::Json)).unwrap();
        assert_eq!(value["data"][0]["id"], "T003");
        assert_eq!(value["meta"]["count"], 2);
    }
}
