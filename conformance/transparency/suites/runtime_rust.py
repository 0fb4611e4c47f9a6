"""Rust: std::process, by itself, with pre-exec hooks and in a process group"""

import pathlib

PACKAGES = ("gcc", "libc6-dev", "rustc")
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

extern "C" {
    fn kill(pid: i32, signal: i32) -> i32;
    fn umask(mask: u32) -> u32;
    fn setpgid(pid: i32, group: i32) -> i32;
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script);
    command
}

fn main() {
    let output = shell("echo out; echo err >&2; exit 5").output().unwrap();
    println!("output: {:?}", String::from_utf8_lossy(&output.stdout));
    println!("errors: {:?}", String::from_utf8_lossy(&output.stderr));
    println!("status: {:?}", output.status.code());

    let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = cat.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&vec![b'x'; 1 << 20]));
    let mut back = Vec::new();
    cat.stdout.take().unwrap().read_to_end(&mut back).unwrap();
    println!("cat: {} {:?} {:?}", back.len(), writer.join().unwrap().is_ok(), cat.wait().unwrap().code());

    let mut sleeper = Command::new("sleep").arg("1000").spawn().unwrap();
    println!("try_wait: {:?}", sleeper.try_wait().unwrap());
    println!("kill: {:?}", sleeper.kill());
    println!("its end: {:?}", sleeper.wait().unwrap().signal());
    println!("kill after its end: {:?}", sleeper.kill().map_err(|wrong| wrong.kind()));
    println!("number after its end: {}", unsafe { kill(sleeper.id() as i32, 0) });
    println!("no such program: {:?}", Command::new("no-such-program").status().map_err(|wrong| wrong.kind()).err());

    let mut hooked = shell("test $(umask) = 0027 && exit 4");
    unsafe { hooked.pre_exec(|| Ok(drop(umask(0o27)))) };
    println!("pre_exec: {:?}", hooked.status().unwrap().code());
    let mut refused = shell("exit 0");
    unsafe { refused.pre_exec(|| Err(std::io::Error::from_raw_os_error(13))) };
    println!("pre_exec refuses: {:?}", refused.status().map_err(|wrong| wrong.raw_os_error()).err());

    let mut group = shell("sleep 1000 & echo; wait");
    unsafe { group.pre_exec(|| Ok(assert_eq!(setpgid(0, 0), 0))) };
    let mut group = group.stdout(Stdio::piped()).spawn().unwrap();
    group.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    println!("group killed: {}", unsafe { kill(-(group.id() as i32), 15) });
    println!("group's end: {:?}", group.wait().unwrap().signal());

    let only = shell("pwd; echo $ONLY").current_dir("/usr").env_clear().env("ONLY", "this").output().unwrap();
    println!("directory and environment: {:?}", String::from_utf8_lossy(&only.stdout));

    let status = |i| shell(&format!("exit {}", i % 7)).status().unwrap().code().unwrap();
    let threads: Vec<_> =
        (0..8).map(|_| std::thread::spawn(move || (0..25).map(status).sum::<i32>())).collect();
    println!("many: {}", threads.into_iter().map(|one| one.join().unwrap()).sum::<i32>());

    println!("dropped: {}", { let child = shell("exit 1").spawn().unwrap(); child.id() > 0 });
    println!("exec: {:?}", shell("echo execed: yes; exit 3").exec());
}
"""


def scenario(scene):
    pathlib.Path("program.rs").write_text(PROGRAM, encoding="utf-8")
    scene.bare(["rustc", "--edition", "2021", "-O", "program.rs"], timeout=200)
    scene.told(["./program"])
