//! What a request is addressed to, and whether its body may be read.

use http::header::{CONTENT_LENGTH, HeaderName};
use http::{Method, Request, StatusCode};
use weir_catalog::{Hook, HookScheme, Project};
use weir_edge::problem::Problem;
use weir_edge::request::single;

/// Where The Blue Alliance signs.
pub(crate) const TBA_HMAC: HeaderName = HeaderName::from_static("x-tba-hmac");

/// The hook that a request is for, or why there is none.
pub(crate) fn target<'a, B>(
    request: &Request<B>,
    project: impl Fn(&str) -> Option<&'a Project>,
) -> Result<(&'a Project, &'a Hook), Problem> {
    let path = request.uri().path();
    let (name, hook) =
        path.strip_prefix("/hooks/").and_then(|rest| rest.split_once('/')).ok_or_else(Problem::not_found)?;
    let project = project(name).ok_or_else(Problem::not_found)?;
    let hook = project.hooks.iter().find(|known| known.name == hook).ok_or_else(Problem::not_found)?;
    if request.method() != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    match hook.scheme {
        HookScheme::Tba => single(request.headers(), &TBA_HMAC)?,
    };
    let stated = single(request.headers(), &CONTENT_LENGTH)?.and_then(|length| length.to_str().ok());
    let stated: Option<u64> = stated.and_then(|length| length.parse().ok());
    match stated {
        Some(length) if length > u64::from(hook.max_bytes) => Err(too_large(hook)),
        _ => Ok((project, hook)),
    }
}

/// A body of more bytes than the hook takes.
pub(crate) fn too_large(hook: &Hook) -> Problem {
    let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large");
    problem.detail(format!("This hook takes at most {} bytes.", hook.max_bytes))
}

/// The scheme's signature, as it was sent.
pub(crate) fn signature<'r, B>(hook: &Hook, request: &'r Request<B>) -> Option<&'r str> {
    match hook.scheme {
        HookScheme::Tba => request.headers().get(TBA_HMAC)?.to_str().ok(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use weir_catalog::{Access, Admission};

    pub(crate) fn project() -> Project {
        let hook = Hook {
            name: "played".into(),
            scheme: HookScheme::Tba,
            secrets: vec![],
            max_bytes: 100,
            event: "/message_type".into(),
            due: vec![],
        };
        Project {
            name: "demo".into(),
            description: String::new(),
            access: Access::Public,
            admission: Admission::default(),
            board_shards: 1,
            upstreams: vec![],
            resources: vec![],
            hooks: vec![hook],
        }
    }

    fn status(method: &str, path: &str, length: Option<&str>) -> u16 {
        let project = project();
        let mut request = Request::builder().method(method).uri(path);
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, length);
        }
        let request = request.body(()).unwrap();
        match target(&request, |name| (name == "demo").then_some(&project)) {
            Ok((_, hook)) => {
                assert_eq!(hook.name, "played");
                200
            }
            Err(problem) => problem.respond::<()>().status().as_u16(),
        }
    }

    #[test]
    fn only_a_post_to_a_declared_hook_with_a_body_in_bounds_is_taken() {
        for (method, path, length, expected) in [
            ("POST", "/hooks/demo/played", None, 200),
            ("POST", "/hooks/demo/played", Some("100"), 200),
            ("POST", "/hooks/demo/played", Some("101"), 413),
            ("POST", "/hooks/demo/played", Some("many"), 200),
            ("GET", "/hooks/demo/played", None, 405),
            ("PUT", "/hooks/demo/played", None, 405),
            ("POST", "/hooks/demo/other", None, 404),
            ("GET", "/hooks/demo/other", None, 404),
            ("POST", "/hooks/demo/played/more", None, 404),
            ("POST", "/hooks/nobody/played", None, 404),
            ("POST", "/hooks/demo", None, 404),
            ("PUT", "/demo/roster", None, 404),
        ] {
            assert_eq!(status(method, path, length), expected, "{method} {path} {length:?}");
        }
    }

    #[test]
    fn two_signatures_or_two_lengths_are_none() {
        let project = project();
        for (name, values) in [
            (&TBA_HMAC, &["00", "11"][..]),
            (&TBA_HMAC, &["00, 11"]),
            (&CONTENT_LENGTH, &["1", "1"]),
            (&CONTENT_LENGTH, &["1, 999"]),
        ] {
            let mut request = Request::builder().method("POST").uri("/hooks/demo/played").body(()).unwrap();
            for value in values {
                request.headers_mut().append(name, value.parse().unwrap());
            }
            let problem = target(&request, |_| Some(&project)).err().map(|problem| problem.kind());
            assert_eq!(problem, Some("doubled-header"), "{name} {values:?}");
        }
    }

    #[test]
    fn the_scheme_says_where_the_signature_is() {
        let hook = &project().hooks[0];
        let request = Request::builder().header("X-TBA-HMAC", "abc").body(()).unwrap();
        assert_eq!(signature(hook, &request), Some("abc"));
        assert_eq!(signature(hook, &Request::new(())), None);
    }
}
