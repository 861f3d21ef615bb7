//! Stand-in upstreams: realistic data that changes, validators, quotas, faults on command, and replay of recordings.

mod answer;
mod api_key;
mod calendar;
mod calls;
mod clock;
mod control;
mod dice;
mod faults;
mod opendota;
mod overrides;
mod quota;
mod replay;
mod stand;
mod upstream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

pub use clock::Clock;
pub use replay::{Replay, ReplayError};

/// How the stand-in behaves.
#[derive(Debug)]
pub struct Config {
    /// Calls a minute without a key; with a key it is always 300.
    pub limit_minute: u32,
    /// Calls a day without a key; with a key there is no such limit.
    pub limit_day: u32,
    /// What generated data and quota windows go by.
    pub clock: Clock,
    /// Recorded answers to serve instead of generated ones.
    pub replay: Option<Replay>,
}

impl Default for Config {
    /// The upstream's own limits, the real time, generated data.
    fn default() -> Self {
        Self { limit_minute: 60, limit_day: 3_000, clock: Clock::real(), replay: None }
    }
}

/// Serves until the future is dropped.
///
/// `GET /api.opendota.com/api/…` stands for `https://api.opendota.com/api/…`; `GET /_demo` tells the commands.
pub async fn serve(listener: TcpListener, config: Config) -> io::Result<()> {
    let app = Router::new()
        .nest("/_demo", control::router())
        .route("/_demo/", axum::routing::get(control::guide))
        .fallback(upstream::answer)
        .with_state(Arc::new(stand::Stand::new(config)));
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}
