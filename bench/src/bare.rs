//! The ceiling: an axum server that parses a JSON body and answers, and does
//! nothing else. What the hub is compared with.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Runs the server until the process is killed. Prints its address first.
pub fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, Router::new().route("/", post(answer))).await?;
        Ok(())
    })
}

async fn answer(Json(body): Json<Value>) -> Json<Value> {
    let status = if body.is_object() { "new" } else { "failed" };
    Json(json!({"id": "in_00000000000000000000000000", "status": status}))
}

/// The server in a process of its own, killed when dropped.
pub struct Bare {
    process: Child,
    pub address: SocketAddr,
}

impl Bare {
    pub fn start() -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("bare")
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the bare server")?;
        let mut line = String::new();
        let output = process.stdout.take().context("the bare server has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().context("the bare server did not start")?;
        Ok(Self { process, address })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Either may fail only because the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
