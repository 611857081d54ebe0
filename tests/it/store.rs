//! The store on both databases.

use recado::store::setting;

use crate::support::stores;

mod lease;
mod line;
mod locks;
mod message;
mod migrating;
mod people;
mod place;
mod preference;
mod presence;
mod result_pages;
mod room;
mod statements;
mod webhook;
mod webhook_file;

#[tokio::test]
async fn a_store_keeps_the_instance_name_it_drew() {
    for store in stores().await {
        let first = setting::instance(&store).await.unwrap();
        assert_eq!(setting::instance(&store).await.unwrap(), first, "{}", store.name());
    }
}
