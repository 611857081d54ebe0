//! Lets runs take their course: what is claimed leaves at the pace, one message a second, and when nothing may leave the
//! clock goes on to the instant that the engine names.

use std::time::Duration;

use recado::clock::Clock;
use recado::domain::id::RunId;
use recado::domain::time::UnixMs;
use recado::engine::{Engine, waiting};
use recado::store::setting;

use crate::engine::stage::{SENDER, Sender, Stage, people, sender_of};

/// Messages of the next claims leave by the clock like this.
const A_MESSAGE: Duration = Duration::from_secs(1);

/// The clock moves on by what one claim took: nothing is known more exactly than that.
pub const A_CLAIM: usize = 20;

/// Nothing is looked for less often.
const IDLE: Duration = Duration::from_mins(10);

/// The provider grants the sender one message a second. The dispatcher of the test is quicker, and the clock is moved on
/// by what it sends.
pub async fn slowly(engine: &Engine) {
    for sender in engine.config.senders.keys() {
        setting::write(&engine.store, &format!("granted.{sender}"), "1").await.unwrap();
    }
}

/// The same in claims of at most [`A_CLAIM`] messages.
pub fn in_small_claims(sender: Sender) -> Sender {
    Sender { dispatcher: sender.dispatcher.with_slots(A_CLAIM), ..sender }
}

/// A file of `n` people from the `from`th on.
pub fn others(from: usize, n: usize) -> String {
    people(from + n).lines().skip(1 + from).fold("nombre,telefono\n".to_owned(), |all, line| all + line + "\n")
}

/// The next claim of each sender leaves and is settled, and the clock moves on by what the slowest of them takes. How many
/// left from that one.
pub async fn pass(clock: &Clock, senders: &mut [Sender], sent: impl AsyncFn() -> usize) -> usize {
    let mut most = 0;
    for sender in senders {
        let before = sent().await;
        sender.next_claim().await;
        most = most.max(sent().await - before);
    }
    clock.advance(A_MESSAGE * u32::try_from(most).unwrap());
    most
}

/// When nothing of each run is in line any more.
pub async fn play(stage: &Stage, runs: &[RunId]) -> Vec<UnixMs> {
    play_from(stage, &[SENDER], runs).await
}

/// The same with several senders, which send side by side.
pub async fn play_from(stage: &Stage, senders: &[&str], runs: &[RunId]) -> Vec<UnixMs> {
    let mut senders: Vec<Sender> = senders.iter().map(|name| in_small_claims(sender_of(&stage.engine, name))).collect();
    let mut ended: Vec<Option<UnixMs>> = vec![None; runs.len()];
    loop {
        let left = pass(&stage.clock, &mut senders, async || stage.stub.count()).await;
        let mut next = UnixMs(i64::MAX);
        for (run, ended) in runs.iter().zip(&mut ended).filter(|(_, ended)| ended.is_none()) {
            if !stage.states(*run).await.contains_key("queued") {
                *ended = Some(stage.clock.now());
            } else if left == 0 {
                next = next.min(goes_on(&stage.engine, *run).await.unwrap_or(stage.clock.now()));
            }
        }
        if ended.iter().all(Option::is_some) {
            return ended.into_iter().flatten().collect();
        }
        if left == 0 {
            let span = next.since(stage.clock.now()).clamp(Duration::from_secs(1), IDLE * 12);
            stage.clock.advance(span);
            stage.janitor().await;
        }
    }
}

/// When the engine says that `run` goes on; `None`: at once, or it does not say.
pub async fn goes_on(engine: &Engine, run: RunId) -> Option<UnixMs> {
    waiting::run(engine, run).await.unwrap().and_then(|why| why.until)
}
