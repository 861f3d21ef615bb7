//! A proxy before Postgres, so that one world can lose its database while the others keep theirs.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::failure::Must;

/// Passes bytes on, until it is cut.
pub(crate) struct Proxy {
    port: u16,
    target: u16,
    counts: Arc<Counts>,
    passing: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Counts {
    opened: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Proxy {
    /// Listens on a port of its own and passes on to `target`.
    pub(crate) async fn start(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.must("the proxy finds no port");
        let port = listener.local_addr().must("the proxy has no port").port();
        let counts = Arc::new(Counts::default());
        let passing = tokio::spawn(pass(listener, target, Arc::clone(&counts)));
        Self { port, target, counts, passing: Mutex::new(Some(passing)) }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection and refuses new ones.
    pub(crate) async fn cut(&self) {
        let passing = self.held().take();
        if let Some(passing) = passing {
            passing.abort();
            // Its end is an error by design: it was aborted.
            let _ = passing.await;
        }
    }

    /// Listens again, on the same port.
    pub(crate) async fn restore(&self) {
        self.cut().await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.must("the proxy's port is taken");
        *self.held() = Some(tokio::spawn(pass(listener, self.target, Arc::clone(&self.counts))));
    }

    /// How many connections there were since the start.
    pub(crate) fn opened(&self) -> usize {
        self.counts.opened.load(Ordering::SeqCst)
    }

    /// How many connections there were at once, at most.
    pub(crate) fn most_open(&self) -> usize {
        self.counts.most_open.load(Ordering::SeqCst)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Aborting this drops the listener and, with the set, every connection.
async fn pass(listener: TcpListener, target: u16, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(join(client, target, Open::counted(&counts)));
        while connections.try_join_next().is_some() {}
    }
}

async fn join(mut client: TcpStream, target: u16, _open: Open) {
    if let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await {
        // Either side's end is the connection's end.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

/// One connection, counted while it lives.
struct Open(Arc<Counts>);

impl Open {
    fn counted(counts: &Arc<Counts>) -> Self {
        counts.opened.fetch_add(1, Ordering::SeqCst);
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most_open.fetch_max(open, Ordering::SeqCst);
        Self(Arc::clone(counts))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        port
    }

    async fn answers(stream: &mut TcpStream) -> bool {
        let mut byte = [0];
        stream.write_all(b"x").await.is_ok() && matches!(stream.read(&mut byte).await, Ok(1))
    }

    #[tokio::test]
    async fn a_cut_ends_open_connections_and_refuses_new_ones() {
        let proxy = Proxy::start(echo().await).await;
        let mut open = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap();
        assert!(answers(&mut open).await);
        proxy.cut().await;
        assert!(!answers(&mut open).await);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.is_err());
        proxy.restore().await;
        let mut again = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap();
        assert!(answers(&mut again).await);
        assert_eq!((proxy.opened(), proxy.most_open()), (2, 1));
    }
}
