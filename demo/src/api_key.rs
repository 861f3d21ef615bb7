//! Finds the caller's API key and judges its form.

use axum::http::{HeaderMap, header};

/// The key a request carries, as `Authorization: Bearer …` or as `api_key=…`; the header wins.
pub(crate) fn presented(headers: &HeaderMap, query: &[(String, String)]) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.map(|value| value.strip_prefix("Bearer ").unwrap_or(value).to_owned());
    let parameter = || query.iter().find(|(name, _)| name == "api_key").map(|(_, value)| value.clone());
    bearer.or_else(parameter).filter(|key| !key.is_empty())
}

/// Whether a key has the form of a UUID.
pub(crate) fn is_well_formed(key: &str) -> bool {
    let groups: Vec<&str> = key.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::{is_well_formed, presented};
    use axum::http::HeaderMap;

    #[test]
    fn only_a_uuid_is_well_formed() {
        assert!(is_well_formed("0f9c1d2e-3b4a-4c5d-8e6f-0123456789ab"));
        for key in ["", "secret", "0f9c1d2e-3b4a-4c5d-8e6f-0123456789a", "0f9c1d2e-3b4a-4c5d-8e6f-0123456789ag"] {
            assert!(!is_well_formed(key), "{key}");
        }
    }

    #[test]
    fn the_header_wins_over_the_parameter() {
        let query = vec![("api_key".to_owned(), "from-query".to_owned())];
        let mut headers = HeaderMap::new();
        assert_eq!(presented(&headers, &query).as_deref(), Some("from-query"));
        headers.insert("authorization", "Bearer from-header".parse().unwrap());
        assert_eq!(presented(&headers, &query).as_deref(), Some("from-header"));
        assert_eq!(presented(&HeaderMap::new(), &[]), None);
    }
}
