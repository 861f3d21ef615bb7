//! Makes the catalog's running projects known to the persistent tier.

use crate::store::BATCH;
use crate::wire::span_ms;
use crate::{Connector, Store};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use weir_catalog::{Access, Catalog, Project, Upstream};
use weir_flow::ports::PortError;
use weir_policy::slot::shard_of;

impl<C: Connector> Store<C> {
    /// The running projects say it all; the catalog is named so that a caller cannot hand in another's.
    pub(crate) async fn make_known(&self, _catalog: &Catalog, running: &[&Project]) -> Result<(), PortError> {
        let described = Value::Array(running.iter().map(|project| described(project)).collect()).to_string();
        self.call(BATCH, "select weir.adopt($1)", &[(&described as _, Type::TEXT)]).await.map(drop)
    }
}

/// A project as `weir.adopt` reads it, with a fingerprint of everything else that is said.
fn described(project: &Project) -> Value {
    let mut said = json!({
        "project": project.name,
        "description": project.description,
        "access": match project.access {
            Access::Public => "public",
            Access::Key => "key",
        },
        "shards": project.board_shards.max(1),
        "upstreams": project.upstreams.iter().map(upstream).collect::<Vec<_>>(),
        "resources": project.resources.iter().map(|resource| &resource.name).collect::<Vec<_>>(),
        "keys": keys(project),
    });
    let fingerprint = fingerprint(&said.to_string());
    if let Some(fields) = said.as_object_mut() {
        fields.insert("fingerprint".to_owned(), json!(fingerprint));
    }
    said
}

fn upstream(upstream: &Upstream) -> Value {
    json!({
        "upstream": upstream.name,
        "limits": upstream.budget.iter().map(|window| window.limit).collect::<Vec<_>>(),
        "windows_ms": upstream.budget.iter().map(|window| span_ms(window.per)).collect::<Vec<_>>(),
        "reserve_percent": upstream.reserve_percent,
    })
}

/// The keys that exist without being asked for.
fn keys(project: &Project) -> Vec<Value> {
    let described = |(index, key): (usize, weir_catalog::Key)| {
        let resource = project.resources.get(index)?;
        let upstream = project.upstreams.get(resource.upstream)?;
        let shard = shard_of(key.hash(), project.board_shards);
        Some(json!({ "key": key.as_str(), "resource": resource.name, "upstream": upstream.name, "shard": shard }))
    };
    project.static_keys().into_iter().filter_map(described).collect()
}

fn fingerprint(said: &str) -> i64 {
    let digest = Sha256::digest(said.as_bytes());
    digest.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}
