//! Responses, handed to the platform in as few crossings as it takes.

use crate::body::Body;
use crate::payload::Payload;
use http::{HeaderMap, Response};
use js_sys::JSON;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, ResponseInit};

/// The platform's form of a response.
pub fn to_js(response: Response<Payload<Body>>) -> worker::Result<web_sys::Response> {
    let (parts, payload) = response.into_parts();
    let init = ResponseInit::new();
    init.set_status(parts.status.as_u16());
    // One string and one parse are cheaper than a call per header.
    init.set_headers(&JSON::parse(&record(&parts.headers))?);
    let made = match payload {
        Payload::Empty => web_sys::Response::new_with_opt_str_and_init(None, &init),
        Payload::Text(text) => web_sys::Response::new_with_opt_str_and_init(Some(&text), &init),
        Payload::Entry(body) => {
            // The constructor takes any kind of body; the binding's type says which it is called with.
            let body: JsValue = body.into_js();
            web_sys::Response::new_with_opt_readable_stream_and_init(
                Some(body.unchecked_ref::<ReadableStream>()),
                &init,
            )
        }
    };
    Ok(made?)
}

/// The headers as a JSON object; several of one name are joined as RFC 9110 §5.3 has it.
fn record(headers: &HeaderMap) -> String {
    let mut json = String::with_capacity(1024);
    for name in headers.keys() {
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push('"');
        json.push_str(name.as_str());
        json.push_str("\":\"");
        for (index, value) in headers.get_all(name).iter().enumerate() {
            if index > 0 {
                json.push_str(", ");
            }
            value.as_bytes().iter().for_each(|byte| escape(&mut json, *byte));
        }
        json.push('"');
    }
    if json.is_empty() { "{}".to_owned() } else { json + "}" }
}

/// A header's bytes are Latin-1 to the platform, and hold no control character but the tab.
fn escape(json: &mut String, byte: u8) {
    match byte {
        b'"' | b'\\' => json.extend(['\\', char::from(byte)]),
        b'\t' => json.push_str("\\t"),
        _ => json.push(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::collections::BTreeMap;

    fn read(headers: &HeaderMap) -> BTreeMap<String, String> {
        serde_json::from_str(&record(headers)).unwrap()
    }

    #[test]
    fn headers_are_the_same_in_json() {
        let mut headers = HeaderMap::new();
        assert_eq!(record(&headers), "{}");
        headers.insert("etag", HeaderValue::from_static("\"a\\b\""));
        headers.insert("x-odd", HeaderValue::from_bytes(b"\xe9\tz").unwrap());
        headers.append("cache-status", HeaderValue::from_static("A; hit"));
        headers.append("cache-status", HeaderValue::from_static("B"));
        let expected = [("cache-status", "A; hit, B"), ("etag", "\"a\\b\""), ("x-odd", "é\tz")];
        assert_eq!(read(&headers), expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
}
