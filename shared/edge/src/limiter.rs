//! The platform's rate limiter: counts in memory close to the client, for each key by itself.

use crate::env::binding;
use crate::js::{RateLimiter, settled, words};
use js_sys::{Object, Reflect};
use std::cell::Cell;
use wasm_bindgen::JsValue;
use worker::{Env, console_error};

thread_local! {
    static COMPLAINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether whoever has this key may go on, by the limiter bound as `name`.
///
/// A limiter that is missing or fails lets everybody go on: it protects from too many, not from the wrong ones.
pub async fn allows(env: &Env, name: &str, key: &str) -> bool {
    match counted(env, name, key).await {
        Ok(allowed) => allowed,
        Err(error) => {
            if !COMPLAINED.replace(true) {
                console_error!("nobody is limited by {name}: {}", words(&error));
            }
            true
        }
    }
}

async fn counted(env: &Env, name: &str, key: &str) -> Result<bool, JsValue> {
    let limiter: RateLimiter = binding(env, name)
        .ok_or_else(|| JsValue::from_str("it is not bound; `cargo xtask check` says what wrangler.toml lacks"))?;
    let options = Object::new();
    Reflect::set(&options, &JsValue::from_str("key"), &JsValue::from_str(key))?;
    let outcome: JsValue = settled(limiter.limit(&options)).await?;
    let success = Reflect::get(&outcome, &JsValue::from_str("success"))?;
    success.as_bool().ok_or_else(|| JsValue::from_str("its answer is of another kind"))
}
