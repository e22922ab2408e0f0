//! How does the description show problems? They are written by [`crate::problem`], and the list of
//! codes comes from there.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::codes::codes;

/// A problem, RFC 9457.
pub(crate) enum Problem {}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn error() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property(
            "pointer",
            string().description(Some("A JSON pointer: into the body, or `/name` of a parameter or header.")),
        )
        .property("detail", string().description(Some("What is wrong and what is allowed.")))
        .property(
            "in",
            string().enum_values(Some(["path", "query", "header"])).description(Some("Absent for the body.")),
        )
        .required("pointer")
        .required("detail")
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let members =
            "Members of single codes, such as `shortages`, `version`, `payment`, stand beside these.";
        let object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(members))
            .property("type", string())
            .property("title", string())
            .property(
                "status",
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(400)).maximum(Some(599)),
            )
            .property("detail", string())
            .property("instance", string())
            .property("code", string().enum_values(Some(codes().collect::<Vec<_>>())))
            .property("retryable", ObjectBuilder::new().schema_type(Type::Boolean))
            .property("request_id", string())
            .property("errors", ArrayBuilder::new().items(error()));
        let always = ["type", "title", "status", "detail", "instance", "code", "retryable", "request_id"];
        let object = always.into_iter().fold(object, ObjectBuilder::required);
        RefOr::T(Schema::Object(object.build()))
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}
