//! What `cargo xtask dev` tells the developer once everything runs, and while it does.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;

use anyhow::Result;

use crate::cli::DevOptions;
use crate::database::Addresses;
use crate::log_lines;
use crate::persistent_tier::PersistentTier;
use crate::secrets::write_private;
use crate::state::State;
use crate::workers::{Said, understand};

/// Says where it answers and what to try.
pub(crate) fn with_workers(options: &DevOptions, url: &str, tier: &PersistentTier) {
    let demo = options.demo_port;
    println!("\nready: {url}\n");
    println!("  curl -i {url}/opendota/api/players/101695162        # a miss, then a hit");
    println!("  curl -i {url}/opendota/api/heroStats");
    println!("  curl -i {url}/-/health");
    println!(
        "  body='{{\"message_type\":\"played\",\"message_data\":{{\"account_id\":101695162}}}}'   # a signed webhook"
    );
    println!("  curl -i {url}/hooks/opendota/played -d \"$body\" \\");
    println!(
        "    -H \"X-TBA-HMAC: $(printf %s \"$body\" | openssl dgst -sha256 -hmac local-hook-secret -r | cut -d' ' -f1)\""
    );
    println!();
    if options.live {
        println!("  upstreams  the real ones");
    } else {
        println!("  upstreams  http://127.0.0.1:{demo}/_demo  (calls, faults, clock; pkill weir-demo: reads go on)");
    }
    if let Some((server, place)) = &tier.embedded {
        let pid = server.pid.map_or_else(String::new, |pid| format!("; kill -INT {pid}: reads go on"));
        println!("  postgres   127.0.0.1:{}  (data in {}{pid})", options.postgres_port, place.data.display());
    }
    println!(
        "  control    http://127.0.0.1:{}  (POST /restart empties memory; DELETE /kv empties KV)",
        options.control_port
    );
    println!("  state      .weir/  (logs: workers.log, postgres.log, demo.log; --fresh empties it)");
    println!("\nCtrl-C stops everything.\n");
}

/// Says how to run the Workers with wrangler in another terminal.
pub(crate) fn without_workers(options: &DevOptions) {
    println!("\nready: Postgres and the demo upstreams, without the Workers. In another terminal:\n");
    println!("  set -a; . .weir/env; set +a");
    println!("  PATH=\"$PWD/node_modules/.bin:$PATH\" npx wrangler dev --persist-to .weir/wrangler \\");
    println!("    -c wrangler.toml -c functions/receive/wrangler.toml -c functions/refresh/wrangler.toml");
    println!();
    println!(
        "  refresh finds the upstreams by UPSTREAMS in functions/refresh/.dev.vars (here http://127.0.0.1:{}).",
        options.demo_port
    );
    println!("  wrangler fires no crons.");
    println!("\nCtrl-C stops everything.\n");
}

/// Writes `.weir/env`: what wrangler wants to know of the databases.
pub(crate) fn write_env(state: &State, addresses: &Addresses) -> Result<()> {
    let mut text = String::from("# For npx wrangler dev: set -a; . .weir/env; set +a\nWRANGLER_SEND_METRICS=false\n");
    for (binding, address) in addresses {
        writeln!(text, "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_{binding}='{address}'")?;
    }
    write_private(&state.folder.join("env"), &text)
}

/// Shows one line of the Workers, and keeps it.
pub(crate) fn show_log(line: &str, for_people: bool, log: &mut File) {
    let (message, level) = match understand(line) {
        Some(Said::Log { message, level }) => (message, level),
        Some(Said::Ready { .. }) => return,
        None => (line.to_owned(), "log".to_owned()),
    };
    // A full disk must not stop the Workers, and there is nowhere else to say so.
    let _ = writeln!(log, "{message}");
    if for_people {
        println!("{}", log_lines::for_people(&message, &level));
    } else {
        println!("{message}");
    }
}
