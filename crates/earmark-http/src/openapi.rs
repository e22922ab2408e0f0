//! What does the description say beside the single calls? Its head, the headers that calls share,
//! and the problems that every call can answer with.
//!
//! The calls describe themselves, each in its file under `endpoints/`. `openapi.json` is the
//! result, and a test compares it with what is served.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    PathItem, Ref, RefOr, Required, ResponseBuilder, Schema,
};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::dto::problems::Problem;
use crate::idempotency::KEY_LEN_MAX;

const ABOUT: &str = "Items with quantities, carts, orders that reserve stock, payments, shipping, cancellation.\n\n\
    Money is an integer in the currency's minor unit. Lists are paged by opaque cursors. Errors are problems of RFC 9457 with a stable \
    `code`. Every resource has a `version`, which is its entity tag; `If-Match` is honoured on every command. A command sent again \
    under the same `Idempotency-Key` gives the first answer again, and happens once.";

/// The groups of endpoints, in the order of the contract.
const TAGS: [&str; 7] = ["Inventory", "Carts", "Orders", "Payments", "Events", "Keys", "Server"];

/// The description without any endpoint.
pub(crate) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Earmark HTTP API")
        .version("1")
        .description(Some(ABOUT))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build(),
        ))
        .build();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key `em_live_…`, the operator's key, or a customer token `em_cust_…`."))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .tags(Some(TAGS.map(|name| TagBuilder::new().name(name).build())))
        .security(Some([SecurityRequirement::new("bearer", Vec::<String>::new())]))
        .build()
}

/// Adds to the description what its operations share.
pub(crate) fn finished(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/v1/") {
            for operation in operations(item) {
                add_problems(operation);
                leave_out_null(operation);
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
}

/// Status, description, and whether only operations that change something answer with it.
const PROBLEMS: [(&str, &str, bool); 12] = [
    ("400", "The request is not valid; see `errors`. Or a needed Idempotency-Key is missing.", false),
    ("401", "No valid token.", false),
    ("403", "The token does not allow this.", false),
    ("404", "There is no such thing, or it is not yours.", false),
    ("408", "The body did not arrive in time.", true),
    ("409", "The state does not allow it; see `code`.", true),
    ("412", "The resource has another version; see `version`.", true),
    ("413", "The body is too large.", true),
    ("415", "The body is not application/json.", true),
    ("422", "The Idempotency-Key was used for another request.", true),
    ("500", "A bug on our side.", false),
    ("503", "Too much at once, or the database is away; see Retry-After.", false),
];

fn add_problems(operation: &mut Operation) {
    let changes = operation.request_body.is_some() || has_header(operation, "Idempotency-Key");
    for (status, description, only_changes) in PROBLEMS {
        if only_changes && !changes || operation.responses.responses.contains_key(status) {
            continue;
        }
        let schema = RefOr::Ref(Ref::from_schema_name(Problem::name()));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response =
            ResponseBuilder::new().description(description).content("application/problem+json", content);
        operation.responses.responses.insert(status.into(), RefOr::T(response.build()));
    }
}

/// Describes an optional body as one that may be left out. `null`, which utoipa would add, is
/// refused.
fn leave_out_null(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(RefOr::T(content)) = body.content.get_mut("application/json") else { return };
    if let Some(RefOr::T(Schema::OneOf(either))) = &content.schema {
        let object = either.items.iter().find(|schema| matches!(schema, RefOr::Ref(_))).cloned();
        content.schema = object;
        body.required = Some(Required::False);
    }
}

fn has_header(operation: &Operation, name: &str) -> bool {
    let named =
        |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == name);
    operation.parameters.iter().flatten().any(named)
}

fn header(name: &str, description: &str, required: Required, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(RefOr::T(Schema::Object(schema.schema_type(Type::String).build()))))
        .build()
}

fn key(description: &str, required: Required) -> Parameter {
    // Bare, or as a quoted structured-field string.
    let pattern = r#"^([!#-~][!-~]*|"([!#-\[\]-~]|\\["\\])+")$"#;
    let schema =
        ObjectBuilder::new().min_length(Some(1)).max_length(Some(KEY_LEN_MAX)).pattern(Some(pattern));
    header("Idempotency-Key", description, required, schema)
}

/// Names a header's description as one of the `params` of a call.
macro_rules! headers {
    ($($(#[$doc:meta])* $name:ident: $header:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![$header]
            }
        }
    )*};
}

headers! {
    /// The `Idempotency-Key` of a command that would do harm if it ran twice.
    KeyRequired: key(
        "Names this request: sent again, it gives the first answer again and happens once.",
        Required::True,
    );
    /// The `Idempotency-Key` of any other command.
    KeyAccepted: key(
        "If sent, it names this request: sent again, it gives the first answer again.",
        Required::False,
    );
    /// The `Idempotency-Key` of a command that also has a dry run.
    KeyUnlessDryRun: key(
        "Required, unless `dry_run` is true. Names this request: sent again, it happens once.",
        Required::False,
    );
    /// `If-Match`, which every command accepts.
    IfMatch: header(
        "If-Match",
        "The version that the resource must have, as its entity tag: `\"7\"`. Stale is 412.",
        Required::False,
        ObjectBuilder::new().pattern(Some(r#"^("[0-9]{1,16}"|[*])$"#)).examples(["*"]),
    );
}
