//! The syntax of names, URLs, paths and pointers in project files.

use crate::spelling::is_unreserved;

const MAX_NAME_BYTES: usize = 40;
const MAX_PATH_BYTES: usize = 200;

/// A name in a path: `^[a-z][a-z0-9-]*$`.
pub(super) fn name(text: &str) -> Result<String, String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if letters && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.len() <= MAX_NAME_BYTES {
        return Ok(text.to_owned());
    }
    Err(format!("must be a lower-case letter, then lower-case letters, digits and `-`, {MAX_NAME_BYTES} at most"))
}

/// A name of an observed value: `^[a-z][a-z0-9_]*$`.
pub(super) fn column(text: &str) -> Result<String, String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if letters && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.len() <= MAX_NAME_BYTES {
        return Ok(text.to_owned());
    }
    Err(format!("must be a lower-case letter, then lower-case letters, digits and `_`, {MAX_NAME_BYTES} at most"))
}

/// A Worker's variable: `^[A-Z][A-Z0-9_]*$`.
pub(super) fn secret(text: &str) -> Result<String, String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if letters && text.starts_with(|first: char| first.is_ascii_uppercase()) && text.len() <= 64 {
        return Ok(text.to_owned());
    }
    // Not shown: it may be the secret itself, and this ends in build logs.
    Err("must be the name of a Worker's secret, like \"OPENDOTA_KEY\", never its value".to_owned())
}

/// A query parameter, as the upstream spells it.
pub(super) fn query_name(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.len()) && text.bytes().all(is_unreserved) {
        return Ok(text.to_owned());
    }
    Err(format!("is \"{text}\"; a query parameter is 1 to 64 letters, digits and -._~"))
}

/// A header's name (RFC 9110, section 5.6.2).
pub(super) fn header_name(text: &str) -> Result<String, String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(token) {
        return Ok(text.to_owned());
    }
    Err(format!("is \"{text}\", which is no header's name"))
}

/// `https://host[:port][/path]`; plain `http` only to this machine.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").ok_or("must be like https://host/path")?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    if authority.contains('@') {
        return Err("must not hold credentials; use `auth` and a secret".to_owned());
    }
    if text.contains(['?', '#']) {
        return Err("must not have a query or a fragment".to_owned());
    }
    if !is_authority(authority) {
        return Err("has no valid host".to_owned());
    }
    match scheme {
        "https" => {}
        "http" if is_loopback(authority) => {}
        _ => return Err("must begin with https:// (http:// only for localhost)".to_owned()),
    }
    if !path.is_empty() {
        literal_path(path)?;
    }
    Ok(text.to_owned())
}

/// A page's origin as browsers spell it: `https://host[:port]`; plain `http` only on this machine.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let wrong = || format!("is \"{text}\"; write an origin as browsers do, like \"https://fans.example\"");
    let (scheme, authority) = text.split_once("://").ok_or_else(wrong)?;
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let known_scheme = scheme == "https" || (scheme == "http" && is_loopback(authority));
    let as_browsers_do = !text.bytes().any(|byte| byte.is_ascii_uppercase()) && !authority.ends_with(default_port);
    if known_scheme && as_browsers_do && is_authority(authority) { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// Where an upstream's paths appear: `/api`, or nothing.
pub(super) fn mount(text: &str) -> Result<String, String> {
    if text.starts_with("/-") {
        return Err("must not begin with /-, where Weir's own paths are".to_owned());
    }
    if !text.is_empty() {
        literal_path(text)?;
    }
    Ok(text.to_owned())
}

/// A path pattern, and its parameters in order of appearance.
pub(super) fn pattern(text: &str) -> Result<(String, Vec<String>), String> {
    if !text.starts_with('/') || text.len() > MAX_PATH_BYTES {
        return Err(format!(
            "is \"{text}\"; write the upstream's path, from its first /, at most {MAX_PATH_BYTES} bytes"
        ));
    }
    let mut params: Vec<String> = Vec::new();
    for segment in text.split('/').skip(1) {
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(param) if params.iter().any(|known| known == param) => return Err(format!("has `{{{param}}}` twice")),
            Some(param) if is_param(param) => params.push(param.to_owned()),
            Some(param) => {
                return Err(format!("has `{{{param}}}`; a parameter is a letter, then letters, digits and `_`"));
            }
            None => literal_segment(segment)?,
        }
    }
    Ok((text.to_owned(), params))
}

/// A JSON pointer (RFC 6901) to something inside the document.
pub(super) fn pointer(text: &str) -> Result<String, String> {
    pattern_pointer(text)?;
    if text.split('/').any(|step| step == "*") {
        return Err(format!("is \"{text}\"; only `ignore` and `drop` can use `*`"));
    }
    Ok(text.to_owned())
}

