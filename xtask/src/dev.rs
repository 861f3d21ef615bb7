//! `cargo xtask dev`: everything on this machine, until Ctrl-C.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::Config;

use crate::checkout::{CONFIGS, Checkout};
use crate::cli::DevOptions;
use crate::cron::Cron;
use crate::demo;
use crate::guarded::{Event, Guarded, last_lines};
use crate::persistent_tier;
use crate::ports::{self, Wanted};
use crate::ready;
use crate::setup;
use crate::state::State;
use crate::stop::Stop;
use crate::workers::{self, Said};

const START_PATIENCE: Duration = Duration::from_secs(60);

/// Sets up, starts everything, and stops everything when asked to, or when the Workers end.
pub(crate) async fn run(checkout: &Checkout, options: &DevOptions) -> Result<ExitCode> {
    let state = State::hold(checkout, "dev")?;
    let crons = crons(checkout)?;
    // Before the set-up, which takes minutes the first time.
    check_ports(options)?;
    let given = persistent_tier::given_server()?;
    setup::everything(checkout)?;
    let mut stop = Stop::listen()?;
    tokio::select! {
        outcome = serve(checkout, options, &state, given, &crons) => outcome.map(|()| ExitCode::SUCCESS),
        () = stop.asked() => {
            eprintln!("stopped");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Starts everything in order and never returns while the Workers run. Dropping the future stops what it started.
async fn serve(
    checkout: &Checkout,
    options: &DevOptions,
    state: &State,
    given: Option<Config>,
    crons: &[Cron],
) -> Result<()> {
    let (events, mut heard) = unbounded_channel();
    let tier = persistent_tier::start(checkout, options, state, given, &events).await?;
    let _demo = upstreams(checkout, options, state, &events, &mut heard).await?;
    let kv = state.folder.join("kv");
    let log = state.folder.join("workers.log");
    let wanted = workers::Wanted {
        port: options.port,
        control_port: options.control_port,
        addresses: &tier.addresses,
        upstreams: (!options.live).then(|| format!("http://127.0.0.1:{}", options.demo_port)),
        kv: &kv,
        log: &log,
    };
    ready::write_env(state, &tier.addresses)?;
    if options.without_workers {
        ready::without_workers(options);
        return follow(options, &[], &log, &mut heard).await;
    }
    let _workers = workers::start(checkout, &wanted, events.clone())?;
    let url = until_ready(&mut heard, workers::NAME, &log, |line| match workers::understand(line) {
        Some(Said::Ready { url }) => Some(url),
        _ => None,
    })
    .await?;
    ready::with_workers(options, &url, &tier);
    follow(options, crons, &log, &mut heard).await
}

/// The demo, unless the real upstreams are wanted.
async fn upstreams(
    checkout: &Checkout,
    options: &DevOptions,
    state: &State,
    events: &UnboundedSender<Event>,
    heard: &mut UnboundedReceiver<Event>,
) -> Result<Option<Guarded>> {
    if options.live {
        return Ok(None);
    }
    let log = state.folder.join("demo.log");
    let demo = demo::start(checkout, options.demo_port, options.replay.as_deref(), &log, events.clone())?;
    until_ready(heard, demo::NAME, &log, |line| demo::is_ready(line).then_some(())).await?;
    Ok(Some(demo))
}

/// Waits for the line by which a program says that it is ready.
async fn until_ready<T>(
    heard: &mut UnboundedReceiver<Event>,
    name: &str,
    log: &std::path::Path,
    ready: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    let wait = async {
        while let Some(event) = heard.recv().await {
            match event {
                Event::Line(who, line) if who == name => {
                    if let Some(found) = ready(&line) {
                        return Ok(found);
                    }
                }
                Event::Ended(who, _) if who == name => {
                    bail!("{name} ended at once; the last lines of {}:\n  {}", log.display(), last_lines(log, 12))
                }
                _ => {}
            }
        }
        bail!("{name} ended at once")
    };
    let timed_out = || format!("{name} was not ready within {} s; see {}", START_PATIENCE.as_secs(), log.display());
    tokio::time::timeout(START_PATIENCE, wait).await.with_context(timed_out)?
}

/// Fires the crons, shows the logs, and says when something ends; returns when the Workers did.
async fn follow(
    options: &DevOptions,
    crons: &[Cron],
    log: &std::path::Path,
    heard: &mut UnboundedReceiver<Event>,
) -> Result<()> {
    let mut log_file = std::fs::File::options().create(true).append(true).open(log)?;
    let for_people = std::io::stdout().is_terminal();
    loop {
        let (wait, minute) = next_minute();
        tokio::select! {
            event = heard.recv() => match event {
                Some(Event::Line(workers::NAME, line)) => ready::show_log(&line, for_people, &mut log_file),
                Some(Event::Line(..)) => {}
                Some(Event::Ended(workers::NAME, code)) => {
                    bail!("the Workers ended (code {code}); the last lines of {}:\n  {}", log.display(), last_lines(log, 12))
                }
                None => bail!("nothing runs any more"),
                Some(Event::Ended(name, code)) => eprintln!("{name} ended (code {code}); the rest goes on"),
            },
            () = tokio::time::sleep(wait) => {
                for cron in crons.iter().filter(|cron| cron.fires_at(minute)) {
                    tick(options.control_port, cron.text.clone(), minute);
                }
            }
        }
    }
}

/// In the background: a tick may take longer than the minute to the next, on the platform too.
fn tick(control_port: u16, cron: String, minute: u64) {
    tokio::spawn(async move {
        if let Err(error) = workers::fire(control_port, &cron, u128::from(minute) * 1000).await {
            eprintln!("tick failed: {error:#}");
        }
    });
}

/// How long until the next full minute, and which one that is.
fn next_minute() -> (Duration, u64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let minute = (now.as_secs() / 60 + 1) * 60;
    (Duration::from_secs(minute).saturating_sub(now), minute)
}

/// All but Postgres's: that one may be held by what a crashed run left, and is looked at when that is gone.
fn check_ports(options: &DevOptions) -> Result<()> {
    let mut wanted = Vec::new();
    if !options.without_workers {
        wanted.push(Wanted { port: options.port, purpose: "the Workers", flag: "--port" });
        wanted.push(Wanted {
            port: options.control_port,
            purpose: "the Workers' control port",
            flag: "--control-port",
        });
    }
    if !options.live {
        wanted.push(Wanted { port: options.demo_port, purpose: "the demo upstreams", flag: "--demo-port" });
    }
    ports::check_free(&wanted)?;
    wanted.push(persistent_tier::port(options));
    ports::check_distinct(&wanted)
}

/// The crons of refresh, from the one place where they are written.
fn crons(checkout: &Checkout) -> Result<Vec<Cron>> {
    let [_, _, refresh] = CONFIGS;
    let text = String::from_utf8(crate::stamp::bytes(&checkout.root.join(refresh))?)?;
    let config: toml::Table = text.parse().with_context(|| refresh.to_owned())?;
    let listed = config.get("triggers").and_then(|triggers| triggers.get("crons")).and_then(toml::Value::as_array);
    let texts = listed.into_iter().flatten().filter_map(toml::Value::as_str);
    texts.map(|text| Cron::parse(text).with_context(|| refresh.to_owned())).collect()
}
