//! The port of a screen: each event becomes one transaction of facts, or a live row. The sister of [`super::journal`].

use super::error::{At, Fault, StoreError};
use super::store::Store;
use super::{live, screen};
use crate::lab::journal::Event as LabEvent;
use crate::lab::screen::facts::{ScreenId, ScreenPlan};
use crate::lab::screen::journal::{Event, Journal, Opened, Opening};

impl Journal for Store {
    type Error = StoreError;

    async fn open(&mut self, plan: &ScreenPlan, opening: Opening) -> Result<Option<Opened>, StoreError> {
        let opened = self.open_screen(plan, opening).await;
        opened.at(self.path())
    }

    async fn record(&mut self, id: ScreenId, event: &Event) -> Result<(), StoreError> {
        let recorded = match event {
            Event::Lab(live @ (LabEvent::Slice { .. } | LabEvent::Progress { .. })) => {
                self.record_screen_live(id, live).await
            }
            Event::Lab(_)
            | Event::Laid(_)
            | Event::Built(_)
            | Event::Lost(_)
            | Event::Conflict(..)
            | Event::Pair(_)
            | Event::Ended(_) => self.record_screen_fact(id, event).await,
        };
        recorded.at(self.path())
    }
}

impl Store {
    async fn open_screen(&self, plan: &ScreenPlan, opening: Opening) -> Result<Option<Opened>, Fault> {
        let mut facts = self.facts().await?;
        let latest = screen::latest(&mut facts, plan).await?;
        let going_on = match (opening, latest) {
            (Opening::Anew, _) => None,
            (Opening::Extend, None) => return Ok(None),
            (Opening::Extend, Some(id)) => Some(id),
            (Opening::Resume, Some(id)) if !screen::has_ended(&mut facts, id).await? => Some(id),
            (Opening::Resume, _) => None,
        };
        let (id, plan) = match going_on {
            Some(id) => (id, screen::plan(&mut facts, id).await?),
            None => (screen::insert(&mut facts, plan).await?, plan.clone()),
        };
        screen::sit_down(&mut facts, id, &plan).await?;
        live::sweep(&mut facts).await?;
        let opened = Opened {
            id,
            layout: screen::layout(&mut facts, id).await?,
            losses: screen::losses(&mut facts, id).await?,
            conflicts: screen::conflicts(&mut facts, id).await?,
            pairs: screen::pairs(&mut facts, id).await?,
            ended: screen::has_ended(&mut facts, id).await?,
            plan,
        };
        facts.commit().await?;
        Ok(Some(opened))
    }

    async fn record_screen_live(&self, id: ScreenId, event: &LabEvent) -> Result<(), Fault> {
        let mut live = self.live().await?;
        match event {
            LabEvent::Slice { side, rate, .. } => live::screen_slice(&mut live, id, *side, *rate).await?,
            LabEvent::Progress { note } => live::screen_progress(&mut live, id, note).await?,
            other => return Err(Fault::Refused { what: format!("{other:?} is not a live row") }),
        }
        Ok(live.commit().await?)
    }

    async fn record_screen_fact(&self, id: ScreenId, event: &Event) -> Result<(), Fault> {
        let mut facts = self.facts().await?;
        match event {
            Event::Laid(layout) => screen::lay_out(&mut facts, id, layout).await?,
            Event::Built(binary) => screen::built(&mut facts, id, binary).await?,
            Event::Lost(loss) => screen::lost(&mut facts, id, loss).await?,
            Event::Conflict(conflict, told) => screen::conflicting(&mut facts, id, conflict, told).await?,
            Event::Pair(pair) => screen::paired(&mut facts, id, pair).await?,
            Event::Ended(told) => {
                screen::end(&mut facts, id, told).await?;
                live::sweep(&mut facts).await?;
            }
            Event::Lab(LabEvent::Stage { stage, note }) => screen::stage(&mut facts, id, *stage, note).await?,
            Event::Lab(LabEvent::Stopped { reason }) => {
                screen::stop(&mut facts, id, reason).await?;
                live::sweep(&mut facts).await?;
            }
            Event::Lab(other) => return Err(Fault::Refused { what: format!("{other:?} is no fact of a screen") }),
        }
        Ok(facts.commit().await?)
    }
}
