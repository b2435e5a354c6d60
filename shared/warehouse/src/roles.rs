//! The roles that are not the owner, and what each may do: `grants.sql` says it.

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use crate::error::{Context, Error};

/// What each role may do.
pub(crate) const GRANTS: &str = include_str!("../grants.sql");

/// Creates the roles that are missing. Roles belong to the whole cluster: another database's migrator may have made
/// them, even at this moment, and then it is waited for.
pub(crate) async fn create(transaction: &Transaction<'_>) -> Result<(), Error> {
    for role in ["cenovka_loader", "cenovka_analyst", "cenovka_notifier"] {
        let create = format!(
            "do $$
            begin
                if to_regrole('{role}') is null then
                    create role {role} nologin;
                end if;
            exception when duplicate_object or unique_violation then
                null;
            end
            $$"
        );
        transaction.batch_execute(&create).await.map_err(|source| match source.code() {
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Error::MissingRoles(source),
            _ => Error::Database { action: "create the roles", source },
        })?;
    }
    Ok(())
}

/// Makes the roles' privileges what they should be, whatever they were.
pub(crate) async fn grant(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute(GRANTS).await.context("grant the roles their privileges")
}
