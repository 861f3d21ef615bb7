//! Receives webhooks: verified, then recorded, then acknowledged.

use crate::ports::{PortError, Receipt, Receipts, Recorded};
use bytes::Bytes;
use serde_json::Value;
use weir_catalog::{Hook, HookScheme, Project};
use weir_policy::signature::{delivery_digest, tba_signed};

/// One delivery, as it came.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// Whose.
    pub project: &'a Project,
    /// By which hook.
    pub hook: &'a Hook,
    /// The secrets that are configured.
    pub secrets: &'a [String],
    /// What the scheme's signature header says.
    pub signature: Option<&'a str>,
    /// As sent.
    pub body: Bytes,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiving {
    /// New, and durable.
    Accepted,
    /// Durable since an earlier attempt.
    Duplicate,
    /// Not from who it says. Nothing of it is kept.
    Refused,
    /// No secret is configured, so nothing can be verified.
    NotConfigured,
}

/// Receives one delivery. Fails only where the persistent tier does: then it must not be acknowledged.
pub async fn receive(ports: &impl Receipts, attempt: Attempt<'_>) -> Result<Receiving, PortError> {
    if attempt.secrets.is_empty() {
        return Ok(Receiving::NotConfigured);
    }
    let signed = match attempt.hook.scheme {
        HookScheme::Tba => tba_signed(attempt.secrets, &attempt.body, attempt.signature),
    };
    if !signed {
        return Ok(Receiving::Refused);
    }
    let receipt = Receipt {
        project: attempt.project.name.clone(),
        hook: attempt.hook.name.clone(),
        dedupe: delivery_digest(&attempt.body),
        event: event(attempt.hook, &attempt.body),
        body: attempt.body,
    };
    match ports.record(&receipt).await? {
        Recorded::New => Ok(Receiving::Accepted),
        Recorded::Duplicate => Ok(Receiving::Duplicate),
    }
}

/// The event's name; empty where a signed body does not tell one: it is kept all the same.
fn event(hook: &Hook, body: &[u8]) -> String {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let name = body.as_ref().and_then(|body| body.pointer(&hook.event)).and_then(Value::as_str);
    name.unwrap_or_default().chars().take(100).collect()
}
