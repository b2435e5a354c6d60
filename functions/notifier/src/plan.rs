//! Which deliveries become which messages: one event each, or several together, or as many as a watch may be told.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use warehouse::{DeliveryKey, SentLately};

use crate::channel::Channel;
use crate::watches::Watches;

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
    watches: &Watches,
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
        let Some(watch) = watches.get(&first.watch) else { continue };
        let key = (first.watch.clone(), first.channel.clone());
        let sent = sent_lately.get(&key).copied().unwrap_or_default();
        // Nobody is disturbed by a feed, and what it does not tell one by one it does not tell.
        let is_feed = matches!(watches.channels().get(&first.channel), Some(Channel::Feed {}));
        let most = if is_feed { None } else { usize::try_from(watch.at_most_per_hour).ok() };
        let most = most.unwrap_or(usize::MAX);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use warehouse::EventKind;

    use super::*;

    /// A watch that may be told five events an hour, one that is told once a day, both by phone and feed.
    fn watches() -> Watches {
        let watch = |name: &str, rest: &str| {
            format!(
                "[[watch]]\nname = \"{name}\"\ndeal = \"sale\"\ncategory = \"flats\"\n\
                 channels = [\"phone\", \"feed\"]\nat_most_per_hour = 5\n{rest}\n"
            )
        };
        let channels = "[channels.phone]\nkind = \"ntfy\"\nurl = \"https://ntfy.sh/x\"\n\
                        [channels.feed]\nkind = \"feed\"\n";
        Watches::parse(&(watch("now", "") + &watch("daily", "digest = true") + channels)).unwrap()
    }

    fn due(watch: &str, channel: &str, count: i64) -> Vec<DeliveryKey> {
        let delivery = |hash_id| DeliveryKey {
            watch: watch.to_owned(),
            channel: channel.to_owned(),
            hash_id,
            spell: Timestamp::UNIX_EPOCH,
            kind: EventKind::New,
        };
        (0..count).map(delivery).collect()
    }

    /// Of each message how many deliveries it has and how many it tells one by one.
    fn messages(due: &[DeliveryKey], sent_lately: usize) -> Vec<(usize, usize)> {
        let lately = SentLately { count: sent_lately, first_at: Some(Timestamp::UNIX_EPOCH) };
        let key = |delivery: &DeliveryKey| (delivery.watch.clone(), delivery.channel.clone());
        let lately = due.iter().map(|delivery| (key(delivery), lately)).collect();
        let size = |plan: Plan<'_>| match plan {
            Plan::Message { deliveries, told } => Some((deliveries.len(), told)),
            Plan::Postpone { .. } => None,
        };
        plan(due, &watches(), &lately).into_iter().filter_map(size).collect()
    }

    #[test]
    fn a_few_events_are_messages_of_their_own_and_more_are_told_together() {
        assert_eq!(messages(&due("now", "phone", 3), 0), [(1, 1); 3]);
        assert_eq!(messages(&due("now", "phone", 4), 0), [(4, 4)]);
        let both = [due("now", "phone", 2), due("daily", "phone", 2)].concat();
        assert_eq!(messages(&both, 0), [(1, 1), (1, 1), (2, 2)]);
    }

    #[test]
    fn what_is_beyond_a_watchs_limit_is_a_number_and_then_waits() {
        assert_eq!(messages(&due("now", "phone", 40), 0), [(40, 5)]);
        assert_eq!(messages(&due("now", "phone", 2), 4), [(2, 1)]);
        let due = due("now", "phone", 2);
        let lately = SentLately { count: 5, first_at: Some(Timestamp::UNIX_EPOCH) };
        let lately = HashMap::from([(("now".to_owned(), "phone".to_owned()), lately)]);
        let until = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let postponed = Plan::Postpone { watch: "now", channel: "phone", until };
        assert_eq!(plan(&due, &watches(), &lately), [postponed]);
    }

    #[test]
    fn a_feed_has_no_limit() {
        assert_eq!(messages(&due("now", "feed", 40), 30), [(40, 40)]);
    }

    #[test]
    fn deliveries_of_a_watch_that_is_gone_are_left_out() {
        assert_eq!(messages(&due("gone", "phone", 2), 0), []);
    }

    #[test]
    fn digests_go_out_at_six() {
        for (now, next) in [
            ("2026-11-25T05:59:59Z", "2026-11-25T06:00:00Z"),
            ("2026-11-25T06:00:00Z", "2026-11-26T06:00:00Z"),
            ("2026-12-31T23:00:00Z", "2027-01-01T06:00:00Z"),
        ] {
            assert_eq!(next_digest(now.parse().unwrap()), next.parse().unwrap(), "{now}");
        }
    }

    #[test]
    fn a_channel_that_fails_is_asked_less_and_less_often_or_when_it_says() {
        let pause = |tries, retry_after: Option<u64>| {
            let again = next_try(Timestamp::UNIX_EPOCH, tries, retry_after.map(Duration::from_secs));
            again.as_second()
        };
        assert_eq!([1, 2, 3, 8, 60].map(|tries| pause(tries, None)), [30, 60, 120, 3600, 3600]);
        assert_eq!(pause(1, Some(5)), 30);
        assert_eq!(pause(1, Some(500)), 500);
        assert_eq!(pause(1, Some(1_000_000)), 24 * 3600);
    }
}
