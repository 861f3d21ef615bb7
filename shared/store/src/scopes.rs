//! Looks up what a key may do.

use crate::store::ANSWER;
use crate::wire::column;
use crate::{Connector, Store};
use tokio_postgres::types::Type;
use weir_flow::ports::{Keys, PortError};
use weir_policy::api_key::Scopes;

impl<C: Connector> Keys for Store<C> {
    async fn scopes(&self, project: &str, hash: &[u8; 32]) -> Result<Option<Scopes>, PortError> {
        let params = [(&project as _, Type::TEXT), (&hash.as_slice() as _, Type::BYTEA)];
        // As one text: nothing else in `read` has a use for arrays, and their decoder weighs a kilobyte.
        let sql = "select array_to_string(weir.key_scopes($1, $2), ',') as scopes";
        let rows = self.call(ANSWER, sql, &params).await?;
        let names: Option<String> = rows.first().map(|row| column(row, "scopes")).transpose()?.flatten();
        Ok(names.map(|names| Scopes::named(names.split(','))))
    }
}
