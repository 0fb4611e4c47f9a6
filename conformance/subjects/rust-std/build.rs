//! The standard library does not tell its version: it is the compiler's.

use std::{env, process::Command};

fn main() {
    let output = Command::new(env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    println!("cargo:rustc-env=RUSTC_VERSION={}", words.split(' ').nth(1).unwrap());
}
