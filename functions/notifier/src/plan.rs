//! Which deliveries become which messages: one event each, or several together, or as many as a watch may be told.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use warehouse::{DeliveryKey, SentLately};

use crate::watch::Watch;

/// Up to so many events make a message each; more are told together.
const SINGLE_MESSAGES: usize = 3;

/// What becomes of the deliveries of one watch through one channel.
#[derive(Debug, PartialEq)]
pub(crate) enum Plan<'d> {
    /// A message: so many of its deliveries are told one by one, the others as a number.
    Message { deliveries: Vec<&'d DeliveryKey>, told: usize },
    /// The watch was told as much as it wants to be within an hour: nothing before then.
    Postpone { watch: &'d str, channel: &'d str, until: Timestamp },
}

/// Plans what is due, in the order of its events. Deliveries of watches that are no more are left out.
pub(crate) fn plan<'d>(
    due: &'d [DeliveryKey],
    watches: &HashMap<&str, &Watch>,
    sent_lately: &HashMap<(String, String), SentLately>,
) -> Vec<Plan<'d>> {
    let mut groups: Vec<Vec<&DeliveryKey>> = Vec::new();
    let mut by_name: HashMap<(&str, &str), usize> = HashMap::new();
    for delivery in due {
        let index = *by_name.entry((&delivery.watch, &delivery.channel)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(index) {
            group.push(delivery);
        }
    }
    let mut plans = Vec::new();
    for deliveries in groups {
        let Some(first) = deliveries.first() else { continue };
        let Some(watch) = watches.get(first.watch.as_str()) else { continue };
        let key = (first.watch.clone(), first.channel.clone());
        let sent = sent_lately.get(&key).copied().unwrap_or_default();
        let most = usize::try_from(watch.at_most_per_hour).unwrap_or(usize::MAX);
        let left = most.saturating_sub(sent.count);
        if left == 0 {
            let until = sent.first_at.unwrap_or_default() + SignedDuration::from_hours(1);
            plans.push(Plan::Postpone { watch: &first.watch, channel: &first.channel, until });
        } else if !watch.digest && deliveries.len() <= left.min(SINGLE_MESSAGES) {
            let single = |delivery| Plan::Message { deliveries: vec![delivery], told: 1 };
            plans.extend(deliveries.into_iter().map(single));
        } else {
            let told = left.min(deliveries.len());
            plans.push(Plan::Message { deliveries, told });
        }
    }
    plans
}

/// When the next digest goes out: at six in the morning, UTC.
pub(crate) fn next_digest(now: Timestamp) -> Timestamp {
    let day = SignedDuration::from_hours(24);
    let hour = SignedDuration::from_hours(6);
    let today = Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(day.as_secs()));
    let today = today.unwrap_or(now) + hour;
    if today > now { today } else { today + day }
}

/// When a channel is tried again that has failed so often in a row: after half a minute, then twice as long each time, up
/// to an hour; or when it says itself.
pub(crate) fn next_try(now: Timestamp, tries: u32, retry_after: Option<std::time::Duration>) -> Timestamp {
    let pause = SignedDuration::from_secs(30 << tries.saturating_sub(1).min(7));
    let pause = pause.min(SignedDuration::from_hours(1));
    let asked = retry_after.and_then(|asked| SignedDuration::try_from(asked).ok());
    // Nobody is believed who asks for more than a day.
    let asked = asked.unwrap_or_default().min(SignedDuration::from_hours(24));
    now + pause.max(asked)
}
