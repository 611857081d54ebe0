//! Finding conversations by name, number and words, and narrowing their lists.

use recado::domain::id::{ConversationId, UserId};
use recado::inbox::commands::Window;
use recado::store::conversation::{self, ConversationFilter, Found, Narrow, Place, Show, Sought, View};
use recado::store::{Db, Store};

use super::office::{ANA, Office, REPLIES};
use crate::support::stores;

const EVA: &str = "5493515550777";

fn everywhere(limit: i64) -> ConversationFilter {
    ConversationFilter::of(View::All, Show::Open, limit)
}

async fn found(store: &Store, typed: &str, numbers: &[&str]) -> Vec<ConversationId> {
    let numbers = numbers.iter().map(|digits| (*digits).to_owned()).collect();
    let Some(sought) = Sought::of(typed, numbers) else { return Vec::new() };
    let found = conversation::search(store, &sought, (&everywhere(50), None), None).await.unwrap();
    assert_eq!(found.next, None, "{typed}");
    found.lines.iter().map(|line| line.id).collect()
}

/// Ana answered a reminder, Eva wrote by herself, and hers is closed.
async fn two(office: &Office) -> (ConversationId, ConversationId) {
    let run = office.run("es_AR", REPLIES).await;
    office.message(run, ANA).await;
    office.writes(ANA, "¿Puedo llevar a mi BEBÉ a la ecografía?").await;
    office.writes(EVA, "Buenas, busco turno con O'Connor").await;
    let all = office.conversations().await;
    let (ana, eva) = (all[0].id, all[1].id);
    office.change("UPDATE person SET name = 'Eva Núñez' WHERE phone = '5493515550777'").await;
    assert!(office.inbox.close(eva, "diego", office.clock.now()).await.unwrap().is_done());
    (ana, eva)
}

#[tokio::test]
async fn names_words_and_numbers_find_whatever_their_accents_and_however_far_they_are_typed() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, eva) = two(&office).await;
        for (typed, expected) in [
            ("bebe ECOGRAFIA", vec![ana]),
            ("ecogr", vec![ana]),
            ("eco llev", vec![]),
            ("eva nunez", vec![eva]),
            ("Núñ", vec![eva]),
            ("connor", vec![eva]),
            ("ana paz", vec![ana]),
            ("pero no", vec![]),
            ("\" OR *", vec![]),
            ("o'connor & | ! :*", vec![eva]),
        ] {
            assert_eq!(found(&store, typed, &[]).await, expected, "{} {typed}", store.name());
        }
        for (digits, expected) in
            [("5550777", vec![eva]), ("1155550123", vec![ana]), ("5491155550123", vec![ana]), ("99990123", vec![])]
        {
            assert_eq!(found(&store, digits, &[digits]).await, expected, "{} {digits}", store.name());
        }
    }
}

#[tokio::test]
async fn a_number_is_found_in_every_way_of_writing_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, eva) = two(&office).await;
        let sought = |typed| recado::web::sought(&office.engine, typed).unwrap();
        for (typed, expected) in [
            ("+54 9 11 5555-0123", ana),
            ("011 15 5555 0123", ana),
            ("5555-0123", ana),
            ("(0351) 15-555-0777", eva),
            ("0777", eva),
            ("54935155507", eva),
            ("15-5555-0123", ana),
            ("15 5555 0123", ana),
            ("01555550123", ana),
            ("15 555-0777", eva),
        ] {
            let all = conversation::search(&store, &sought(typed), (&everywhere(50), None), None).await.unwrap();
            let ids: Vec<_> = all.lines.iter().map(|line| line.id).collect();
            assert_eq!(ids, [expected], "{} {typed}", store.name());
        }
    }
}

#[tokio::test]
async fn an_emoji_is_found_in_what_both_sides_wrote_page_by_page_with_nobody_twice() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, eva) = two(&office).await;
        for typed in ["😀", "❤️"] {
            assert_eq!(found(&store, typed, &[]).await, [], "{} {typed}", store.name());
        }
        office.writes(ANA, "gracias 😀😀").await;
        office.writes(ANA, "❤").await;
        office.writes(ANA, "😀").await;
        let sql = format!(
            "UPDATE entry SET content = '{{\"kind\":\"text\",\"body\":\"😀!\"}}' WHERE conversation_id = {eva}"
        );
        office.change(&sql).await;
        assert_eq!(found(&store, "😀", &[]).await, [ana, eva], "{}", store.name());
        assert_eq!(found(&store, "❤️", &[]).await, [ana], "{}", store.name());
        let sought = Sought::of("😀", Vec::new()).unwrap();
        let first = conversation::search(&store, &sought, (&everywhere(1), None), None).await.unwrap();
        let second = conversation::search(&store, &sought, (&everywhere(1), None), first.next).await.unwrap();
        assert_eq!((first.lines[0].id, second.lines[0].id, second.next), (ana, eva, None), "{}", store.name());
    }
}

