//! What the adapters in Rust share: the lines of docs/adapter.md, its threads, and the operations that are the
//! language's and no library's.

mod children;
mod command;
mod request;

pub use children::Children;
pub use command::{command, ended};
pub use request::Request;
pub use serde_json::{json, Value};

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Barrier, Mutex};
use std::{env, process, ptr, thread};

pub type Answer = Result<Value, Refusal>;

pub enum Refusal {
    Error(String),
    Cannot,
}

impl<E: Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Error(error.to_string())
    }
}

/// The answer to what has no result that is asked for.
pub fn done<T, E: Into<Refusal>>(result: Result<T, E>) -> Answer {
    result.map(|_| json!({})).map_err(E::into)
}

/// What a program unwraps: a panic there would end the adapter, and not only the operation.
pub fn unwrapped<T>(option: Option<T>, name: &str) -> io::Result<T> {
    option.ok_or_else(|| io::Error::new(io::ErrorKind::Other, format!("{name} is None")))
}

pub trait Library: Sync {
    fn perform(&self, request: &Request) -> Answer;
}

const OF_THE_LANGUAGE: &[&str] = &["reap", "open", "shut", "await", "together"];

/// Answers until it is asked to end; `can` is what the library can.
pub fn serve(name: &str, version: &str, can: &[&str], library: impl Library) -> io::Result<()> {
    let paths: Vec<String> = env::args().skip(1).collect();
    let requests = BufReader::new(File::open(&paths[0])?);
    let mut answers = OpenOptions::new().write(true).open(&paths[1])?;
    let can = [can, OF_THE_LANGUAGE].concat();
    let hello = json!({"adapter": 1, "name": name, "version": version, "pid": process::id(), "can": can});
    writeln!(answers, "{hello}")?;

    let adapter = Adapter { library, opened: Mutex::new(None) };
    for line in requests.lines() {
        let request = Request::parse(&line?)?;
        let mut answer = members(adapter.perform(&request));
        answer["id"] = request.number("id").into();
        writeln!(answers, "{answer}")?;
        if request.text("op") == "end" {
            break;
        }
    }
    Ok(())
}

/// The version of a crate among those that it was built with, by its Cargo.lock.
pub fn locked_version<'a>(lock: &'a str, name: &str) -> &'a str {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, version) = lock.split_once(&entry).expect("a crate that is locked");
    version.split('"').next().unwrap()
}

fn members(answer: Answer) -> Value {
    match answer {
        Ok(value) => json!({ "ok": value }),
        Err(Refusal::Error(words)) => json!({ "error": words }),
        Err(Refusal::Cannot) => json!({ "cannot": true }),
    }
}

struct Adapter<L> {
    library: L,
    opened: Mutex<Option<File>>,
}

impl<L: Library> Adapter<L> {
    fn perform(&self, request: &Request) -> Answer {
        match request.text("op") {
            "ping" | "end" => Ok(json!({})),
            "reap" => reap(),
            "open" => self.open(request),
            "shut" => self.shut(),
            "await" => pass(request),
            "together" => self.together(request),
            _ => self.library.perform(request),
        }
    }

    fn open(&self, request: &Request) -> Answer {
        let mut from = File::open(request.text("from"))?;
        let mut file = OpenOptions::new().write(true).create(true).mode(0o755).open(request.text("path"))?;
        io::copy(&mut from, &mut file)?;
        *self.opened.lock().unwrap() = Some(file);
        Ok(json!({}))
    }

    fn shut(&self) -> Answer {
        *self.opened.lock().unwrap() = None;
        Ok(json!({}))
    }

    fn together(&self, request: &Request) -> Answer {
        let barrier = Barrier::new(2);
        let play = |list: Vec<Request>| -> Vec<Value> {
            barrier.wait();
            list.iter().map(|request| members(self.perform(request))).collect()
        };
        let (first, second) = thread::scope(|scope| {
            let first = scope.spawn(|| play(request.requests("first")));
            let second = scope.spawn(|| play(request.requests("second")));
            (first.join().unwrap(), second.join().unwrap())
        });
        Ok(json!({"first": first, "second": second}))
    }
}

fn pass(request: &Request) -> Answer {
    File::open(request.text("path"))?.read_exact(&mut [0])?;
    Ok(json!({}))
}

fn reap() -> Answer {
    let mut pids = Vec::new();
    loop {
        match unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) } {
            pid if pid > 0 => pids.push(pid),
            _ => return Ok(json!({ "pids": pids })),
        }
    }
}
