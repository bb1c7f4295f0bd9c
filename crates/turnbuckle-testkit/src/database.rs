//! The database of a hub under test: in its folder, or on PostgreSQL.
//!
//! `TEST_HUB_STORE=postgres` runs the stories of the hub on the server that
//! `TEST_POSTGRES_URL` names (`scripts/with-postgres.sh` starts one), each hub in
//! an empty schema of its own.

use tokio_postgres::NoTls;

use crate::dice::Dice;

/// Where tests run is told here.
const STORE: &str = "TEST_HUB_STORE";
const SERVER: &str = "TEST_POSTGRES_URL";

/// Whether hubs under test are to store on PostgreSQL.
pub fn is_postgres() -> bool {
    std::env::var(STORE).is_ok_and(|store| store == "postgres")
}

/// The address of an empty schema, if hubs under test are to store on PostgreSQL.
///
/// # Panics
/// When there is no server.
pub async fn chosen() -> Option<String> {
    if is_postgres() { Some(empty_schema().await) } else { None }
}

/// The address of an empty schema on PostgreSQL.
///
/// # Panics
/// When there is no server.
pub async fn empty_schema() -> String {
    let server = std::env::var(SERVER)
        .unwrap_or_else(|_| panic!("{SERVER} is not set: run scripts/with-postgres.sh"));
    let schema = format!("hub_{:016x}", Dice::any_seed());
    let (client, connection) = tokio_postgres::connect(&server, NoTls)
        .await
        .unwrap_or_else(|error| panic!("{server} cannot be reached: {error}"));
    let create = async {
        let created = client.batch_execute(&format!("CREATE SCHEMA {schema}")).await;
        created.unwrap_or_else(|error| panic!("no schema can be made: {error}"));
        drop(client);
    };
    let ((), ended) = tokio::join!(create, connection);
    ended.unwrap_or_else(|error| panic!("the connection to {server} broke: {error}"));
    format!("{server}?options=-csearch_path%3D{schema}")
}
