//! Empties the outbox: compares events with the watches, plans messages, sends them.
//!
//! Whatever step it is killed at, the next run goes on from there. A message that was sent, and not noted, is sent again
//! with the same key: receivers that know such keys drop it.

use std::collections::{HashMap, HashSet};

use causes::with_causes;
use jiff::Timestamp;
use runtime::{Bucket, Classed, StoreError};
use serde::Serialize;
use warehouse::{NewDelivery, PlannedMessage, Waiting, Warehouse};

use crate::channel::{Channel, SendError, feed};
use crate::error::Error;
use crate::journal;
use crate::message::{Item, Message};
use crate::outbound::Outbound;
use crate::plan::{Plan, next_digest, next_try, plan};
use crate::settings::ChannelSecrets;
use crate::watches::Watches;

/// So many events are compared at once.
const EVENTS: usize = 1_000;
/// So many deliveries are planned at once.
const DELIVERIES: usize = 5_000;
/// So many messages are read at once.
const MESSAGES: usize = 50;

/// What was told, and what waits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Events that were compared with the watches.
    pub events: u64,
    /// Deliveries that came of them.
    pub matched: u64,
    /// Messages that channels took.
    pub messages: u64,
    /// Deliveries that they told.
    pub told: u64,
    /// Channels that failed.
    pub failed: Vec<String>,
    /// Deliveries that wait for a later run.
    pub waiting: u64,
    /// Of these, due for more than an hour.
    pub overdue: u64,
    /// Deliveries that were given up.
    pub given_up: u64,
    /// Whether another run was under way, which left nothing to do.
    pub busy: bool,
}

/// What a run has at hand.
pub(crate) struct Drain<'a> {
    pub(crate) store: &'a Bucket,
    pub(crate) warehouse: &'a mut Warehouse,
    pub(crate) watches: &'a Watches,
    pub(crate) secrets: &'a ChannelSecrets,
    pub(crate) outbound: &'a Outbound,
    /// No message is begun after this.
    pub(crate) until: Timestamp,
}

