//! The Profile: flame graphs of both arms, and what each function costs an operation.
//!
//! ```text
//!  T003 WAL group commit  experiment 12, 2 h ago      CPU 4.00 µs → 1.05 µs, −73.8 % per operation
//! ┌ A above B, one scale ───────────────────────────────────────────────────────────────────────────┐
//! │A (off) …                                                                                        │
//! │▏▼ run                                                                                           │
//! │B (on) …                                                                                         │
//! │▏▼ run            │                  what was saved is empty                                     │
//! │the selected place                                                                               │
//! ├ Functions ──────────────────────────────────────────────────────────────────────────────────────┤
//! └─────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::flame::both;
use super::grid::{Cell, Column, Grid};
use super::{flame, paint};
use crate::profiles::{Arm, Kind};
use crate::tui::facts::{CostLine, Load, ProfileFacts};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::state::{Arms, CostColumn};
use crate::tui::text;
use crate::units;

const FUNCTIONS: [Column; 8] = [
    Column { title: "Function", min: 14, max: 200, right: false, rank: 0 },
    Column { title: "A", min: 8, max: 9, right: true, rank: 3 },
    Column { title: "B", min: 8, max: 9, right: true, rank: 2 },
    Column { title: "Change", min: 9, max: 10, right: true, rank: 1 },
    Column { title: "±", min: 8, max: 9, right: true, rank: 5 },
    Column { title: "", min: 9, max: 9, right: false, rank: 4 },
    Column { title: "A total", min: 9, max: 9, right: true, rank: 7 },
    Column { title: "B total", min: 9, max: 9, right: true, rank: 6 },
];
const CAUSES: [Column; 8] = [
    Column { title: "Cause", min: 14, max: 200, right: false, rank: 0 },
    Column { title: "A", min: 8, max: 9, right: true, rank: 3 },
    Column { title: "B", min: 8, max: 9, right: true, rank: 2 },
    Column { title: "Change", min: 9, max: 10, right: true, rank: 1 },
    Column { title: "±", min: 8, max: 9, right: true, rank: 7 },
    Column { title: "", min: 9, max: 9, right: false, rank: 4 },
    Column { title: "Times A", min: 8, max: 8, right: true, rank: 6 },
    Column { title: "Times B", min: 8, max: 8, right: true, rank: 5 },
];

/// Draws head, graph and table.
pub(super) fn draw(model: &Model, frame: &mut Frame) {
    let areas = layout::profile(model);
    match &model.facts.profile {
        Some(Ok(facts)) if !model.facts.profiled.is_empty() => {
            paint::line(frame, areas.head, 0, &head(model, facts, areas.head.width));
            graph(model, frame, &areas, facts);
            table(model, frame, areas.table, facts);
        }
        Some(Ok(_) | Err(_)) | None => nothing(model, frame),
    }
}

fn nothing(model: &Model, frame: &mut Frame) {
    let inner = paint::pane(frame, layout::parts(model.size).body, &model.look, "Profile", "");
    let sentences = match (&model.facts.store, &model.facts.profile, model.wanted_profile()) {
        (Load::Failed(trouble), ..) => vec![format!("The store cannot be read: {trouble}")],
        (Load::Reading, ..) => vec!["Reading the store…".to_owned()],
        (Load::Ready, _, None) => vec![
            "No experiment has profiles of both arms yet.".to_owned(),
            "`workbench apply ID` takes them after its verdict; `workbench profile ID --capture` takes them without \
             deciding anything."
                .to_owned(),
        ],
        (Load::Ready, Some(Err(trouble)), Some(_)) => vec![
            format!("This profile cannot be shown: {trouble}"),
            "> goes to an older one; `workbench profile ID --capture` takes a new one.".to_owned(),
        ],
        (Load::Ready, _, Some(key)) => vec![format!("Reading the {} profiles of {}…", key.kind.label(), key.subject)],
    };
    paint::empty(frame, inner, &model.look, &sentences);
}

/// Whose profile it is, and what became of the whole.
fn head(model: &Model, facts: &ProfileFacts, width: u16) -> Line<'static> {
    let look = &model.look;
    let key = &facts.key;
    let title = model.facts.rows.iter().find(|row| row.entry.id.0 == key.subject).map_or("", |row| &row.entry.title);
    let profiled = model.facts.profiled.iter().find(|profiled| profiled.experiment == key.experiment);
    let ago = profiled.map(|profiled| format!(", {} ago", text::age(profiled.at, model.now))).unwrap_or_default();
    let measured = facts.books.measured;
    let share = if measured.a > 0.0 { units::Change(measured.delta / measured.a).to_string() } else { String::new() };
    let style = match measured.noise {
        Some(noise) if measured.delta.abs() <= noise => look.theme.dim,
        Some(_) | None if measured.delta < 0.0 => look.theme.good,
        Some(_) | None => look.theme.bad,
    };
    let right = vec![
        Span::styled(format!(" {} ", key.kind.label()), look.theme.dim),
        Span::styled(both(look, key.kind, [measured.a, measured.b]), look.theme.text),
        Span::styled(format!("  {share}"), style.add_modifier(Modifier::BOLD)),
        Span::styled(" per operation ", look.theme.dim),
    ];
    let room = usize::from(width).saturating_sub(right.iter().map(Span::width).sum());
    let experiment = format!("  experiment {}{ago}", key.experiment.0);
    let mut left = vec![Span::styled(format!(" {}", key.subject), look.theme.title)];
    let experiment =
        if left[0].width() + text::width(&experiment) > room { format!("  #{}", key.experiment.0) } else { experiment };
    let left_room = room.saturating_sub(left[0].width() + text::width(&experiment));
    // A title in pieces is no title.
    if left_room > 12 {
        left.push(Span::styled(
            format!(" {}", text::fit(title, left_room - 1, look.glyphs.ellipsis)),
            look.theme.title,
        ));
    }
    left.push(Span::styled(experiment, look.theme.dim));
    paint::spread(left, right, width)
}

