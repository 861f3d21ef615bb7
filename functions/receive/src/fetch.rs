//! One request, from the platform and back to it.

use crate::answer::respond;
use crate::refusals::{GATHERED_FOR, Refusals};
use crate::secrets::missing;
use crate::target::{TBA_HMAC, signature, target, too_large};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName};
use http::{Request, Response, StatusCode};
use std::cell::RefCell;
use weir_catalog::{Hook, Project};
use weir_edge::binding::RefreshBinding;
use weir_edge::body::Body;
use weir_edge::catalog::{self, Needs, Serving};
use weir_edge::clock::{Clock, now};
use weir_edge::db::Postgres;
use weir_edge::flag;
use weir_edge::gauge::Gauge;
use weir_edge::log::{self, Line, millis};
use weir_edge::missing::{is_asked, respond as tell_missing};
use weir_edge::payload::Payload;
use weir_edge::problem::Problem;
use weir_edge::request::{body, bounded, from_js, whole_head};
use weir_edge::respond::to_js;
use weir_edge::text;
use weir_edge::transport::Transport;
use weir_edge::wire::CATALOG;
use weir_flow::ports::{Fault, PortError, Receipts, Refresher, Tidings, Timer};
use weir_flow::receive::{Attempt, Receiving, receive};
use weir_policy::time::Timestamp;
use weir_store::Store;
use worker::{Context, Env, console_error, event};

/// The only headers that a delivery, or a Worker that asks what is missing, depends on.
const HEADERS: [HeaderName; 3] = [CONTENT_LENGTH, TBA_HMAC, HeaderName::from_static(CATALOG)];

thread_local! {
    static REFUSALS: RefCell<Refusals> = RefCell::default();
}

/// What every part of the handler needs of its request.
struct Call<'a> {
    env: &'a Env,
    ctx: &'a Context,
    gauge: Gauge,
    postgres: Postgres,
    started_at: Timestamp,
}

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> worker::Result<web_sys::Response> {
    let serving = Serving::of(&env, Needs::Nothing);
    let gauge = Gauge::default();
    let postgres = Postgres::new(&env, "RECEIVE_DB", &gauge);
    let call = Call { env: &env, ctx: &ctx, gauge, postgres, started_at: now() };
    let bounded = bounded(whole_head(&request));
    let request = match bounded.and_then(|()| from_js(request, &HEADERS)) {
        Ok(request) => request,
        Err(problem) => return to_js(call.refuse(problem)),
    };
    if is_asked(&request, catalog::FINGERPRINT) {
        return to_js(tell_missing::<Body>(&missing(&serving.running, |name| flag(&env, name))));
    }
    let mut response = match target(&request, |name| serving.project(name)) {
        Ok((project, hook)) => call.delivery(&request, project, hook).await,
        Err(problem) => call.refuse(problem),
    };
    // `read` hands requests over as they came and answers back as they are.
    Transport::of(request.uri()).promise(response.headers_mut());
    to_js(response)
}

impl Call<'_> {
    async fn delivery(
        &self,
        request: &Request<web_sys::Request>,
        project: &'static Project,
        hook: &'static Hook,
    ) -> Response<Payload<Body>> {
        let body = match body(request.body(), hook.max_bytes).await {
            Ok(Some(body)) => body,
            Ok(None) => return self.refuse(too_large(hook)),
            Err(_) => {
                let problem = Problem::new(StatusCode::BAD_REQUEST, "bad-body", "The body did not arrive whole");
                return self.refuse(problem);
            }
        };
        let receiving = self.receive(request, project, hook, body).await;
        let (outcome, response) = respond(hook.scheme, &receiving);
        let line = Line { project: Some(&project.name), outcome, ..self.line("delivery") };
        let error = receiving.as_ref().err().map(ToString::to_string);
        log::write(&Line { status: Some(response.status().as_u16()), error, ..line }, &self.gauge);
        match receiving {
            Ok(Receiving::Accepted) | Err(PortError { fault: Fault::NotAdopted, .. }) => self.poke(project),
            Ok(Receiving::Refused) => self.count_refused(project, hook),
            Ok(Receiving::Duplicate | Receiving::NotConfigured) | Err(_) => {}
        }
        response
    }

    async fn receive(
        &self,
        request: &Request<web_sys::Request>,
        project: &Project,
        hook: &Hook,
        body: Bytes,
    ) -> Result<Receiving, PortError> {
        let secrets: Vec<String> = hook.secrets.iter().filter_map(|secret| text(self.env, &secret.name)).collect();
        let attempt = Attempt { project, hook, secrets: &secrets, signature: signature(hook, request), body };
        receive(&Store::new(self.postgres.clone()), attempt).await
    }

    /// Has `refresh` look at the inbox at once. Without this the next tick does; a project that was never adopted is.
    fn poke(&self, project: &Project) {
        let refresh = RefreshBinding::new(self.env, &self.gauge);
        let tidings = Tidings::Delivered { project: project.name.clone() };
        self.postgres.park();
        self.ctx.wait_until(async move {
            if let Err(error) = refresh.tell(&tidings).await {
                console_error!("refresh was not told of a delivery: {error}");
            }
        });
    }

    fn count_refused(&self, project: &'static Project, hook: &'static Hook) {
        let writes = REFUSALS.with_borrow_mut(|refusals| refusals.count(&project.name, &hook.name, now()));
        if writes {
            let store = Store::new(self.postgres.clone());
            self.ctx.wait_until(async move {
                Clock.sleep(GATHERED_FOR).await;
                write_refusals(&store).await;
            });
        }
    }

    fn refuse(&self, problem: Problem) -> Response<Payload<Body>> {
        let line = Line { outcome: problem.kind(), ..self.line("refuse") };
        let response = problem.respond();
        log::write(&Line { status: Some(response.status().as_u16()), ..line }, &self.gauge);
        response
    }

    fn line(&self, what: &'static str) -> Line<'static> {
        Line { worker: "receive", what, ms: millis(now().since(self.started_at)), ..Line::default() }
    }
}

async fn write_refusals(store: &impl Receipts) {
    let refused = REFUSALS.with_borrow_mut(Refusals::take);
    for ((project, hook), times) in refused {
        if let Err(error) = store.count_refused(project, hook, times).await {
            console_error!("refused deliveries are not counted yet: {error}");
            REFUSALS.with_borrow_mut(|refusals| refusals.add(project, hook, times));
        }
    }
}
