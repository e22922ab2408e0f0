//! Which protection does PostgreSQL do without? Turns, versions and numbers are inside of that
//! engine, so it has to switch them off itself.

use earmark_postgres::Protections;

/// The protections that are left with the fault of this name.
pub(super) fn parse(name: &str) -> Option<Protections> {
    let all = Protections::default();
    match name {
        "no_turns" => Some(Protections { turns: false, ..all }),
        "no_turns_no_versions" => {
            Some(Protections { turns: false, versions: false, event_numbers: false, ..all })
        }
        "plain_sequence" => Some(Protections { turns: false, event_numbers: false, ..all }),
        "forget_commits" => Some(Protections { commit_outcomes: false, ..all }),
        _ => None,
    }
}
