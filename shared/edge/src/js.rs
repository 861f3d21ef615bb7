//! What the platform's objects look like from Rust, where `worker` says too much or too little.

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// A KV namespace.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone, Debug)]
    pub(crate) type KvNamespace;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn get(this: &KvNamespace, name: &str, options: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getWithMetadata)]
    pub(crate) fn get_with_metadata(this: &KvNamespace, name: &str, options: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn put(this: &KvNamespace, name: &str, value: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;

    /// What `getWithMetadata` answers.
    pub(crate) type KvFound;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn value(this: &KvFound) -> JsValue;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn metadata(this: &KvFound) -> JsValue;

    /// A rate limiter.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone, Debug)]
    pub(crate) type RateLimiter;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn limit(this: &RateLimiter, options: &JsValue) -> Result<Promise, JsValue>;

    /// Another Worker.
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone, Debug)]
    pub(crate) type Service;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn fetch(this: &Service, request: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = fetch)]
    pub(crate) fn call(this: &Service, url: &str, init: &JsValue) -> Result<Promise, JsValue>;
}

/// Waits for what a call of the platform promised.
pub(crate) async fn settled<T: JsCast>(promise: Result<Promise, JsValue>) -> Result<T, JsValue> {
    JsFuture::from(promise?).await.map(JsCast::unchecked_into)
}

/// What went wrong, for the log: the error's own words and nothing that it carries.
pub(crate) fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| "not an Error".to_owned()),
    }
}
