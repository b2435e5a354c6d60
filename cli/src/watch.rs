//! `cenovka watch`: watches tried out on what happened, listed, and told by hand.

mod outbox;
mod sample;
mod told;

use std::fs;
use std::future::Future;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use notifier::message::Language;
use notifier::watches::Watches;
use warehouse::{Event, Warehouse};

pub use outbox::send;
pub(crate) use sample::{SAMPLE, print_sample};

use crate::args::LocalArgs;
use crate::dashboard;
use crate::data_folder::DataFolder;
use crate::error::Error;
use crate::parts::Postgres;

/// So many events of a watch are named.
const NAMED: usize = 10;

/// Names every fault of a file, or prints what each of its watches would have told over so many days up to the last walk.
///
/// # Errors
/// If the file has faults, Postgres fails, or nothing was ever loaded.
pub async fn check(
    file: &Path,
    days: u32,
    arguments: &LocalArgs,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Error> {
    let watches = read(file)?;
    let mut interrupted = std::pin::pin!(interrupted);
    let market = arguments.market();
    let folder = DataFolder::open(arguments.data_dir(), &market)?;
    let postgres = tokio::select! {
        postgres = Postgres::start(&folder) => postgres?,
        () = &mut interrupted => return Err(Error::Interrupted),
    };
    let asked = async {
        let mut warehouse = postgres.warehouse()?;
        if postgres.private.is_some() {
            warehouse.migrate().await?;
        }
        let fill = if postgres.private.is_some() { market.fill() } else { "cenovka load" };
        let events = past_events(&mut warehouse, days).await?;
        events.ok_or(Error::Dashboard(dashboard::Error::NothingToShow { fill }))
    };
    let events = tokio::select! {
        events = asked => events,
        () = &mut interrupted => Err(Error::Interrupted),
    };
    postgres.stop().await?;
    let happened = events?;
    println!("{} events in the {days} days up to the last walk", happened.len());
    for told in told::told(&watches, &happened, NAMED) {
        print!("\n{}", told.text());
    }
    Ok(())
}

/// What happened within so many days up to the last walk, the newest first; `None` if there was no walk. The days of a
/// simulated market are not those of the calendar.
async fn past_events(warehouse: &mut Warehouse, days: u32) -> Result<Option<Vec<Event>>, Error> {
    let Some(latest) = warehouse.latest_start().await? else { return Ok(None) };
    let since = latest.saturating_sub(SignedDuration::from_hours(24 * i64::from(days)));
    Ok(Some(warehouse.past_events(since.unwrap_or(Timestamp::MIN)).await?))
}

/// Prints the watches of a file.
///
/// # Errors
/// If it has faults.
pub fn list(file: &Path) -> Result<(), Error> {
    let watches = read(file)?;
    if watches.is_empty() {
        println!("{} has no watch", file.display());
    }
    print!("{}", listed(&watches));
    Ok(())
}

fn listed(watches: &Watches) -> String {
    let mut text = String::new();
    for watch in watches.iter() {
        let channel = |name: &String| {
            let kind = watches.channels().get(name).map_or("unknown", |channel| channel.kind());
            format!("{name} ({kind})")
        };
        let channels: Vec<String> = watch.channels.iter().map(channel).collect();
        let language = match watch.language {
            Language::Cs => "cs",
            Language::En => "en",
        };
        let digest = if watch.digest { ", one message a day" } else { "" };
        text += &format!("{}\n  {}\n", watch.name, watch.filter);
        text += &format!("  to {}, in {language}{digest}\n", channels.join(", "));
    }
    text
}

/// Reads a file of watches; all that is wrong with it is printed.
fn read(file: &Path) -> Result<Watches, Error> {
    let text = fs::read_to_string(file)
        .map_err(|source| Error::ReadWatches { file: file.display().to_string(), source })?;
    Watches::parse(&text).map_err(|error| {
        for fault in &error.faults {
            println!("{}: {fault}", file.display());
        }
        Error::WrongWatches { file: file.display().to_string(), count: error.faults.len() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_channels_with_their_kinds_and_the_language() {
        let text = "
            [[watch]]
            name = \"a\"
            deal = \"rent\"
            category = \"houses\"
            channels = [\"reader\", \"phone\"]
            digest = true

            [channels.reader]
            kind = \"feed\"

            [channels.phone]
            kind = \"ntfy\"
            url = \"https://ntfy.example/secret\"
            ";
        let listed = listed(&Watches::parse(text).unwrap());
        assert_eq!(
            listed,
            "a\n  houses-rent: new, relisted, back, cheaper\n  to reader (feed), phone (ntfy), in cs, one message a day\n"
        );
    }

    #[test]
    fn a_file_with_faults_is_refused_with_their_number() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "[[watch]]\nname = \"a\"\ndeal = \"sail\"\n").unwrap();
        // The deal is wrong; category and channels are missing.
        assert!(matches!(read(file.path()), Err(Error::WrongWatches { count: 3, .. })));
        assert!(matches!(read(Path::new("no/such/file")), Err(Error::ReadWatches { .. })));
    }
}
