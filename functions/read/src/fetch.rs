//! One request, from the platform and back to it.

use crate::asked::{Asked, MIN_VERSION, asked};
use crate::own::{Tiers, health, index};
use crate::world::World;
use crate::{cors, failed, served};
use http::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use weir_catalog::{Key, Route};
use weir_edge::binding::hand_over;
use weir_edge::body::Body;
use weir_edge::catalog::{Needs, Serving};
use weir_edge::clock::now;
use weir_edge::gauge::Gauge;
use weir_edge::log::{self, Line, millis};
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::request::from_js;
use weir_edge::respond::to_js;
use weir_flow::answer::{Answer, Found, Outcome, Served, Step, Tier};
use weir_flow::ports::{Entries, Fault};
use weir_flow::read::{Wish, pay, read};
use weir_flow::reader::Reader;
use weir_policy::freshness::{Freshness, Rule};
use weir_policy::time::Timestamp;
use worker::{Context, Env, event};

/// The only headers that a read depends on.
const HEADERS: [HeaderName; 3] = [IF_NONE_MATCH, IF_MODIFIED_SINCE, MIN_VERSION];

thread_local! {
    /// What this isolate remembers. It outlives every request, so it is never given back.
    static READER: &'static Reader<Body> = Box::leak(Box::default());
}

/// What every part of the handler needs of its request.
struct Call<'a> {
    env: &'a Env,
    ctx: &'a Context,
    serving: &'static Serving,
    gauge: Gauge,
    started_at: Timestamp,
}

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> worker::Result<web_sys::Response> {
    let serving = Serving::of(&env, Needs::Nothing);
    let call = Call { env: &env, ctx: &ctx, serving, gauge: Gauge::default(), started_at: now() };
    let Some(request) = from_js(request, &HEADERS) else {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "bad-request", "This is no address");
        return to_js(call.refuse(problem));
    };
    match asked(&request, serving.catalog, serving.routes(), call.started_at) {
        Asked::Entry { route, min_version } => match call.entry(&request, &route, min_version).await {
            Some(response) => to_js(response),
            None => to_js(call.refuse(Problem::not_found())),
        },
        Asked::HandOver => call.hand_over(request.body()).await,
        Asked::Preflight => to_js(call.own("preflight", cors::preflight())),
        Asked::Index => to_js(call.own("index", index(&serving.running))),
        Asked::Health => to_js(call.health().await),
        Asked::Refused(problem) => to_js(call.refuse(problem)),
    }
}

impl Call<'_> {
    /// Answers a read; what is owed is done after the answer.
    async fn entry(
        &self,
        request: &Request<web_sys::Request>,
        route: &Route,
        min_version: u64,
    ) -> Option<Response<Payload<Body>>> {
        let project = self.serving.catalog.projects.get(route.project)?;
        let resource = project.resources.get(route.resource)?;
        let reader = READER.with(|reader| *reader);
        let world = World::new(self.env, &self.gauge);
        let wish = Wish { project_index: route.project, project, resource, key: &route.key, min_version };
        let Answer { outcome, trail, owed } = read(&world, reader, wish).await;
        let took = now().since(self.started_at);
        let mut line = Line {
            project: Some(&project.name),
            resource: Some(&resource.name),
            error: unreachable(&trail),
            ..self.line("read")
        };
        let response = match outcome {
            Outcome::Served(entry) => {
                (line.outcome, line.tier) = (how(&entry), Some(tier(entry.tier)));
                served::respond(entry, &trail, Rule::of(resource), request, took)
            }
            Outcome::Failed(setback) => {
                let problem = failed::problem(setback, &trail, now());
                line.outcome = problem.kind();
                opened(problem.respond())
            }
        };
        line.status = Some(response.status().as_u16());
        if owed.is_empty() {
            log::write(&line, &self.gauge);
        } else {
            let gauge = self.gauge.clone();
            self.ctx.wait_until(async move {
                pay(&world, reader, project, owed).await;
                log::write(&line, &gauge);
            });
        }
        Some(response)
    }

    /// What `read` does not answer is answered by `receive`, which gets the request as it came.
    async fn hand_over(&self, request: &web_sys::Request) -> worker::Result<web_sys::Response> {
        match hand_over(self.env, "RECEIVE", request, &self.gauge).await {
            Some(response) => {
                let line = Line { outcome: "handed-over", status: Some(response.status()), ..self.line("hand-over") };
                log::write(&line, &self.gauge);
                Ok(response)
            }
            None => to_js(self.refuse(Problem::unavailable().retry_after(std::time::Duration::from_secs(1)))),
        }
    }

    async fn health(&self) -> Response<Payload<Body>> {
        let world = World::new(self.env, &self.gauge);
        let name = self.serving.running.first().map_or("-", |project| &project.name);
        let persistent = match Key::new(format!("{name}/-/health")) {
            Ok(key) => !matches!(world.entry(&key).await, Err(error) if error.fault == Fault::Transient),
            Err(_) => false,
        };
        let tiers = Tiers { hot: world.kv.answers().await, persistent };
        self.own("health", health(&self.serving.running, tiers))
    }

    fn own(&self, what: &'static str, response: Response<Payload<Body>>) -> Response<Payload<Body>> {
        let line = Line { outcome: "ok", status: Some(response.status().as_u16()), ..self.line(what) };
        log::write(&line, &self.gauge);
        response
    }

    fn refuse(&self, problem: Problem) -> Response<Payload<Body>> {
        let line = Line { outcome: problem.kind(), ..self.line("refuse") };
        let response = opened(problem.respond());
        log::write(&Line { status: Some(response.status().as_u16()), ..line }, &self.gauge);
        response
    }

    fn line(&self, what: &'static str) -> Line<'static> {
        Line { worker: "read", what, ms: millis(now().since(self.started_at)), ..Line::default() }
    }
}

fn opened(mut response: Response<Payload<Body>>) -> Response<Payload<Body>> {
    cors::open(response.headers_mut());
    response
}

fn how<B>(served: &Served<B>) -> &'static str {
    match served.freshness {
        _ if served.outdated => "outdated",
        Freshness::Fresh => "fresh",
        Freshness::Stale => "stale",
        Freshness::Kept => "kept",
        Freshness::Expired => "expired",
    }
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Memory => "memory",
        Tier::Hot => "kv",
        Tier::Persistent => "postgres",
        Tier::Upstream => "upstream",
    }
}

fn unreachable(trail: &[Step]) -> Option<String> {
    let step = trail.iter().find(|step| step.found == Found::Unreachable)?;
    Some(format!("{} unreachable", tier(step.tier)))
}
