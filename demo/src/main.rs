//! The demo upstreams as a process: binds, says where, serves until it is told to end.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use weir_demo::{Clock, Config, Replay};

/// Stand-in upstreams for Weir; `GET /_demo` tells their commands.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port of 127.0.0.1 to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Calls a minute without an API key.
    #[arg(long, default_value_t = 60)]
    limit_minute: u32,
    /// Calls a day without an API key.
    #[arg(long, default_value_t = 3_000)]
    limit_day: u32,
    /// Serve the recordings listed in this directory's index.json instead of generated data.
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("weir-demo: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let replay = arguments.replay.as_deref().map(Replay::open).transpose().map_err(|error| error.to_string())?;
    let port = arguments.port;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1:{port}: {error}; choose another --port"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    println!("demo listening on http://{address}");
    let (limit_minute, limit_day) = (arguments.limit_minute, arguments.limit_day);
    let config = Config { limit_minute, limit_day, clock: Clock::real(), replay };
    // Requests under way are dropped: one that hangs on command would otherwise keep the process for ever.
    tokio::select! {
        served = weir_demo::serve(listener, config) => served.map_err(|error| error.to_string()),
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| error.to_string()),
    }
}
