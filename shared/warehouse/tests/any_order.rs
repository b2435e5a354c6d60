//! Invariant 4: the warehouse is a function of the set of raw objects.

use proptest::test_runner::TestCaseError;

use crate::database::{Database, load};
use crate::generated::{History, holds_for_histories};
use crate::model;

/// Histories that are tried: each a handful of walks and listings, loaded and compared table by table.
const CASES: u32 = 1024;

#[test]
fn the_warehouse_is_a_function_of_the_set_of_raw_objects() {
    holds_for_histories(CASES, &async |database, history| {
        load_all(database, &history).await;
        let (found, expected) = (database.tables().await, model::tables(&history.walks));
        if found == expected {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("found {found:#?}\nexpected {expected:#?}")))
    });
}

/// Loads a history, its loads dealt out to its connections, which run side by side.
pub(crate) async fn load_all(database: &Database, history: &History) {
    let mut connections = tokio::task::JoinSet::new();
    for connection in 0..history.connections {
        let mut warehouse = database.warehouse();
        let loads = history.loads.iter().enumerate().skip(connection).step_by(history.connections);
        let walks: Vec<_> = loads
            .map(|(load, index)| (history.walks[*index].clone(), history.forgotten.contains(&load)))
            .collect();
        connections.spawn(async move {
            for (walk, forget) in walks {
                if forget {
                    let client = warehouse.client().await.unwrap();
                    client.batch_execute("delete from warehouse.row_digest").await.unwrap();
                }
                load(&mut warehouse, &walk).await.unwrap();
            }
        });
    }
    while let Some(finished) = connections.join_next().await {
        finished.unwrap();
    }
}
