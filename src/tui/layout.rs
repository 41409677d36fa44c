//! Geometry: where each part of the screen lies. Pure arithmetic on rectangles, shared by the views, which draw there,
//! and by update, which needs heights for scrolling and places for clicks.

use ratatui::layout::{Rect, Size};

use super::model::{Model, Screen, Zoom};
use super::state::Arms;

/// The smallest size that is drawn.
pub const SIZE_MIN: Size = Size { width: 60, height: 15 };

/// Width from which the detail stands beside the list.
pub const BESIDE_MIN: u16 = 100;

/// Columns of a diff's files.
const FILES_WIDTH: u16 = 36;

/// Columns before a line of an output: the cursor and where it was said.
const OUTPUT_MARK: u16 = 4;

/// Columns of its time.
const OUTPUT_TIME: u16 = 9;

/// The fixed parts of every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Facts at a glance.
    pub status: Rect,
    /// The screens' names.
    pub tabs: Rect,
    /// The screen.
    pub body: Rect,
    /// Keys, or the notice.
    pub footer: Rect,
}

/// List and detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panes {
    /// The list; empty when the detail is full.
    pub list: Rect,
    /// The detail.
    pub detail: Rect,
}

/// The parts of the Profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProfileAreas {
    /// Whose profile, and the change of the whole.
    pub head: Rect,
    /// The pane of the graph; empty where the table is full.
    pub graph: Rect,
    /// The line above each tree.
    pub headings: [Rect; 2],
    /// The trees; the second is empty where one arm is shown.
    pub trees: [Rect; 2],
    /// What is known of the selected place.
    pub about: Rect,
    /// The pane of the table; empty where the graph is full.
    pub table: Rect,
}

/// The fixed parts at a size.
pub fn parts(size: Size) -> Parts {
    let area = Rect::new(0, 0, size.width, size.height);
    let row = |y: u16| Rect::new(0, y, size.width, 1).intersection(area);
    Parts {
        status: row(0),
        tabs: row(1),
        body: Rect::new(0, 2, size.width, size.height.saturating_sub(3)).intersection(area),
        footer: row(size.height.saturating_sub(1)),
    }
}

/// List and detail of a screen: beside one another where there is room, else one below the other.
pub fn panes(body: Rect, screen: Screen, zoom: Zoom) -> Panes {
    let beside = body.width >= BESIDE_MIN;
    let percent: u32 = match (zoom, screen) {
        (Zoom::Full, _) => return Panes { list: Rect { width: 0, height: 0, ..body }, detail: body },
        // An experiment is a picture and needs the room; the list of past ones does not.
        (Zoom::Normal, Screen::Lab) => 62,
        (Zoom::Half, Screen::Lab) => 75,
        // What the plan asks for is sentences, and so is what gates say.
        (Zoom::Normal, Screen::Plan | Screen::Review) => 56,
        (Zoom::Half, Screen::Plan | Screen::Review) => 70,
        // A roster has many columns.
        (Zoom::Normal, Screen::Agents) if beside => 34,
        (Zoom::Normal, Screen::Register | Screen::Profile | Screen::Log) if beside => 38,
        (Zoom::Normal, Screen::Register | Screen::Profile | Screen::Agents | Screen::Log) => 45,
        (Zoom::Half, Screen::Register | Screen::Profile | Screen::Agents | Screen::Log) => 55,
    };
    let share = |whole: u16| u16::try_from(u32::from(whole) * percent / 100).unwrap_or(whole);
    if beside {
        let width = share(body.width);
        let list = Rect { width: body.width - width, ..body };
        Panes { list, detail: Rect { x: body.x + list.width, width, ..body } }
    } else {
        let height = share(body.height);
        let list = Rect { height: body.height - height, ..body };
        Panes { list, detail: Rect { y: body.y + list.height, height, ..body } }
    }
}

