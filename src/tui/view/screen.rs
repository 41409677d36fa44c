//! Divides the terminal and calls one module for each part.

use ratatui::Frame;
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;

use super::{
    agents, agents_detail, ascii, dialog, footer, help, inbox, lab, log, paint, palette, plan, plan_detail, profile,
    prompt, register, register_detail, review, status_bar, tabs,
};
use crate::tui::layout;
use crate::tui::model::{Model, Overlay, Screen};

/// Draws the whole screen.
pub fn view(model: &Model, frame: &mut Frame) {
    draw(model, frame);
    if model.look.glyphs.ascii {
        ascii::reduce(frame.buffer_mut());
    }
}

fn draw(model: &Model, frame: &mut Frame) {
    let size = frame.area().as_size();
    if size.width < layout::SIZE_MIN.width || size.height < layout::SIZE_MIN.height {
        return too_small(model, frame, size);
    }
    let parts = layout::parts(size);
    status_bar::draw(model, frame, parts.status);
    tabs::draw(model, frame, parts.tabs);
    match model.screen {
        Screen::Register => register::draw(model, frame, parts.body),
        Screen::Lab => lab::draw(model, frame, parts.body),
        Screen::Profile => profile::draw(model, frame),
        Screen::Agents => match &model.agents.output {
            Some(output) => super::output::draw(model, frame, parts.body, output),
            None => agents::draw(model, frame, parts.body),
        },
        Screen::Review => review::draw(model, frame, parts.body),
        Screen::Plan => plan::draw(model, frame, parts.body),
        Screen::Log => log::draw(model, frame, parts.body),
    }
    footer::draw(model, frame, parts.footer);
    match &model.overlay {
        Some(Overlay::Help(state)) => help::draw(model, frame, state),
        Some(Overlay::Palette(state)) => palette::draw(model, frame, state),
        Some(Overlay::Dialog(state)) => dialog::draw(model, frame, state),
        Some(Overlay::Prompt(prompt)) => prompt::draw(model, frame, prompt),
        Some(Overlay::Inbox(selected)) => inbox::draw(model, frame, *selected),
        None => {}
    }
}

/// Lines of the shown screen's detail, and its height: how far it can be scrolled.
pub fn detail_lines(model: &Model) -> (usize, u16) {
    let detail = layout::inside(layout::panes(layout::parts(model.size).body, model.screen, model.zoom).detail);
    let lines = match model.screen {
        Screen::Register => {
            model.selected_row().map_or(0, |row| register_detail::lines(model, row, detail.width).len())
        }
        Screen::Agents => agents_detail::lines(model, detail.width).len(),
        Screen::Review => review::detail_len(model, detail.width),
        Screen::Plan => match &model.facts.plan {
            Some(Ok(plan)) => plan_detail::lines(model, plan, detail.width).len(),
            Some(Err(_)) | None => 0,
        },
        Screen::Lab => lab::detail_len(model, detail.width),
        Screen::Profile | Screen::Log => 0,
    };
    (lines, detail.height)
}

fn too_small(model: &Model, frame: &mut Frame, size: Size) {
    let area = Rect::new(0, 0, size.width, size.height);
    let needed = format!("{} x {} needed", layout::SIZE_MIN.width, layout::SIZE_MIN.height);
    let here = format!("{} x {} here", size.width, size.height);
    let lines = [needed, here].map(|text| Line::styled(text, model.look.theme.text).centered());
    let top = size.height.saturating_sub(2) / 2;
    for (row, line) in (top..).zip(&lines) {
        let indent = size.width.saturating_sub(u16::try_from(line.width()).unwrap_or(0)) / 2;
        paint::line(frame, Rect { x: indent, width: size.width.saturating_sub(indent), ..area }, row, line);
    }
}
