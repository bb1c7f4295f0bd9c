//! A server that hangs: its machine takes what is sent, and nothing is answered.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Stands between a store and the server. What it has once taken goes on until it hangs,
/// and never again.
pub struct Way {
    pub address: SocketAddr,
    hangs: watch::Sender<bool>,
    _running: JoinSet<()>,
}

impl Way {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hangs = watch::Sender::new(false);
        let mut running = JoinSet::new();
        running.spawn(forward(listener, server, hangs.subscribe()));
        Self { address, hangs, _running: running }
    }

    /// From now on nothing is answered, on connections that are there and on new ones.
    pub fn hang(&self) {
        self.hangs.send_replace(true);
    }

    /// New connections are answered again; those that hung go on hanging.
    pub fn recover(&self) {
        self.hangs.send_replace(false);
    }
}

async fn forward(listener: TcpListener, server: SocketAddr, hangs: watch::Receiver<bool>) {
    let mut ways = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut hangs = hangs.clone();
        ways.spawn(async move {
            let mut far = TcpStream::connect(server).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = hangs.wait_for(|hangs| *hangs) => {}
            }
            // Open, and silent: until whoever waits gives up.
            std::future::pending::<()>().await;
        });
    }
}