impl Drain<'_> {
    /// Tells all that is due.
    pub(crate) async fn run(&mut self) -> Result<Report, Error> {
        let mut report = Report::default();
        let known_watches = self.remember().await?;
        self.compare(&known_watches, &mut report).await?;
        self.tidy(&mut report).await?;
        self.plan().await?;
        self.send(&mut report).await?;
        let Waiting { deliveries, overdue, .. } = self.warehouse.waiting_deliveries().await?;
        (report.waiting, report.overdue) = (deliveries, overdue);
        Ok(report)
    }

    /// Brings what was told, and since when each watch is told, into a warehouse that was made anew.
    async fn remember(&mut self) -> Result<HashMap<String, Timestamp>, Error> {
        let now = Timestamp::now();
        if self.warehouse.outbox_position().await?.is_none() {
            let before = journal::read(self.store, now).await?;
            self.warehouse.enter_told_before(&before).await?;
        }
        let mut since = self.warehouse.watches_since().await?;
        for watch in self.watches.iter() {
            if since.contains_key(&watch.name) {
                continue;
            }
            let watched_since = journal::watched_since(self.store, &watch.name, now).await?;
            self.warehouse.enter_watch(&watch.name, watched_since).await?;
            since.insert(watch.name.clone(), watched_since);
        }
        Ok(since)
    }

    /// Compares new events with the watches.
    async fn compare(
        &mut self,
        since: &HashMap<String, Timestamp>,
        report: &mut Report,
    ) -> Result<(), Error> {
        loop {
            let events = self.warehouse.new_events(EVENTS).await?;
            let Some(last) = events.last() else {
                // What there is not is compared, too: from now on the warehouse is known.
                if self.warehouse.outbox_position().await?.is_none() {
                    self.warehouse.enter_deliveries(&[], 0).await?;
                }
                return Ok(());
            };
            let now = Timestamp::now();
            let mut new = Vec::new();
            for event in &events {
                let asked = self.watches.matches(event);
                let heard = asked
                    .filter(|watch| since.get(&watch.name).is_some_and(|since| event.happened_at >= *since));
                for watch in heard {
                    let due_at = if watch.digest { next_digest(now) } else { now };
                    let delivery = |channel| NewDelivery { watch: &watch.name, channel, event, due_at };
                    new.extend(watch.channels.iter().map(|channel| delivery(channel)));
                }
            }
            report.matched += self.warehouse.enter_deliveries(&new, last.id).await?;
            report.events += events.len() as u64;
        }
    }

    async fn tidy(&mut self, report: &mut Report) -> Result<(), Error> {
        let watches: Vec<&str> = self.watches.iter().map(|watch| watch.name.as_str()).collect();
        let channels: Vec<&str> = self.watches.channels().keys().map(String::as_str).collect();
        report.given_up = self.warehouse.tidy_outbox(&watches, &channels).await?;
        Ok(())
    }

    async fn plan(&mut self) -> Result<(), Error> {
        loop {
            let due = self.warehouse.due_deliveries(DELIVERIES).await?;
            let sent_lately = self.warehouse.sent_lately().await?;
            let plans = plan(&due, self.watches, &sent_lately);
            if plans.is_empty() {
                return Ok(());
            }
            for plan in plans {
                match plan {
                    Plan::Message { deliveries, told } => {
                        self.warehouse.plan_message(&deliveries, told).await?;
                    }
                    Plan::Postpone { watch, channel, until } => {
                        self.warehouse.postpone(watch, channel, until).await?;
                    }
                }
            }
        }
    }

    /// Sends planned messages. A channel that fails is left alone for the rest of the run, and the others are not.
    async fn send(&mut self, report: &mut Report) -> Result<(), Error> {
        let mut met = HashSet::new();
        loop {
            let planned = self.warehouse.planned_messages(MESSAGES).await?;
            let mut new = false;
            for message in planned {
                if Timestamp::now() >= self.until {
                    return Ok(());
                }
                if report.failed.contains(&message.channel) || !met.insert(message.id) {
                    continue;
                }
                new = true;
                self.send_one(&message, report).await?;
            }
            if !new {
                return Ok(());
            }
        }
    }

    async fn send_one(&mut self, planned: &PlannedMessage, report: &mut Report) -> Result<(), Error> {
        let PlannedMessage { watch, channel: name, events, counted, .. } = planned;
        let language = self.watches.get(watch).map(|watch| watch.language);
        let (Some(channel), Some(language)) = (self.watches.channels().get(name), language) else {
            return Ok(());
        };
        journal::begin(self.store, planned, Timestamp::now()).await?;
        let items = events.iter().map(|event| Item::new(event, watch, language)).collect();
        let message = Message::new(watch, language, items, *counted);
        let sent = match channel {
            Channel::Feed {} => {
                self.extend_feed(watch, &message).await?;
                Ok(())
            }
            channel => channel.send(name, self.secrets.get(name), &message, self.outbound).await,
        };
        match sent {
            Ok(()) => {
                journal::keep(self.store, planned, Timestamp::now()).await?;
                self.warehouse.note_sent(planned).await?;
                report.messages += 1;
                report.told += planned.deliveries.len() as u64;
                tracing::info!(watch, channel = name, events = events.len(), counted, "told");
            }
            Err(error) => self.note_failure(name, &error, report).await?,
        }
        Ok(())
    }

    async fn extend_feed(&mut self, watch: &str, message: &Message) -> Result<(), StoreError> {
        let key = feed::key(watch);
        let earlier = match self.store.read(&key).await {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(StoreError::Missing { .. }) => None,
            Err(error) => return Err(error),
        };
        let xml = feed::with_entries(earlier.as_deref(), message, watch);
        self.store.put_small(&key, xml.into_bytes(), "application/atom+xml").await
    }

    async fn note_failure(
        &mut self,
        channel: &str,
        error: &SendError,
        report: &mut Report,
    ) -> Result<(), Error> {
        let failure = with_causes(error);
        let retry_after = error.retry_after();
        let again = |tries| next_try(Timestamp::now(), tries, retry_after);
        let for_a_day = self.warehouse.note_failure(channel, &failure, again).await?;
        let class = error.class();
        if for_a_day {
            tracing::error!(channel, %class, error = failure, "the channel has failed for a day");
        } else {
            tracing::warn!(channel, %class, error = failure, "the channel failed, and is tried again later");
        }
        report.failed.push(channel.to_owned());
        Ok(())
    }
}
