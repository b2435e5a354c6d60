//! `cenovka watch send`: the outbox, emptied or only looked at.

use std::path::Path;

use causes::with_causes;
use jiff::Timestamp;
use notifier::watches::Watches;
use notifier::{Notifier, Report, WATCHES};
use runtime::DatabaseSettings;
use runtime::settings::variable;
use warehouse::WaitingFor;

use crate::error::Error;

/// Tells what is due once; with `dry_run` prints what waits, and which channels cannot be used, and changes nothing.
///
/// # Errors
/// If a file is to be told from; if settings, S3, Postgres or the watches fail.
pub async fn send(file: Option<&Path>, dry_run: bool) -> Result<(), Error> {
    if dry_run {
        return look(file).await;
    }
    if let Some(file) = file {
        let bucket = variable("CENOVKA_RAW_BUCKET").unwrap_or_else(|| "RAW-BUCKET".to_owned());
        return Err(Error::WatchesElsewhere { file: file.display().to_string(), bucket, key: WATCHES });
    }
    let notifier = Notifier::from_env().await?;
    let report = Box::pin(notifier.notify(Timestamp::MAX)).await;
    println!("{}", outcome(&report.map_err(|error| Error::Failed(error.into()))?));
    Ok(())
}

async fn look(file: Option<&Path>) -> Result<(), Error> {
    let notifier = Notifier::from_env().await?;
    let watches = match file {
        Some(file) => Some(super::read(file)?),
        None => notifier.watches().await.map_err(|error| Error::Failed(error.into()))?,
    };
    let mut warehouse = credentials::warehouse(&DatabaseSettings::from_env()?)?;
    let waiting = warehouse.waiting_by_channel().await?;
    let events = warehouse.events_to_compare().await?;
    println!("not compared with the watches yet: {events} events");
    for waiting in &waiting {
        println!("{}", line(waiting, watches.as_ref()));
    }
    if waiting.is_empty() {
        println!("nothing waits to be sent");
    }
    for error in watches.iter().flat_map(|watches| notifier.check(watches)) {
        println!("{}", with_causes(&error));
    }
    Ok(())
}

/// What waits for one watch and channel, and what becomes of it if these are the watches.
fn line(waiting: &WaitingFor, watches: Option<&Watches>) -> String {
    let WaitingFor { watch, channel, deliveries, due_at, failure } = waiting;
    let failure = failure.as_ref().map(|failure| format!("; the channel failed: {failure}"));
    let is_there =
        |watches: &Watches| watches.get(watch).is_some() && watches.channels().contains_key(channel.as_str());
    let given_up = if watches.is_none_or(is_there) { "" } else { "; to be given up, for the file lacks it" };
    let due = due_at.strftime("%F %H:%M");
    format!(
        "{watch} through {channel}: {deliveries} waiting, due from {due} UTC on{}{given_up}",
        failure.unwrap_or_default()
    )
}

/// What a run did.
fn outcome(report: &Report) -> String {
    let Report { events, matched, messages, told, failed, waiting, overdue, given_up, busy } = report;
    if *busy {
        return "another notifier is at work: nothing was done".to_owned();
    }
    let mut text = format!(
        "compared with the watches: {events} events, of which came {matched} deliveries\n\
         told: {told} deliveries, in {messages} messages\n\
         waiting: {waiting} deliveries, {overdue} of them overdue\n\
         given up: {given_up} deliveries"
    );
    if !failed.is_empty() {
        text += &format!("\nfailed, and tried again by a later run: {}", failed.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_with_failures_and_with_what_a_file_gives_up() {
        let waiting = WaitingFor {
            watch: "a".to_owned(),
            channel: "reader".to_owned(),
            deliveries: 3,
            due_at: "2026-01-05T06:00:00Z".parse().unwrap(),
            failure: Some("503".to_owned()),
        };
        let told = "a through reader: 3 waiting, due from 2026-01-05 06:00 UTC on; the channel failed: 503";
        assert_eq!(line(&waiting, None), told);
        let watch = "[[watch]]\nname = \"a\"\ndeal = \"sale\"\ncategory = \"flats\"\nchannels = [\"reader\"]\n\
                     [channels.reader]\nkind = \"feed\"";
        let of = |text: &str| line(&waiting, Some(&Watches::parse(text).unwrap()));
        assert_eq!(of(watch), told);
        for other in [watch.replace("\"a\"", "\"b\""), watch.replace("reader", "other")] {
            assert_eq!(of(&other), format!("{told}; to be given up, for the file lacks it"));
        }
    }

    #[test]
    fn a_run_names_the_channels_that_failed() {
        let report = Report { told: 2, messages: 1, failed: vec!["phone".to_owned()], ..Report::default() };
        let told = outcome(&report);
        assert!(
            told.contains("told: 2 deliveries, in 1 messages\n") && told.ends_with("later run: phone"),
            "{told}"
        );
        assert!(outcome(&Report { busy: true, ..report }).contains("another notifier"));
    }
}
