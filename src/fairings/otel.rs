//! A span for every request, for a collector of [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/http/http-spans/) traces.
//!
//! Only where `OTEL_EXPORTER_OTLP_ENDPOINT` names one. The other `OTEL_…` variables mean what they mean everywhere.

use std::env;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span as _, SpanKind, Status as SpanStatus, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use rocket::http::{HeaderMap, Status};
use rocket::request::Request;

use crate::config::ConfigError;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// For the last spans to be sent.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends spans, in batches and in the background.
#[derive(Debug, Clone)]
pub struct OtelTracer {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl OtelTracer {
    /// As the environment has it; `None`, if it names no collector. Not to be called on a runtime: the client that sends them has
    /// one of its own.
    pub fn from_environment() -> Result<Option<Self>, ConfigError> {
        let is = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let is_disabled = is("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if is_disabled || (is(ENDPOINT).is_none() && is(TRACES_ENDPOINT).is_none()) {
            return Ok(None);
        }
        if is(PROTOCOL).is_some_and(|it| it != "http/protobuf") {
            return Err(ConfigError::new(PROTOCOL, "is not spoken here", "use http/protobuf, on port 4318"));
        }
        let exporter = SpanExporter::builder().with_http().build().map_err(|_| {
            ConfigError::new(ENDPOINT, "names no collector", "write http://collector:4318, without a path")
        })?;
        let mut resource = Resource::builder();
        if is("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(env!("CARGO_PKG_NAME"));
        }
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.with_attribute(version).build())
            .build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Some(Self { provider, tracer }))
    }

    /// Sends what was not sent yet. Blocks, but not for long: a collector that is away must not hold up the end.
    pub fn shut(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(CLOSE_TIMEOUT) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }

    /// The span of a request, as a part of its client's trace where it names one (`traceparent`).
    pub(super) fn start(&self, request: &Request<'_>, method: &'static str) -> OtelSpan {
        let parent =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(request.headers()));
        let span = self
            .tracer
            .span_builder(method)
            .with_kind(SpanKind::Server)
            .with_attributes([KeyValue::new("http.request.method", method)])
            .start_with_context(&self.tracer, &parent);
        OtelSpan(Mutex::new(span))
    }
}

/// The span of a request that is being answered.
pub(super) struct OtelSpan(Mutex<Span>);

impl OtelSpan {
    /// The name of the trace it is in, for the log.
    pub(super) fn trace(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).span_context().trace_id().to_string()
    }

    /// Ends it. Its name is the route's pattern, for a real path may hold a user's id.
    pub(super) fn end(&self, method: &str, route: Option<&str>, status: Status) {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = route {
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.code)));
        if status.code >= 500 {
            span.set_attribute(KeyValue::new("error.type", status.code.to_string()));
            span.set_status(SpanStatus::error(""));
        }
        span.end();
    }
}

struct Headers<'a, 'h>(&'a HeaderMap<'h>);

impl Extractor for Headers<'_, '_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get_one(key)
    }

    fn keys(&self) -> Vec<&str> {
        Vec::new()
    }
}
