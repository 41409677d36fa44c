//! The client's end of the line: what it says, and that it has gone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf, Stdin, stdin};
use tokio::sync::watch;

/// Who asks by a pipe and closes it is still told what takes no longer than this. Clients kill servers that stay for two seconds.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Our stdin, which notices its end.
#[derive(Debug)]
pub(super) struct Client {
    stdin: Stdin,
    here: watch::Sender<bool>,
}

/// Whether the client has gone.
#[derive(Debug, Clone)]
pub(super) struct Gone(watch::Receiver<bool>);

impl Client {
    pub(super) fn new() -> (Self, Gone) {
        let (here, gone) = watch::channel(true);
        (Self { stdin: stdin(), here }, Gone(gone))
    }
}

impl Gone {
    /// Returns when the client went a moment ago.
    pub(super) async fn for_good(&self) {
        // An error says that the line was taken down, which is the same.
        let _ = self.0.clone().wait_for(|here| !here).await;
        tokio::time::sleep(LAST_WORDS).await;
    }
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stdin).poll_read(task, buffer);
        if read.is_ready() && buffer.filled().len() == before {
            self.here.send_replace(false);
        }
        read
    }
}
