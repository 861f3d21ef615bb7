//! Calls of the other Workers and of cron, from the platform and back to it.

use crate::answer::{brought, heard, outcome};
use crate::called::{Called, FINGERPRINT, bad_call, called};
use crate::world::World;
use futures_channel::oneshot;
use http::{Request, Response};
use std::time::Duration;
use weir_edge::body::Body;
use weir_edge::catalog::{self, Needs, Serving};
use weir_edge::clock::now;
use weir_edge::gauge::Gauge;
use weir_edge::log::{self, Counts, Line, millis};
use weir_edge::missing;
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::request::{body, from_js};
use weir_edge::respond::to_js;
use weir_edge::wire::{read_ask, read_tidings};
use weir_flow::bring::{Fulfilled, fulfil};
use weir_flow::grounds::Grounds;
use weir_flow::hear::hear;
use weir_flow::ports::{Ask, Brought, Port, PortError, Run, Tidings};
use weir_flow::publish::put_slots;
use weir_flow::tick::{BATCH_ENTRIES, Order, tick};
use weir_flow::work::Subject;
use weir_policy::time::Timestamp;
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

/// No new batch begins this long after the minute did; the next tick goes on.
const TICK: Duration = Duration::from_secs(45);
/// Calls are short; a report of 100 keys is 50 kB.
const LARGEST_CALL: u32 = 64 * 1024;

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> worker::Result<web_sys::Response> {
    let serving = Serving::of(&env, Needs::UpstreamSecrets);
    let job = Job { serving, env, gauge: Gauge::default(), started_at: now() };
    let Ok(request) = from_js(request, &[FINGERPRINT]) else { return to_js(job.refuse(bad_call())) };
    match called(&request, catalog::FINGERPRINT) {
        Ok(called) => to_js(job.answer(called, &request, &ctx).await),
        Err(problem) => to_js(job.refuse(problem)),
    }
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _ctx: ScheduleContext) {
    let serving = Serving::of(&env, Needs::UpstreamSecrets);
    let job = Job { serving, env, gauge: Gauge::default(), started_at: now() };
    let order = Order {
        catalog: serving.catalog,
        projects: &serving.running,
        cause: "cron",
        deadline: job.started_at + TICK,
        batch: BATCH_ENTRIES,
    };
    for run in tick(&job.world(), order).await {
        job.log_run(&run);
    }
}

/// One invocation's work; it may outlive its request.
struct Job {
    env: Env,
    serving: &'static Serving,
    gauge: Gauge,
    started_at: Timestamp,
}

impl Job {
    async fn answer(
        self,
        called: Called,
        request: &Request<web_sys::Request>,
        ctx: &Context,
    ) -> Response<Payload<Body>> {
        let Ok(Some(body)) = body(request.body(), LARGEST_CALL).await else { return self.refuse(bad_call()) };
        let text = str::from_utf8(&body).unwrap_or_default();
        match called {
            Called::Bring => match read_ask(text) {
                Some(ask) => self.bring(ask, ctx).await,
                None => self.refuse(bad_call()),
            },
            Called::Tell => match read_tidings(text) {
                Some(tidings) => {
                    ctx.wait_until(async move { self.act(&tidings).await });
                    heard()
                }
                None => self.refuse(bad_call()),
            },
            Called::Health => missing::respond(&self.serving.missing),
        }
    }

    /// The work goes on when the reader is gone: what was asked of an upstream is saved and published.
    async fn bring(self, ask: Ask, ctx: &Context) -> Response<Payload<Body>> {
        let Some(subject) = self.grounds().subject(&ask.key) else {
            return self.refuse(Problem::not_found());
        };
        let (sender, receiver) = oneshot::channel();
        ctx.wait_until(async move { self.work(subject, &ask, sender).await });
        let lost = |_| Err(PortError::transient(Port::Refresh, "the work ended without an answer"));
        brought(receiver.await.unwrap_or_else(lost))
    }

    async fn work(&self, subject: Subject<'static>, ask: &Ask, sender: oneshot::Sender<Result<Brought, PortError>>) {
        let world = self.world();
        let fulfilled = fulfil(&world, self.grounds(), subject, ask).await;
        let (brought, slot) = match fulfilled {
            Ok(Fulfilled { brought, slot }) => (Ok(brought), slot),
            Err(error) => (Err(error), None),
        };
        let line = Line {
            project: Some(&subject.project.name),
            resource: Some(&subject.resource.name),
            outcome: outcome(&brought),
            ..self.line("bring")
        };
        let mut error = brought.as_ref().err().map(ToString::to_string);
        // The reader may be gone; then nobody waits for it.
        let _gone = sender.send(brought);
        if let Some(slot) = slot {
            let put = put_slots(&world, &subject.project.name, &[slot]).await;
            error = error.or(put.err().map(|error| error.to_string()));
        }
        log::write(&Line { error, ..line }, &self.gauge);
    }

    async fn act(&self, tidings: &Tidings) {
        let done = hear(&self.world(), self.grounds(), tidings).await;
        if let Ok(Some(run)) = &done {
            self.log_run(run);
        }
        let what = match tidings {
            Tidings::Demanded(_) => "demand",
            Tidings::Lost { .. } => "lost-slot",
            Tidings::BoardLost { .. } => "lost-board",
            Tidings::Delivered { .. } => "delivered",
        };
        let error = done.err().map(|error| error.to_string());
        let outcome = if error.is_none() { "done" } else { "unavailable" };
        log::write(&Line { outcome, error, ..self.line(what) }, &self.gauge);
    }

    fn log_run(&self, run: &Run) {
        let error = Some(run.trouble.clone()).filter(|trouble| !trouble.is_empty());
        let outcome = if error.is_none() { "done" } else { "trouble" };
        let line = Line { project: Some(&run.project), outcome, run: Some(Counts::of(run)), ..self.line("tick") };
        log::write(&Line { error, ..line }, &self.gauge);
    }

    fn refuse(&self, problem: Problem) -> Response<Payload<Body>> {
        let line = Line { outcome: problem.kind(), ..self.line("refuse") };
        let response = problem.respond();
        log::write(&Line { status: Some(response.status().as_u16()), ..line }, &self.gauge);
        response
    }

    fn line(&self, what: &'static str) -> Line<'static> {
        Line { worker: "refresh", what, ms: millis(now().since(self.started_at)), ..Line::default() }
    }

    fn grounds(&self) -> Grounds<'static> {
        let serving = self.serving;
        Grounds { catalog: serving.catalog, routes: serving.routes(), running: &serving.running }
    }

    fn world(&self) -> World {
        World::new(&self.env, &self.gauge)
    }
}
