//! A request as `http` types, with only the headers that somebody reads: the others never cross into wasm.

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use worker::ByteStream;

/// The request, or nothing where its method or address is none.
pub fn from_js(request: web_sys::Request, headers: &[HeaderName]) -> Option<Request<web_sys::Request>> {
    let mut read = Request::new(());
    *read.method_mut() = Method::from_bytes(request.method().as_bytes()).ok()?;
    *read.uri_mut() = Uri::try_from(path_and_query(&request.url())).ok()?;
    let sent = request.headers();
    for name in headers {
        let value = sent.get(name.as_str()).ok().flatten();
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            read.headers_mut().insert(name.clone(), value);
        }
    }
    Some(read.map(|()| request))
}

/// The whole body; `None` if it is more than `max_bytes`.
pub async fn body(request: &web_sys::Request, max_bytes: u32) -> worker::Result<Option<Bytes>> {
    let Some(stream) = request.body() else { return Ok(Some(Bytes::new())) };
    collect(ByteStream::from(stream), max_bytes).await
}

/// Everything a stream has to give; `None` if it is more than `max_bytes`.
pub(crate) async fn collect(mut stream: ByteStream, max_bytes: u32) -> worker::Result<Option<Bytes>> {
    let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if body.len() + chunk.len() > most {
            return Ok(None);
        }
        body.extend(chunk);
    }
    Ok(Some(body.into()))
}

/// What follows scheme and authority.
fn path_and_query(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(after_scheme..).unwrap_or_default();
    let path = rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/");
    path.split('#').next().unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_from_its_path_on() {
        for (url, expected) in [
            ("https://weir.example/opendota/api/players/1?limit=20", "/opendota/api/players/1?limit=20"),
            ("http://127.0.0.1:8787/", "/"),
            ("http://127.0.0.1:8787", "/"),
            ("http://host/a%20b/%C3%A9?q=a+b&r=://", "/a%20b/%C3%A9?q=a+b&r=://"),
            ("http://host/a#part", "/a"),
        ] {
            assert_eq!(path_and_query(url), expected);
        }
    }
}
