//! Which protection does PostgreSQL do without? Turns, versions and numbers are inside of that
//! engine, so it has to switch them off itself.

use earmark_postgres::BrokenOnPurpose;

/// The protection that the fault of this name switches off.
pub(super) fn parse(name: &str) -> Option<BrokenOnPurpose> {
    match name {
        "no_turns" => Some(BrokenOnPurpose::Turns),
        "no_turns_no_versions" => Some(BrokenOnPurpose::TurnsAndVersions),
        "plain_sequence" => Some(BrokenOnPurpose::EventNumbers),
        "forget_commits" => Some(BrokenOnPurpose::LostCommits),
        _ => None,
    }
}
