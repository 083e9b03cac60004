//! The `huiyin` program: serves any of the five services, and is their command line.

mod audit;
mod bench;
mod calendar;
mod cli;
mod connect;
mod constellation;
mod deadline;
mod demo;
mod keys;
mod law;
mod load;
mod quarantine;
mod register;
mod rules;
mod serve;
mod show;
mod up;
mod vault;
mod verify;
mod watch;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("huiyin: {error:#}");
            ExitCode::FAILURE
        }
    }
}
