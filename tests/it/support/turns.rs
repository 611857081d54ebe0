//! Two things at the same instant, in every order.

/// Does both: in round 0 of four the one before the other, in round 1 the other way round, in the others both at once.
pub fn in_every_order<A, B>(
    round: u32,
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> impl Future<Output = (A, B)> {
    let (one, other) = (Box::pin(one), Box::pin(other));
    async move {
        match round % 4 {
            0 => (one.await, other.await),
            1 => {
                let other = other.await;
                (one.await, other)
            }
            2 => tokio::join!(one, other),
            _ => {
                let (other, one) = tokio::join!(other, one);
                (one, other)
            }
        }
    }
}
