//! Does the README's tour do what the README shows? Runs its commands against the demo, in one
//! shell, and compares line by line.
//!
//! `UPDATE_README=1 cargo test -p earmark --test tour` writes what the commands print into the
//! README.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_earmark");
const MARK: &str = "@@@ next command @@@";

/// The demo, stopped when dropped.
struct Demo {
    child: Child,
    address: String,
}

impl Demo {
    /// Starts the demo on a free port and waits until it has said what to try.
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let mut demo = Command::new(BINARY);
        demo.args(["demo", "--listen", &address]).stdout(Stdio::piped());
        let mut child = demo.spawn().unwrap();
        let greeting = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<_> = greeting.take_while(|line| !line.starts_with("The README's tour")).collect();
        assert!(said.iter().any(|line| line.contains(&address)), "{said:?}");
        Self { child, address }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A piece of the README.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// Anything that is not run.
    Text(String),
    /// Run, and its output not shown: a `sh` block of the tour.
    Setup(String),
    /// A command of a `console` block and what the README shows below it.
    Step { command: String, shown: Vec<String> },
}

fn parse(readme: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut block: Option<&str> = None;
    let mut in_tour = false;
    for line in readme.lines() {
        if line.starts_with("## ") {
            in_tour = line.starts_with("## A tour");
        }
        match (block, line) {
            (Some(_), "```") => block = None,
            (Some("console"), line) => match (line.strip_prefix("$ "), pieces.last_mut()) {
                (Some(command), _) => pieces.push(Piece::Step { command: command.into(), shown: Vec::new() }),
                (None, Some(Piece::Step { shown, .. })) => {
                    shown.push(line.into());
                    continue;
                }
                (None, _) => panic!("output before a command: {line}"),
            },
            (Some("sh"), line) if in_tour => {
                pieces.push(Piece::Setup(line.into()));
                continue;
            }
            (None, line) => block = line.strip_prefix("```"),
            _ => {}
        }
        if !matches!(pieces.last(), Some(Piece::Step { command, .. }) if line.strip_prefix("$ ") == Some(command))
        {
            pieces.push(Piece::Text(line.into()));
        }
    }
    pieces
}

fn write(pieces: &[Piece]) -> String {
    let mut readme = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(line) | Piece::Setup(line) => readme.push_str(&format!("{line}\n")),
            Piece::Step { command, shown } => {
                readme.push_str(&format!("$ {command}\n"));
                shown.iter().for_each(|line| readme.push_str(&format!("{line}\n")));
            }
        }
    }
    readme
}

/// What differs from run to run, made the same: ids, times, the port.
fn normalized(line: &str, address: &str) -> String {
    let line = line.replace(address, "127.0.0.1:8080");
    let mut out = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(first) = rest.chars().next() {
        let id = ["cart_", "ord_", "pay_", "ref_", "shp_", "adj_", "evt_", "key_", "req_"].into_iter().find(
            |prefix| {
                rest.strip_prefix(prefix).is_some_and(|id| {
                    id.len() >= 26 && id.bytes().take(26).all(|b| b.is_ascii_alphanumeric())
                })
            },
        );
        if let Some(prefix) = id {
            out.push_str(prefix);
            out.push('…');
            rest = &rest[prefix.len() + 26..];
        } else if is_time(rest) {
            out.push_str("2026-01-01T00:00:00.000000Z");
            rest = &rest[27..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn is_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00.000000Z";
    text.len() >= shape.len()
        && text
            .bytes()
            .zip(shape)
            .all(|(byte, shape)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape })
}

/// Runs the commands in one shell and gives what each printed.
fn run(pieces: &[Piece], demo: &Demo) -> Vec<Vec<String>> {
    let mut script = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Setup(line) => script.push_str(&format!("{line}\n")),
            Piece::Step { command, .. } => script.push_str(&format!("echo '{MARK}'\n{command}\necho\n")),
        }
    }
    let script =
        script.replace("127.0.0.1:8080", &demo.address).replace("cargo run --release --quiet --", BINARY);
    let mut shell = Command::new("bash");
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut shell = shell.spawn().unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap();
    let printed = output.split(MARK).skip(1);
    let lines = |text: &str| {
        text.lines().filter(|line| !line.is_empty()).map(|l| normalized(l, &demo.address)).collect()
    };
    printed.map(lines).collect()
}

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")
}

#[test]
fn the_tour_gives_what_the_readme_shows() {
    let text = std::fs::read_to_string(readme()).unwrap();
    let mut pieces = parse(&text);
    assert_eq!(write(&pieces), text, "the README is read whole");
    let printed = run(&pieces, &Demo::start());
    let steps: Vec<_> = pieces.iter_mut().filter(|piece| matches!(piece, Piece::Step { .. })).collect();
    assert!(steps.len() > 10 && steps.len() == printed.len(), "{} of {}", printed.len(), steps.len());
    let mut differ = Vec::new();
    for (step, printed) in steps.into_iter().zip(printed) {
        let Piece::Step { command, shown } = step else { unreachable!() };
        if *shown != printed {
            differ.push(format!(
                "$ {command}\nshown:\n{}\nprinted:\n{}",
                shown.join("\n"),
                printed.join("\n")
            ));
            *shown = printed;
        }
    }
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(readme(), write(&pieces)).unwrap();
    } else {
        assert!(differ.is_empty(), "{}", differ.join("\n\n"));
    }
}

#[test]
fn a_wrong_readme_is_caught() {
    let pieces = parse("## A tour\n```console\n$ echo one\ntwo\n```\n");
    let printed = run(&pieces, &Demo::start());
    assert_eq!(pieces[2], Piece::Step { command: "echo one".into(), shown: vec!["two".into()] });
    assert_eq!(printed, [["one"]]);
}
