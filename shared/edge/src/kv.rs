//! The hot tier on Workers KV. Whatever fails is a miss.

use crate::body::{Body, Passing};
use crate::clock::now;
use crate::env::binding;
use crate::gauge::Gauge;
use crate::js::{KvFound, KvNamespace, settled, words};
use crate::slot::Metadata;
use bytes::Bytes;
use js_sys::{ArrayBuffer, JSON, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use weir_catalog::Key;
use weir_flow::entry::Entry;
use weir_flow::ports::{Form, HotTier, HotWriter};
use weir_policy::meter::KvWrite;
use weir_policy::slot::{board_name, slot_name};
use worker::{Env, console_debug};

/// The least that KV allows: a board is only worth its age.
const BOARD: &str = r#"{"type":"arrayBuffer","cacheTtl":30}"#;
/// A slot's name is used again four versions later; until then a cached value is right, and after it only a miss.
const SLOT_STREAM: &str = r#"{"type":"stream","cacheTtl":60}"#;
const SLOT_BYTES: &str = r#"{"type":"arrayBuffer","cacheTtl":60}"#;

/// The KV namespace of one invocation; taken from the environment when it is first needed.
#[derive(Clone, Debug)]
pub struct Kv {
    env: Env,
    gauge: Gauge,
}

impl Kv {
    /// The namespace bound as `HOT`.
    pub fn new(env: &Env, gauge: &Gauge) -> Self {
        Self { env: env.clone(), gauge: gauge.clone() }
    }

    /// Whether KV answers at all.
    pub async fn answers(&self) -> bool {
        self.get_bytes(&board_name("-", 0)).await.is_ok()
    }

    fn namespace(&self) -> Result<KvNamespace, JsValue> {
        binding(&self.env, "HOT").ok_or_else(|| JsValue::from_str("no KV namespace is bound as HOT"))
    }

    async fn get_bytes(&self, name: &str) -> Result<Option<Bytes>, JsValue> {
        let Some(_open) = self.gauge.kv_read(name) else { return Ok(None) };
        let value: JsValue = settled(self.namespace()?.get(name, &JSON::parse(BOARD)?)).await?;
        Ok(value.dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec().into()))
    }

    async fn get_slot(&self, name: &str, form: Form) -> Result<Option<Entry<Body>>, JsValue> {
        let Some(_open) = self.gauge.kv_read(name) else { return Ok(None) };
        let options = match form {
            Form::Stream => SLOT_STREAM,
            Form::Bytes => SLOT_BYTES,
        };
        let found: KvFound = settled(self.namespace()?.get_with_metadata(name, &JSON::parse(options)?)).await?;
        let value = found.value();
        if value.is_null() {
            return Ok(None);
        }
        let body = match form {
            Form::Stream => Body::Stream(Passing::new(value.unchecked_into())),
            Form::Bytes => Body::from_array(Uint8Array::new(&value)),
        };
        Ok(metadata(&found.metadata()).map(|metadata| metadata.entry(body)))
    }

    async fn put_bytes(&self, name: &str, value: &[u8], options: &str, metadata_bytes: usize) -> Result<bool, JsValue> {
        let write = KvWrite { key: name, value_bytes: value.len(), metadata_bytes };
        let Some(_open) = self.gauge.kv_write(write, now()) else { return Ok(false) };
        let value = Uint8Array::from(value);
        settled::<JsValue>(self.namespace()?.put(name, &value, &JSON::parse(options)?)).await?;
        Ok(true)
    }
}

fn metadata(value: &JsValue) -> Option<Metadata> {
    if !value.is_object() {
        return None;
    }
    let field = |name: &str| Reflect::get(value, &JsValue::from_str(name)).ok();
    Metadata::read(|name| field(name)?.as_f64(), field("m")?.as_string())
}

/// A failure of KV is nothing a client notices: only who looks for it in the log does.
fn miss<T>(what: &str, outcome: Result<T, JsValue>) -> Option<T> {
    outcome.inspect_err(|error| console_debug!("kv {what}: {}", words(error))).ok()
}

impl HotTier for Kv {
    type Body = Body;

    async fn slot(&self, key: &Key, slot: u8, form: Form) -> Option<Entry<Body>> {
        miss("get", self.get_slot(&slot_name(key, slot), form).await).flatten()
    }

    async fn board(&self, project: &str, shard: u8) -> Option<Bytes> {
        miss("get", self.get_bytes(&board_name(project, shard)).await).flatten()
    }
}

impl HotWriter for Kv {
    async fn put_slot(&self, key: &Key, entry: &Entry) -> bool {
        let name = slot_name(key, weir_policy::slot::slot_of(entry.version));
        let Ok(metadata) = serde_json::to_string(&Metadata::of(entry)) else { return false };
        let options = format!(r#"{{"metadata":{metadata}}}"#);
        miss("put", self.put_bytes(&name, &entry.body, &options, metadata.len()).await).unwrap_or(false)
    }

    async fn put_board(&self, project: &str, shard: u8, board: Bytes) -> bool {
        miss("put", self.put_bytes(&board_name(project, shard), &board, "{}", 0).await).unwrap_or(false)
    }
}
