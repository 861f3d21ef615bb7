//! Variables, secrets and bindings, by their names in `wrangler.toml`.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// A variable or secret; an empty one is none.
pub fn text(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    value.as_string().filter(|text| !text.is_empty())
}

/// Whether a variable or secret is set, without taking it out.
pub fn flag(env: &Env, name: &str) -> bool {
    text(env, name).is_some()
}

/// A binding; `None` where the configuration lacks it.
pub(crate) fn binding<T: JsCast>(env: &Env, name: &str) -> Option<T> {
    let value = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    value.is_object().then(|| value.unchecked_into())
}
