//! Statements that a connection has prepared.

use std::collections::HashMap;

use tokio_postgres::{GenericClient, Statement};

use crate::error::{Context, Error};

/// The statements of one connection: each is prepared once.
#[derive(Debug, Default)]
pub(crate) struct Prepared(HashMap<String, Statement>);

impl Prepared {
    /// A statement, prepared now or before.
    pub(crate) async fn statement(
        &mut self,
        client: &impl GenericClient,
        sql: &str,
    ) -> Result<Statement, Error> {
        if let Some(statement) = self.0.get(sql) {
            return Ok(statement.clone());
        }
        let statement = client.prepare(sql).await.context("prepare a statement")?;
        self.0.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}
