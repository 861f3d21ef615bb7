//! A request as `http` types, with only the headers that somebody reads: the others never cross into wasm.

use crate::problem::Problem;
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use js_sys::Array;
use worker::ByteStream;

/// Longer than any address that a catalog can declare, with every parameter it has.
const LONGEST_ADDRESS: usize = 8_192;
/// Browsers send twenty and the platform adds ten.
const MOST_HEADERS: u32 = 100;
const LARGEST_HEAD: u32 = 32_768;

/// A header that only some requests are asked for.
pub fn header(request: &web_sys::Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// How much some of a request's headers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// How many there are.
    pub headers: u32,
    /// Their names and values together, in bytes.
    pub bytes: u32,
}

/// The request, or what is wrong with its head as far as somebody reads it.
pub fn from_js(request: web_sys::Request, headers: &[HeaderName]) -> Result<Request<web_sys::Request>, Problem> {
    let sent = request.headers();
    let mut read = begun(&request.method(), &request.url())?;
    let mut head = Head::default();
    for name in headers {
        let Some(value) = sent.get(name.as_str()).ok().flatten() else { continue };
        head.headers += 1;
        head.bytes = head.bytes.saturating_add(u32::try_from(value.len()).unwrap_or(u32::MAX));
        if let Ok(value) = HeaderValue::try_from(value) {
            read.headers_mut().insert(name.clone(), value);
        }
    }
    bounded(head)?;
    Ok(read.map(|()| request))
}

/// All of a request's headers. To count them takes as long as half a read from memory, which reads five and leaves the
/// others to the platform's own limit of 128 kB.
pub fn whole_head(request: &web_sys::Request) -> Head {
    // As `name,value,name,value`, where they are: a crossing per header would take longer still.
    let pairs = Array::from(request.headers().as_ref());
    Head { headers: pairs.length(), bytes: pairs.to_string().length() }
}

/// Refuses headers of a size that nobody needs.
pub fn bounded(head: Head) -> Result<(), Problem> {
    if head.headers <= MOST_HEADERS && head.bytes <= LARGEST_HEAD {
        return Ok(());
    }
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let problem = Problem::new(status, "headers-too-large", "The headers are too many or too large");
    Err(problem.detail(format!("At most {MOST_HEADERS} with {LARGEST_HEAD} bytes are read.")))
}

/// A request with its method and address, if that is of a length that anybody needs.
pub fn begun(method: &str, address: &str) -> Result<Request<()>, Problem> {
    if address.len() > LONGEST_ADDRESS {
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "uri-too-long", "The address is too long"));
    }
    let no_address = |_| Problem::new(StatusCode::BAD_REQUEST, "bad-request", "This is no address");
    let no_method = |_| Problem::new(StatusCode::BAD_REQUEST, "bad-request", "This is no method");
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(no_method)?;
    *request.uri_mut() = Uri::try_from(address).map_err(no_address)?;
    Ok(request)
}

/// A header that has one value; the platform joins two of them with a comma.
pub fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    let joined = value.is_some_and(|value| value.as_bytes().contains(&b','));
    if joined || values.next().is_some() {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "doubled-header", "A header came twice");
        return Err(problem.detail(format!("Send {name} once.")));
    }
    Ok(value)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(begun: Result<Request<()>, Problem>) -> Option<u16> {
        begun.err().map(|problem| problem.respond::<()>().status().as_u16())
    }

    #[test]
    fn an_address_is_read_whole() {
        for (address, path, query) in [
            ("https://weir.example/opendota/api/players/1?limit=20", "/opendota/api/players/1", Some("limit=20")),
            ("http://127.0.0.1:8787/", "/", None),
            ("http://127.0.0.1:8787", "/", None),
            ("http://[::1]:8787/x", "/x", None),
            ("http://host/a%20b/%C3%A9?q=a+b&r=://", "/a%20b/%C3%A9", Some("q=a+b&r=://")),
            ("http://host/a#part", "/a", None),
        ] {
            let request = begun("GET", address).unwrap();
            assert_eq!((request.uri().path(), request.uri().query()), (path, query));
        }
    }

    #[test]
    fn a_head_larger_than_anybody_needs_is_refused_unread() {
        let address = |bytes: usize| format!("https://h/{}", "a".repeat(bytes - 10));
        assert_eq!(refused(begun("GET", &address(LONGEST_ADDRESS))), None);
        assert_eq!(refused(begun("GET", &address(LONGEST_ADDRESS + 1))), Some(414));
        for (headers, bytes, status) in [(100, 32_768, None), (101, 0, Some(431)), (1, 32_769, Some(431))] {
            assert_eq!(
                bounded(Head { headers, bytes }).err().map(|problem| problem.respond::<()>().status().as_u16()),
                status,
                "{headers} {bytes}"
            );
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (method, address) in [("", "https://h/"), ("GE T", "https://h/"), ("GET", ""), ("GET", "https://h/a b")] {
            assert_eq!(refused(begun(method, address)), Some(400), "{method} {address}");
        }
    }

    #[test]
    fn a_header_that_has_one_value_comes_once() {
        let name = HeaderName::from_static("weir-min-version");
        let mut headers = HeaderMap::new();
        assert_eq!(single(&headers, &name), Ok(None));
        headers.append(&name, HeaderValue::from_static("1"));
        assert_eq!(single(&headers, &name), Ok(Some(&HeaderValue::from_static("1"))));
        headers.append(&name, HeaderValue::from_static("1"));
        assert_eq!(single(&headers, &name).unwrap_err().kind(), "doubled-header");
        headers.insert(&name, HeaderValue::from_static("1, 1"));
        assert_eq!(single(&headers, &name).unwrap_err().kind(), "doubled-header");
    }
}