#[tokio::test]
async fn a_search_keeps_to_its_list_and_state_and_goes_on_page_by_page_with_nobody_twice() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, eva) = two(&office).await;
        let sought = Sought::of("a", Vec::new()).unwrap();
        let narrowed = |view, show| ConversationFilter::of(view, show, 50);
        let of = |found: Found| found.lines.iter().map(|line| line.id).collect::<Vec<_>>();
        for (filter, expected) in [
            (narrowed(View::All, Show::Closed), vec![]),
            (narrowed(View::All, Show::Open), vec![ana]),
            (narrowed(View::Mine(UserId(99)), Show::Open), vec![]),
            (narrowed(View::Team(vec!["recepcion".to_owned()]), Show::Open), vec![ana]),
        ] {
            let show = Some(filter.show);
            let page = conversation::search(&store, &sought, (&filter, show), None).await.unwrap();
            assert_eq!(of(page), expected, "{} {filter:?}", store.name());
        }
        for n in 0..5 {
            office.writes(&format!("54911555577{n:02}"), "eva me dijo que venga").await;
            office.writes(&format!("54911555577{n:02}"), "¿está eva?").await;
        }
        let (sought, mut paged, mut from) = (Sought::of("eva", Vec::new()).unwrap(), Vec::new(), None);
        loop {
            let page = conversation::search(&store, &sought, (&everywhere(2), None), from).await.unwrap();
            from = page.next.and_then(|place| Place::parse(&place.word()));
            paged.extend(of(page));
            if from.is_none() {
                break;
            }
        }
        assert_eq!(paged.len(), 6, "{} {paged:?}", store.name());
        assert_eq!(paged[0], eva, "a name comes before what was written");
        assert_eq!(paged.iter().collect::<std::collections::BTreeSet<_>>().len(), 6);
    }
}

#[tokio::test]
async fn what_somebody_has_not_read_is_unread_for_them_alone() {
    for store in stores().await {
        let office = Office::new(&store);
        let (diego, eva) = (office.user("diego").await, office.user("eva").await);
        let (ana, _) = two(&office).await;
        let store = &store;
        let unread = |reader| {
            let narrow = Narrow { unread: true, ..Narrow::default() };
            let filter = ConversationFilter { narrow, reader: Some(reader), ..everywhere(50) };
            async move { conversation::list(store, &filter).await.unwrap().len() }
        };
        assert_eq!((unread(diego).await, unread(eva).await), (1, 1), "{}", store.name());
        let news = conversation::news(store, diego).await.unwrap();
        assert_eq!(news.unread, 1);
        let last = recado::domain::id::EntryId(news.newest);
        conversation::seen(store, diego, ana, last).await.unwrap();
        assert_eq!((unread(diego).await, unread(eva).await), (0, 1));
        assert_eq!(conversation::news(store, diego).await.unwrap().unread, 0);
        office.writes(ANA, "¿hola?").await;
        assert_eq!(unread(diego).await, 1);
        conversation::seen(store, diego, ana, last).await.unwrap();
        assert_eq!(unread(diego).await, 1, "an older page takes nothing back");
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_campaign_and_team_with_their_counts() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        let (ana, _) = two(&office).await;
        office.writes("5491155557701", "hola").await;
        let campaign = conversation::campaigns(&store, None).await.unwrap()[0].0;
        let narrow = Narrow { campaign: Some(campaign), ..Narrow::default() };
        let filter = ConversationFilter { narrow: narrow.clone(), ..everywhere(50) };
        let list = conversation::list(&store, &filter).await.unwrap();
        assert_eq!(list.iter().map(|line| line.id).collect::<Vec<_>>(), [ana], "{}", store.name());
        assert!(office.inbox.claim(ana, diego, office.clock.now()).await.unwrap());
        let teams = ["recepcion".to_owned()];
        let counts = conversation::counts(&store, (Some(diego), &teams), Show::Open, &narrow).await.unwrap();
        assert_eq!((counts.mine, counts.unassigned, counts.team, counts.all), (1, 0, 1, 1));
        let other = Narrow { team: Some("ventas".to_owned()), ..Narrow::default() };
        let counts = conversation::counts(&store, (Some(diego), &teams), Show::Open, &other).await.unwrap();
        assert_eq!(counts.all, 0);
        let Window::Open { .. } = recado::inbox::commands::window(list[0].window_until, office.clock.now()) else {
            panic!("the line tells its window")
        };
    }
}

/// What the words are found by, as it lies on the disk.
async fn index(store: &Store) -> String {
    let mut all = Vec::new();
    match &store.write {
        Db::Sqlite(pool) => {
            for sql in ["SELECT block FROM entry_words_data", "SELECT block FROM conversation_words_data"] {
                let blocks: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
                all.extend(blocks.concat());
            }
            for sql in ["SELECT c0 FROM entry_words_content", "SELECT c0 FROM conversation_words_content"] {
                let words: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
                all.extend(words.concat().into_bytes());
            }
        }
        Db::Postgres(pool) => {
            for sql in ["SELECT words::text FROM entry_words", "SELECT words::text FROM conversation_words"] {
                let words: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
                all.extend(words.concat().into_bytes());
            }
        }
    }
    String::from_utf8_lossy(&all).to_lowercase()
}

#[tokio::test]
async fn whoever_is_erased_is_found_by_nothing_and_leaves_nothing_in_the_index() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, _) = two(&office).await;
        office.user("diego").await;
        assert!(office.inbox.note(ana, "prefiere vespertinos", "diego", office.clock.now()).await.unwrap());
        assert!(index(&store).await.contains("vespertinos"), "{}", store.name());
        let person = office.engine.person_of(&format!("+{ANA}")).await.unwrap().unwrap().unwrap().id;
        office.engine.erase_person(person).await.unwrap().unwrap();
        for typed in ["ecografia", "ana paz", "vespertinos"] {
            assert_eq!(found(&store, typed, &[]).await, [], "{} {typed}", store.name());
        }
        assert_eq!(found(&store, "55550123", &["55550123"]).await, []);
        let left = index(&store).await;
        for word in ["ecografia", "ecografía", "vespertinos", "55550123", "paz"] {
            assert!(!left.contains(word), "{} {word}: {left}", store.name());
        }
        assert!(left.contains("connor"), "nobody else is lost");
    }
}
