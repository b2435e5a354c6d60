//! Three watches over the simulated market, so that its days end with what they would have told.

use notifier::watches::Watches;
use warehouse::Warehouse;

use super::{past_events, told};
use crate::error::Error;

/// Where the file is, in the repository.
pub(crate) const SAMPLE: &str = "cli/src/sample-watches.toml";
const TEXT: &str = include_str!("../sample-watches.toml");
/// Days up to the last walk.
const DAYS: u32 = 7;

/// Prints what each of the sample's watches would have told: how much, and the newest event.
pub(crate) async fn print_sample(warehouse: &mut Warehouse) -> Result<(), Error> {
    // A test says that it has no fault.
    let watches = Watches::parse(TEXT).unwrap_or_default();
    let events = past_events(warehouse, DAYS).await?.unwrap_or_default();
    println!("\nThree watches would have told, over the last {DAYS} days ({SAMPLE})");
    for told in told::told(&watches, &events, 1) {
        println!("  {}", told.totals());
        for item in &told.newest {
            println!("    {}", item.title);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_no_fault() {
        assert_eq!(Watches::parse(TEXT).unwrap().len(), 3);
    }
}
