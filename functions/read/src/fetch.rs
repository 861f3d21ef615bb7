//! One request, from the platform and back to it.

use crate::asked::{Asked, MIN_VERSION, asked, owner};
use crate::credential::{keep_private, key_required, let_in, shown};
use crate::gate::{ADDRESS, Client, admit, counted_as, tell_policy, too_many};
use crate::own::{Missing, Tiers, health, index};
use crate::world::World;
use crate::{cors, failed, served};
use http::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, ORIGIN};
use http::{Request, Response};
use std::time::Duration;
use weir_catalog::{Access, Key, Origins, Project, Resource, Route};
use weir_edge::binding::{hand_over, missing};
use weir_edge::body::Body;
use weir_edge::catalog::{Needs, Serving};
use weir_edge::clock::now;
use weir_edge::gauge::Gauge;
use weir_edge::limiter;
use weir_edge::log::{self, Line, millis};
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::request::{from_js, header};
use weir_edge::respond::to_js;
use weir_edge::transport::{Transport, insecure};
use weir_flow::answer::{Answer, Found, Outcome, Served, Step, Tier};
use weir_flow::opening::{KeyRing, opening};
use weir_flow::ports::{Entries, Fault};
use weir_flow::read::{Wish, pay, read};
use weir_flow::reader::Reader;
use weir_policy::api_key::{ApiKey, Scope};
use weir_policy::freshness::{Freshness, Rule};
use weir_policy::time::Timestamp;
use worker::{Context, Env, event};

/// The only headers that a read depends on.
const HEADERS: [HeaderName; 5] = [IF_NONE_MATCH, IF_MODIFIED_SINCE, MIN_VERSION, ADDRESS, ORIGIN];

thread_local! {
    /// What this isolate remembers. It outlives every request, so it is never given back.
    static READER: &'static Reader<Body> = Box::leak(Box::default());
    static RING: &'static KeyRing = Box::leak(Box::default());
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
    let request = match from_js(request, &HEADERS) {
        Ok(request) => request,
        Err(problem) => return to_js(call.refuse(problem, None)),
    };
    let transport = Transport::of(request.uri());
    if transport == Transport::Plain {
        return to_js(call.own("insecure", insecure(request.method(), request.uri())));
    }
    let mut project = serving.project(owner(request.uri().path()));
    let mut response = match asked(&request, serving.catalog, serving.routes(), call.started_at) {
        Asked::Entry { route, min_version } => {
            // A project's name can be spelt in ways that only the router understands.
            project = serving.catalog.projects.get(route.project);
            call.entry(&request, &route, min_version, Client::of(request.headers(), transport)).await
        }
        Asked::HandOver => match call.hand_over(request.body()).await {
            Some(response) => return Ok(response),
            None => call.refuse(Problem::unavailable().retry_after(Duration::from_secs(1)), None),
        },
        Asked::Preflight => call.own("preflight", cors::preflight()),
        Asked::Index => call.own("index", index(&serving.running)),
        Asked::Health => call.health().await,
        Asked::Refused(problem) => call.refuse(problem, project),
    };
    let origins = project.map_or(&Origins::Any, |project| &project.admission.origins);
    cors::open(response.headers_mut(), origins, request.headers());
    transport.promise(response.headers_mut());
    to_js(response)
}

impl Call<'_> {
    /// Answers a read of whoever may read.
    async fn entry(
        &self,
        request: &Request<web_sys::Request>,
        route: &Route,
        min_version: u64,
        client: Client,
    ) -> Response<Payload<Body>> {
        let project = self.serving.catalog.projects.get(route.project);
        let resource = project.and_then(|project| project.resources.get(route.resource));
        let (Some(project), Some(resource)) = (project, resource) else {
            return self.refuse(Problem::not_found(), None);
        };
        let world = World::new(self.env, &self.gauge);
        let key = || {
            let sent = |name: &str| header(request.body(), name);
            shown(project, resource, sent, request.uri().query()).ok_or_else(key_required)
        };
        let mut response = match self.gate(&world, (route.project, project), key, client).await {
            Ok(()) => self.read(world, request, (project, resource), route, min_version).await,
            Err(problem) => self.refuse(problem, Some(project)),
        };
        tell_policy(response.headers_mut(), project);
        if project.access == Access::Key {
            keep_private(response.headers_mut(), project, resource);
        }
        response
    }

    /// The cheap questions first: the limiter is asked only about those who may read at all, and Postgres about a key only
    /// for those who do not ask too often.
    async fn gate(
        &self,
        world: &World,
        (index, project): (usize, &Project),
        key: impl Fn() -> Result<ApiKey, Problem>,
        client: Client,
    ) -> Result<(), Problem> {
        admit(project, client)?;
        let key = match project.access {
            Access::Public => None,
            Access::Key => Some(key()?),
        };
        if let (Some(rate), Some(name)) = (project.admission.rate_limit, project.admission.limiter())
            && !limiter::allows(self.env, &name, &counted_as(project, client)).await
        {
            return Err(too_many(rate));
        }
        let Some(key) = key else { return Ok(()) };
        let ring = RING.with(|ring| *ring);
        let_in(opening(world, ring, (index, &project.name), &key, Scope::Read).await)
    }

    /// Answers a read; what is owed is done after the answer.
    async fn read(
        &self,
        world: World,
        request: &Request<web_sys::Request>,
        (project, resource): (&'static Project, &'static Resource),
        route: &Route,
        min_version: u64,
    ) -> Response<Payload<Body>> {
        let reader = READER.with(|reader| *reader);
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
                problem.respond()
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
        response
    }

    /// What `read` does not answer is answered by `receive`, which gets the request as it came.
    async fn hand_over(&self, request: &web_sys::Request) -> Option<web_sys::Response> {
        let response = hand_over(self.env, "RECEIVE", request, &self.gauge).await?;
        let line = Line { outcome: "handed-over", status: Some(response.status()), ..self.line("hand-over") };
        log::write(&line, &self.gauge);
        Some(response)
    }

    async fn health(&self) -> Response<Payload<Body>> {
        let world = World::new(self.env, &self.gauge);
        let name = self.serving.running.first().map_or("-", |project| &project.name);
        let persistent = match Key::new(format!("{name}/-/health")) {
            Ok(key) => !matches!(world.entry(&key).await, Err(error) if error.fault == Fault::Transient),
            Err(_) => false,
        };
        let tiers = Tiers { hot: world.kv.answers().await, persistent };
        let (hooks, upstreams) = missing(self.env, &self.gauge).await;
        self.own("health", health(&self.serving.running, tiers, &Missing { hooks, upstreams }))
    }

    fn own(&self, what: &'static str, response: Response<Payload<Body>>) -> Response<Payload<Body>> {
        let line = Line { outcome: "ok", status: Some(response.status().as_u16()), ..self.line(what) };
        log::write(&line, &self.gauge);
        response
    }

    fn refuse(&self, problem: Problem, project: Option<&Project>) -> Response<Payload<Body>> {
        let project = project.map(|project| project.name.as_str());
        let line = Line { project, outcome: problem.kind(), ..self.line("refuse") };
        let response = problem.respond();
        log::write(&Line { status: Some(response.status().as_u16()), ..line }, &self.gauge);
        response
    }

    fn line(&self, what: &'static str) -> Line<'static> {
        Line { worker: "read", what, ms: millis(now().since(self.started_at)), ..Line::default() }
    }
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
