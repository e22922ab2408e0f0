//! `earmark keys`: makes, lists and revokes the API keys of a running server.
//!
//! The first key of a database is made in `first_key.rs`.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::api::Api;
use crate::cli::KeysCommand;

/// Runs one of the subcommands.
pub(crate) fn command(command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Create { server, role, name } => {
            let body = name.map_or_else(|| json!({"role": role}), |name| json!({"role": role, "name": name}));
            let key = Api::of(&server)?.post("/v1/keys", None, &body)?.ok()?;
            if server.json {
                println!("{key}");
            } else {
                println!(
                    "{} ({}), shown once:\n\n  {}",
                    text(&key, "id"),
                    text(&key, "role"),
                    text(&key, "key")
                );
            }
        }
        KeysCommand::List { server } => {
            let keys = all(&Api::of(&server)?)?;
            if server.json {
                println!("{}", Value::Array(keys));
            } else {
                keys.iter().for_each(print_line);
            }
        }
        KeysCommand::Revoke { server, id } => {
            let key = Api::of(&server)?.delete(&format!("/v1/keys/{id}"))?.ok()?;
            if server.json {
                println!("{key}");
            } else {
                println!("{} revoked at {}", text(&key, "id"), text(&key, "revoked_at"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn all(api: &Api) -> anyhow::Result<Vec<Value>> {
    let mut keys = Vec::new();
    let mut path = "/v1/keys?limit=200".to_owned();
    loop {
        let page = api.get(&path)?.ok()?;
        keys.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/keys?limit=200&cursor={cursor}"),
            None => return Ok(keys),
        }
    }
}

fn text<'a>(key: &'a Value, name: &str) -> &'a str {
    key[name].as_str().unwrap_or("-")
}

fn print_line(key: &Value) {
    let state = key["revoked_at"].as_str().map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
    println!(
        "{}  {:<8}{:<30}{}  {state}",
        text(key, "id"),
        text(key, "role"),
        text(key, "name"),
        text(key, "created_at")
    );
}