/// The parts of the Profile. Graphs are wide, so that the table stands below one at every width.
pub fn profile(model: &Model) -> ProfileAreas {
    let body = parts(model.size).body;
    let (head, rest) = cut_top(body, 1);
    let percent = match model.zoom {
        Zoom::Normal => 60,
        Zoom::Half => 40,
        Zoom::Full if model.profile.in_table => 0,
        Zoom::Full => 100,
    };
    let height = u16::try_from(u32::from(rest.height) * percent / 100).unwrap_or(rest.height);
    let (graph, table) = cut_top(rest, height);
    let inner = inside(graph);
    let about_rows = inner.height.min(if inner.height > 10 { 2 } else { 1 });
    let (trees, about) = cut_top(inner, inner.height - about_rows);
    let (first, second) = match model.profile.arms {
        Arms::A | Arms::B => (trees, Rect { height: 0, y: trees.bottom(), ..trees }),
        Arms::Both => cut_top(trees, trees.height / 2),
    };
    let [(heading_a, tree_a), (heading_b, tree_b)] = [cut_top(first, 1), cut_top(second, 1)];
    // One scale and one place in both: the trees have as many rows.
    let rows = if tree_b.height == 0 { tree_a.height } else { tree_a.height.min(tree_b.height) };
    let low = |tree: Rect| Rect { height: tree.height.min(rows), ..tree };
    ProfileAreas { head, graph, headings: [heading_a, heading_b], trees: [low(tree_a), low(tree_b)], about, table }
}

/// The parts of a diff that has the whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffAreas {
    /// The files; empty where there is no room beside the lines.
    pub files: Rect,
    /// The lines.
    pub lines: Rect,
}

/// The files beside the lines, where there is room.
pub fn diff(body: Rect) -> DiffAreas {
    let width = if body.width >= BESIDE_MIN { (body.width / 4).min(FILES_WIDTH) } else { 0 };
    let files = Rect { width, ..body };
    DiffAreas { files, lines: Rect { x: body.x + width, width: body.width - width, ..body } }
}

/// Columns of an output's text.
pub fn output_text(model: &Model) -> u16 {
    let times = model.agents.output.as_ref().is_some_and(|output| output.times);
    let width = inside(parts(model.size).body).width;
    width.saturating_sub(OUTPUT_MARK + if times { OUTPUT_TIME } else { 0 })
}

/// Divides an area into its first rows and the rest.
pub fn cut_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y.saturating_add(height), height: area.height - height, ..area })
}

/// Inside of a pane's border.
pub fn inside(pane: Rect) -> Rect {
    Rect {
        x: pane.x.saturating_add(1),
        y: pane.y.saturating_add(1),
        width: pane.width.saturating_sub(2),
        height: pane.height.saturating_sub(2),
    }
}

/// The rows of the screen's list, without border, heading and filter line.
pub fn list_rows(model: &Model) -> Rect {
    let body = parts(model.size).body;
    let pane = match model.screen {
        Screen::Agents if model.agents.output.is_some() => {
            let inner = inside(body);
            // Whose it is, and the search.
            return cut_top(inner, 1).1;
        }
        Screen::Review if model.hears_diff() => return inside(diff(body).lines),
        Screen::Register | Screen::Lab | Screen::Agents | Screen::Review | Screen::Plan => {
            panes(body, model.screen, model.zoom).list
        }
        Screen::Profile => profile(model).table,
        Screen::Log => body,
    };
    let filter_line = model.screen == Screen::Register && model.register.shows_filter_line();
    let above = 1 + u16::from(filter_line);
    let inner = inside(pane);
    Rect { y: inner.y.saturating_add(above), height: inner.height.saturating_sub(above), ..inner }
}

/// A rectangle of at most that size in the middle of another.
pub fn centred(within: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(within.width), height.min(within.height));
    Rect { x: within.x + (within.width - width) / 2, y: within.y + (within.height - height) / 2, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_tile_the_screen_and_never_leave_it() {
        for width in [0, 1, 59, 60, 99, 100, 120, u16::MAX] {
            for height in [0, 1, 2, 3, 4, 15, 40, u16::MAX] {
                let area = Rect::new(0, 0, width, height);
                let parts = parts(Size { width, height });
                for part in [parts.status, parts.tabs, parts.body, parts.footer] {
                    assert_eq!(part.intersection(area), part, "{part:?} leaves {area:?}");
                }
                for zoom in [Zoom::Normal, Zoom::Half, Zoom::Full] {
                    let panes = panes(parts.body, Screen::Register, zoom);
                    assert_eq!(panes.list.area() + panes.detail.area(), parts.body.area());
                }
            }
        }
    }
}