fn graph(model: &Model, frame: &mut Frame, areas: &layout::ProfileAreas, facts: &ProfileFacts) {
    let (look, state) = (&model.look, &model.profile);
    if areas.graph.area() == 0 {
        return;
    }
    let [new, gone, dearer, cheaper] = look.glyphs.changes;
    let (title, note) = match state.arms {
        Arms::A => ("A alone", "c shows B".to_owned()),
        Arms::B => ("B alone", "c shows both".to_owned()),
        Arms::Both => ("A above B, one scale", format!("{cheaper} cheaper {dearer} dearer {new} new {gone} gone")),
    };
    let note = match state.top {
        0 => note,
        above => format!("{above} above; {note}"),
    };
    paint::pane(frame, areas.graph, look, title, &note);
    for (place, slot) in state.arms.slots().iter().enumerate() {
        paint::line(frame, areas.headings[place], 0, &heading(model, facts, *slot, areas.headings[place].width));
        flame::draw(frame, areas.trees[place], look, state, facts, *slot);
    }
    let about = about(model, facts, areas.about.width);
    // Where there is one line only, it is the one a person is typing into.
    let first = usize::from(areas.about.height == 1 && !state.query.is_empty());
    paint::lines(frame, areas.about, &about, first);
}

/// Which arm, what it costs, and what its profile covers.
fn heading(model: &Model, facts: &ProfileFacts, slot: usize, width: u16) -> Line<'static> {
    let look = &model.look;
    let (arm, style) = [(Arm::A, look.theme.arm_a), (Arm::B, look.theme.arm_b)][slot.min(1)];
    let cost = facts.flame.spot(0).map_or(0.0, |root| root.cost[slot]);
    let label = format!("{}  {} sampled", arm.label(), facts.key.kind.amount(cost));
    let label = if facts.key.kind == Kind::Cpu { label } else { label.replace(" sampled", "") };
    let room = usize::from(width).saturating_sub(text::width(&label) + 2);
    let coverage = text::fit(&facts.coverage[slot], room, look.glyphs.ellipsis).into_owned();
    Line::from(vec![
        Span::styled(label, style.add_modifier(Modifier::BOLD)),
        Span::styled(format!("  {coverage}"), look.theme.dim),
    ])
}

/// The selected place; and what is searched for, or what the place costs by itself.
fn about(model: &Model, facts: &ProfileFacts, width: u16) -> Vec<Line<'static>> {
    let (look, state, kind) = (&model.look, &model.profile, facts.key.kind);
    let Some(spot) = facts.flame.spot(state.cursor) else { return Vec::new() };
    let word = spot.change.word();
    let change = format!("  {} {word} ", kind.change(spot.delta()));
    let right = vec![
        Span::styled(both(look, kind, spot.cost), look.theme.text),
        Span::styled(change, look.change_text(spot.change)),
    ];
    let room = usize::from(width).saturating_sub(right.iter().map(Span::width).sum::<usize>() + 2);
    let name = text::tail_of_path(facts.flame.name(state.cursor), room, look.glyphs.ellipsis).into_owned();
    let name =
        vec![Span::styled(format!("{} ", look.glyphs.cursor), look.theme.accent), Span::styled(name, look.theme.title)];
    let first = paint::spread(name, right, width);
    let root = facts.flame.spot(0).map_or([0.0; 2], |root| root.cost);
    let second = if state.editing.is_some() || !state.query.is_empty() {
        search(model, root)
    } else {
        let own = format!("  by itself {}", both(look, kind, spot.own));
        Line::styled(format!("{own}; {}", shares(spot.cost, root)), look.theme.dim)
    };
    vec![first, second]
}

/// `60 % of A, 20 % of B`.
fn shares(cost: [f64; 2], root: [f64; 2]) -> String {
    let share = |slot: usize| match root[slot] {
        whole if whole > 0.0 => format!("{:.1} %", cost[slot] / whole * 100.0),
        _ => "–".to_owned(),
    };
    format!("{} of A, {} of B", share(0), share(1))
}