/// A JSON pointer in which `*` stands for every row or member.
pub(super) fn pattern_pointer(text: &str) -> Result<String, String> {
    let escapes_are_whole = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && escapes_are_whole && text.len() <= MAX_PATH_BYTES {
        return Ok(text.to_owned());
    }
    Err(format!("is \"{text}\"; write a JSON pointer like \"/profile/account_id\""))
}

fn literal_path(text: &str) -> Result<(), String> {
    if !text.starts_with('/') || text.len() > MAX_PATH_BYTES {
        return Err(format!("is \"{text}\"; it must begin with / and have at most {MAX_PATH_BYTES} bytes"));
    }
    text.split('/').skip(1).try_for_each(literal_segment)
}

fn literal_segment(segment: &str) -> Result<(), String> {
    if segment.is_empty() {
        return Err("has an empty part: no // and no / at the end".to_owned());
    }
    if matches!(segment, "." | "..") || !segment.bytes().all(is_unreserved) {
        return Err(format!(
            "has the part `{segment}`; write letters, digits and -._~, or a whole part as {{parameter}}"
        ));
    }
    Ok(())
}

fn is_param(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= MAX_NAME_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_authority(text: &str) -> bool {
    let (host, port) = split_port(text);
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_host = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(address) => address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => host.split('.').all(label),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_loopback(authority: &str) -> bool {
    let host = split_port(authority).0.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A colon inside brackets belongs to the address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T>(parse: impl Fn(&str) -> Result<T, String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(parse(text).is_ok(), "{text} is refused");
        }
        for text in bad {
            assert!(parse(text).is_err(), "{text} is taken");
        }
    }

    #[test]
    fn names_fit_into_paths_and_variables() {
        let (longest, too_long) = ("a".repeat(40), "a".repeat(41));
        check(name, &["a", "a-1", &longest], &["", "A", "1a", "-a", "a_b", "a/b", "ä", &too_long]);
        check(column, &["rank_tier", "a1"], &["", "_a", "rank-tier", "Rank"]);
        check(secret, &["KEY", "A_1"], &["", "key", "_KEY", "1KEY", "d34db33f-0000"]);
        check(query_name, &["limit", "Team.Number-1~_"], &["", "a b", "a=b", "a&b", "ä"]);
        check(header_name, &["X-TBA-Auth-Key"], &["", "a b", "a:b", "ä"]);
    }

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        check(
            base_url,
            &[
                "https://a.b",
                "https://a.b/api",
                "https://a.b:8443/v2.0",
                "http://localhost:8080",
                "http://127.0.0.1:1/x",
                "http://[::1]:9",
            ],
            &[
                "",
                "a.b/api",
                "http://a.b",
                "http://127.0.0.1.evil.test",
                "ftp://a.b",
                "https://",
                "https:///api",
                "https://u:p@a.b",
                "https://a.b/",
                "https://a.b/api/",
                "https://a.b?x",
                "https://a.b/x#y",
                "https://a..b",
                "https://a.b:0",
                "https://a.b:x",
                "https://a.b/../x",
                "https://a b",
                "https://[::1",
            ],
        );
    }

    #[test]
    fn origins_are_spelt_as_browsers_spell_them() {
        check(
            origin,
            &["https://fans.example", "https://fans.example:8443", "http://localhost:5173", "http://[::1]:3000"],
            &[
                "",
                "*",
                "null",
                "fans.example",
                "https://",
                "https://fans.example/",
                "https://fans.example/page",
                "https://Fans.example",
                "https://fans.example:443",
                "http://localhost:80",
                "http://fans.example",
                "https://me@fans.example",
                "https://*.fans.example",
            ],
        );
    }

    #[test]
    fn mounts_leave_room_for_weirs_own_paths() {
        check(
            mount,
            &["", "/api", "/api/v3", "/v2.0"],
            &["api", "/", "/-", "/-/x", "/api/", "//api", "/a b", "/{x}", "/.."],
        );
    }

    #[test]
    fn patterns_are_whole_parts_or_whole_parameters() {
        check(
            pattern,
            &["/players", "/players/{account_id}/wl", "/{a}/{b}", "/v2.0/x~y"],
            &[
                "",
                "players",
                "/",
                "/a/",
                "/a//b",
                "/a/{x}.json",
                "/{}",
                "/{*rest}",
                "/{1a}",
                "/{a}/{a}",
                "/../a",
                "/%41",
                "/a?b",
            ],
        );
        assert_eq!(pattern("/{b}/x/{a}").unwrap().1, ["b", "a"]);
    }

    #[test]
    fn pointers_point_into_the_document() {
        check(pointer, &["/a", "/a/0/b~1c~0", "/"], &["", "a", "a/b", "/a~", "/a~2", "/*/b"]);
        check(pattern_pointer, &["/*/last_played", "/a"], &["", "*"]);
    }
}
