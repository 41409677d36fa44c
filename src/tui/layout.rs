//! Geometry: where each part of the screen lies. Pure arithmetic on rectangles, shared by the views, which draw there,
//! and by update, which needs heights for scrolling and places for clicks.

use ratatui::layout::{Rect, Size};

use super::model::{Model, Screen, Zoom};

/// The smallest size that is drawn.
pub const SIZE_MIN: Size = Size { width: 60, height: 15 };

/// Width from which the detail stands beside the list.
pub const BESIDE_MIN: u16 = 100;

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
        (Zoom::Normal, Screen::Register | Screen::Agents | Screen::Log) if beside => 38,
        (Zoom::Normal, Screen::Register | Screen::Agents | Screen::Log) => 45,
        (Zoom::Half, Screen::Register | Screen::Agents | Screen::Log) => 55,
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
        Screen::Register | Screen::Lab | Screen::Agents => panes(body, model.screen, model.zoom).list,
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
