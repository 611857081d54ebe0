//! The OpenAPI document, made from the table of routes.

use axum::Json;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Ref, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, RefOr,
    Required, ResponseBuilder, Schema,
};
use utoipa::{OpenApi as _, ToSchema};

use crate::store::view::tally;
use crate::web::error::{ProblemDocument, ProblemItem};
use crate::web::route::Route;

use super::route::routes;
use super::shape::{Doc, Shape};
use super::{campaigns, conversations, doubts, lists, messages, runs, start, suppressions};

/// Every schema that a route names.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    ProblemDocument,
    ProblemItem,
    campaigns::CampaignView,
    campaigns::CampaignList,
    campaigns::LoadedView,
    start::StartRequest,
    start::StartedView,
    start::PauseRequest,
    runs::RunView,
    runs::MessageView,
    runs::MessageList,
    tally::Failures,
    tally::Waiting,
    messages::MessageRequest,
    messages::SentView,
    doubts::DoubtView,
    doubts::DoubtList,
    doubts::SettleRequest,
    conversations::ConversationView,
    conversations::ConversationList,
    conversations::NextPage,
    conversations::EntryView,
    conversations::ThreadView,
    conversations::AnswerRequest,
    conversations::OutcomeRequest,
    lists::TemplateList,
    lists::TemplateView,
    lists::HoldList,
    lists::HoldView,
    lists::Done,
    suppressions::SuppressionView,
    suppressions::SuppressionList,
    suppressions::SuppressionRequest,
)))]
struct Schemas;

/// The document.
pub async fn document() -> Json<OpenApi> {
    Json(build())
}

fn build() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in routes() {
        if let Some(doc) = route.doc {
            paths = paths.path(route.path, item(&route, &doc));
        }
    }
    let schemes = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let mut components = Schemas::openapi().components.unwrap_or_else(|| ComponentsBuilder::new().build());
    components.add_security_scheme("token", schemes);
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Recado").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)))
        .paths(paths)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("token", Vec::<String>::new())]))
        .build()
}

const ABOUT: &str = "Instants are Unix milliseconds, amounts are decimals in text of one currency. Errors are problem \
                     documents (RFC 9457). A POST that creates or sends is done once per Idempotency-Key for 24 hours.";

fn item(route: &Route, doc: &Doc) -> PathItem {
    let mut operation = OperationBuilder::new().summary(Some(doc.summary)).tag(tag(route.path));
    for name in placeholders(route.path) {
        operation = operation.parameter(parameter(name, ParameterIn::Path, ""));
    }
    for (name, meaning) in doc.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query, meaning));
    }
    if doc.once {
        operation = operation.parameter(parameter("Idempotency-Key", ParameterIn::Header, "1 to 200 characters"));
    }
    if let Some((kind, schema)) = content(doc.takes) {
        let body = RequestBodyBuilder::new().content(kind, ContentBuilder::new().schema(Some(schema)).build()).build();
        operation = operation.request_body(Some(body));
    }
    let status = match (doc.once, doc.gives) {
        (_, Shape::Nothing) => "501",
        (true, _) => "201",
        (false, _) => "200",
    };
    let mut answer = ResponseBuilder::new().description(doc.summary);
    if let Some((kind, schema)) = content(doc.gives) {
        answer = answer.content(kind, ContentBuilder::new().schema(Some(schema)).build());
    }
    let problem = RefOr::Ref(Ref::from_schema_name(ProblemDocument::name()));
    let problem = ContentBuilder::new().schema(Some(problem)).build();
    let problem = ResponseBuilder::new().description("A problem").content("application/problem+json", problem);
    PathItem::new(method(route), operation.response(status, answer).response("default", problem).build())
}

fn method(route: &Route) -> HttpMethod {
    match route.method.as_str() {
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// `campaigns` of `/api/v1/campaigns/{id}`.
fn tag(path: &str) -> &str {
    path.split('/').nth(3).unwrap_or("api")
}

fn placeholders(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str, place: ParameterIn, meaning: &str) -> ParameterBuilder {
    let required = if matches!(place, ParameterIn::Path) { Required::True } else { Required::False };
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    let built = ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(schema));
    if meaning.is_empty() { built } else { built.description(Some(meaning)) }
}

fn content(shape: Shape) -> Option<(&'static str, RefOr<Schema>)> {
    let text = || Schema::Object(ObjectBuilder::new().schema_type(Type::String).build());
    let part = |binary: bool| {
        let part = ObjectBuilder::new().schema_type(Type::String);
        if binary { part.content_media_type("application/octet-stream") } else { part }
    };
    Some(match shape {
        Shape::Nothing => return None,
        Shape::Named(name) => ("application/json", RefOr::Ref(Ref::from_schema_name(name))),
        Shape::Json => ("application/json", RefOr::T(Schema::Object(ObjectBuilder::new().build()))),
        Shape::Csv => ("text/csv", RefOr::T(text())),
        Shape::Events => ("text/event-stream", RefOr::T(text())),
        Shape::Upload => {
            let form = ObjectBuilder::new()
                .property("name", part(false))
                .property("definition", part(true))
                .property("audience", part(true))
                .required("name")
                .required("definition");
            ("multipart/form-data", RefOr::T(Schema::Object(form.build())))
        }
    })
}
