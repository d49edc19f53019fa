//! The command `cluster-standin`: reads its arguments, starts what they ask for, and notifies systemd.
//!
//! Everything it does is in the library; this file must not grow behaviour of its own.

mod command_line;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use cluster_standin::pki::Authority;
use cluster_standin::{IamServer, RaftServer, StandinError};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::command_line::{Command, CommandLine, NodeNames, PkiArguments};

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match CommandLine::parse().command {
        Command::Raft(arguments) => match arguments.into_options() {
            Ok(options) => run_raft(options).await,
            Err(error) => Err(error),
        },
        Command::Iam(arguments) => match arguments.into_options() {
            Ok(options) => run_iam(options).await,
            Err(error) => Err(error),
        },
        Command::Pki(arguments) => make_certificates(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster-standin: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_raft(options: cluster_standin::RaftOptions) -> Result<(), StandinError> {
    let server = RaftServer::start(options).await?;
    eprintln!("{} answers on {}, raft on {}", server.node_id(), server.api_url(), server.raft_addr());
    let mut summaries = server.summaries();
    notify(&[NotifyState::Ready]);
    let stopped = stop_signal();
    tokio::pin!(stopped);
    loop {
        let summary = summaries.borrow_and_update().clone();
        eprintln!("{summary}");
        notify(&[NotifyState::Status(&summary)]);
        tokio::select! {
            result = &mut stopped => {
                result?;
                break;
            }
            changed = summaries.changed() => if changed.is_err() {
                let node = server.node_id().to_owned();
                let cause = "the raft library stopped by itself".to_owned();
                return Err(StandinError::Raft { node, cause });
            }
        }
    }
    notify(&[NotifyState::Stopping]);
    server.stop().await;
    Ok(())
}

async fn run_iam(options: cluster_standin::IamOptions) -> Result<(), StandinError> {
    let server = IamServer::start(options).await?;
    eprintln!("iam answers on {}", server.api_url());
    notify(&[NotifyState::Ready]);
    stop_signal().await?;
    notify(&[NotifyState::Stopping]);
    server.stop().await;
    Ok(())
}

fn make_certificates(arguments: &PkiArguments) -> Result<(), StandinError> {
    create_folder(&arguments.out)?;
    let authority = Authority::open_or_create(&arguments.out)?;
    for NodeNames { node, names } in &arguments.nodes {
        let issued = authority.issue(node, names, arguments.validity)?;
        issued.write(&arguments.out, node)?;
    }
    Ok(())
}

fn create_folder(path: &Path) -> Result<(), StandinError> {
    std::fs::create_dir_all(path).map_err(|source| StandinError::File { action: "make", path: path.to_owned(), source })
}

async fn stop_signal() -> Result<(), StandinError> {
    let listen = |kind| signal(kind).map_err(|source| StandinError::Signal { source });
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Does nothing where systemd is not listening.
fn notify(state: &[NotifyState<'_>]) {
    let _nobody_listens = sd_notify::notify(state);
}