/// The search as it is typed, and what it found.
fn search(model: &Model, root: [f64; 2]) -> Line<'static> {
    let (look, state) = (&model.look, &model.profile);
    let mut spans = vec![Span::styled("/", look.theme.accent)];
    match &state.editing {
        Some(input) => spans.extend(paint::field_being_typed(look, input)),
        None => spans.push(Span::raw(state.query.clone())),
    }
    let found = match state.found.places {
        0 => "   nothing found".to_owned(),
        1 => format!("   1 place, {}", shares(state.found.cost, root)),
        places => format!("   {places} places, {}", shares(state.found.cost, root)),
    };
    spans.push(Span::styled(found, look.theme.dim));
    Line::from(spans)
}

fn table(model: &Model, frame: &mut Frame, area: Rect, facts: &ProfileFacts) {
    let (look, state) = (&model.look, &model.profile);
    if area.area() == 0 {
        return;
    }
    let waits = facts.key.kind == Kind::Wait;
    let (title, columns) = if waits { ("Waiting by cause", &CAUSES) } else { ("Functions", &FUNCTIONS) };
    let inner = paint::pane(frame, area, look, title, &books(facts, state.order.len()));
    let grid = Grid::fit(columns, inner.width.saturating_sub(2));
    let sorted = match (state.sort, state.arms) {
        (CostColumn::Change, _) => "Change",
        (CostColumn::Own, Arms::B) => "B",
        (CostColumn::Own, Arms::A | Arms::Both) => "A",
        (CostColumn::Total, Arms::B) => "B total",
        (CostColumn::Total, Arms::A | Arms::Both) => "A total",
        (CostColumn::Name, _) => columns[0].title,
    };
    let mut header = grid.header(look, Some((sorted, state.ascending == (state.sort == CostColumn::Name))));
    header.spans.insert(0, Span::raw("  "));
    paint::line(frame, inner, 0, &header);
    let rows = layout::list_rows(model);
    let window = state.list.window(state.order.len(), usize::from(rows.height));
    for (row, place) in (0..rows.height).zip(window) {
        let Some(line) = state.order.get(place).and_then(|line| facts.lines.get(*line)) else { continue };
        let selected = place == state.list.selected && state.in_table;
        let mut text = grid.row(look, |column| cell(model, facts.key.kind, line, column, &grid));
        let cursor = if selected { format!("{} ", look.glyphs.cursor) } else { "  ".to_owned() };
        text.spans.insert(0, Span::styled(cursor, look.theme.accent));
        paint::line(frame, rows, row, &text);
        if selected {
            paint::highlight(frame, rows, row, look.theme.selected);
        }
    }
}

/// How many there are, and whether they add up.
fn books(facts: &ProfileFacts, functions: usize) -> String {
    let books = &facts.books;
    let closing = match (facts.key.kind, books.gap()) {
        (Kind::Cpu, Some(gap)) if books.close() => format!("; the books close, {:.1} % in no function", gap * 100.0),
        (Kind::Cpu, Some(gap)) => format!("; the books do NOT close, {:.1} % in no function", gap * 100.0),
        (Kind::Cpu | Kind::Wait | Kind::Times | Kind::Instructions | Kind::Alloc | Kind::Allocs, _) => String::new(),
    };
    format!("{functions}, own cost per operation{closing}")
}

fn cell(model: &Model, kind: Kind, line: &CostLine, column: usize, grid: &Grid) -> Cell {
    let (look, cost) = (&model.look, &line.cost);
    let theme = &look.theme;
    let none = || (look.glyphs.none.to_owned(), theme.faint);
    let times = |slot: usize| line.times.map_or_else(none, |times| (Kind::Times.amount(times[slot]), theme.text));
    match (column, kind) {
        (0, _) => {
            let is_found =
                model.shown_profile().is_some_and(|facts| facts.flame.is_name_found(&cost.name, &model.profile.found));
            let room = usize::from(grid.width(0).unwrap_or_default());
            let name = text::tail_of_path(&cost.name, room, look.glyphs.ellipsis).into_owned();
            (name, if is_found { theme.accent.add_modifier(Modifier::BOLD) } else { theme.text })
        }
        (1, _) => (kind.amount(cost.own_a), theme.arm_a),
        (2, _) => (kind.amount(cost.own_b), theme.arm_b),
        (3, _) => (kind.change(cost.delta), look.change_text(cost.change)),
        (4, _) => cost.noise.map_or_else(none, |noise| (kind.amount(noise), theme.dim)),
        (5, _) => {
            let (mark, _) = look.change(cost.change);
            (format!("{mark} {}", cost.change.word()), look.change_text(cost.change))
        }
        (6, Kind::Wait) => times(0),
        (7, Kind::Wait) => times(1),
        (6, _) => (kind.amount(cost.total_a), theme.dim),
        (7, _) => (kind.amount(cost.total_b), theme.dim),
        _ => none(),
    }
}
