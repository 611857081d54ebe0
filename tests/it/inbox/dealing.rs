//! Who gets conversations: dealt out in a team, taken from the silent, handed on, given to bots and back.

use std::time::Duration;

use recado::domain::id::{ConversationId, UserId};
use recado::domain::role::Role;
use recado::engine::AnswerOutcome;
use recado::inbox::assign::{HandOver, HandedOver, Onward, Reach};
use recado::store::conversation::{self, Conversation};
use recado::store::entry::Direction;
use recado::store::idempotency::Once;
use recado::store::presence::{self, Availability, Beat};
use recado::store::{Store, audit, token, user};

use super::office::{ANA, NOW, Office};
use crate::support::{in_every_order, stores};

const IN_TURN: &str = "[team.turnos]\nmembers = [\"ana\", \"diego\", \"eva\"]\nassign = \"round_robin\"\n[sender.desk]\naccount = \"meta\"\nphone_number_id = \"1\"\nnumber = \"+5491155550109\"\nteam = \"turnos\"\n";
const RULES: &str = "[conversations]\ncapacity = 2\nunassign_after = \"30m\"\nbot_silence = \"5m\"\n";

async fn writes(office: &Office, n: u32) -> ConversationId {
    office.reply_to("1", &format!("54911555577{n:02}"), super::office::typed("hola")).await;
    office.conversations().await.last().unwrap().id
}

async fn here(office: &Office, user: UserId) {
    presence::beat(office.store(), user, office.clock.now(), Beat::default()).await.unwrap();
}

async fn deal(office: &Office) -> usize {
    office.inbox.deal(&office.engine.config, office.clock.now()).await.unwrap()
}

async fn get(store: &Store, id: ConversationId) -> Conversation {
    conversation::get(store, id).await.unwrap().unwrap()
}

async fn owners(office: &Office) -> Vec<Option<UserId>> {
    office.conversations().await.iter().map(|c| c.assignee).collect()
}

async fn deeds(store: &Store, action: &str) -> Vec<(String, String, String)> {
    let lines = audit::page(store, i64::MAX, "", action, 50).await.unwrap();
    lines.into_iter().rev().map(|l| (l.actor, l.subject, l.detail)).collect()
}

fn how<'a>(to: &'a str, note: &'a str) -> HandOver<'a> {
    HandOver { by: "ana", pen: "ana", of: Reach::All, to, note, at: NOW }
}

#[tokio::test]
async fn conversations_are_dealt_in_turn_to_whoever_is_here_and_has_room_and_an_away_agent_gets_nothing() {
    for store in stores().await {
        let office = Office::with(&store, &format!("{IN_TURN}{RULES}"));
        let (ana, diego, eva) = (office.user("ana").await, office.user("diego").await, office.user("eva").await);
        for n in 0..6 {
            writes(&office, n).await;
            office.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(deal(&office).await, 0, "{}: nobody is here", store.name());
        for user in [ana, diego, eva] {
            here(&office, user).await;
        }
        presence::set_state(&store, eva, Availability::Away, office.clock.now()).await.unwrap();
        assert_eq!(deal(&office).await, 4, "{}", store.name());
        let (a, d) = (Some(ana), Some(diego));
        assert_eq!(owners(&office).await, [a, d, a, d, None, None], "two each is all they have room for");
        presence::set_state(&store, eva, Availability::Available, office.clock.now()).await.unwrap();
        user::set_capacity(&store, eva, Some(1)).await.unwrap();
        assert_eq!(deal(&office).await, 1, "{}: her own capacity counts", store.name());
        assert_eq!(owners(&office).await[4], Some(eva), "{}", store.name());
        let told = deeds(&store, "conversation.deal").await;
        assert_eq!(told.len(), 5);
        assert_eq!(told[0].2, "user ana, team turnos, round_robin", "{}", store.name());
    }
}

#[tokio::test]
async fn two_nodes_that_deal_at_once_give_nobody_more_than_they_have_room_for() {
    for store in stores().await {
        let one = Office::with(&store, &format!("{IN_TURN}{RULES}"));
        let other = Office::with(&store, &format!("{IN_TURN}{RULES}"));
        let ana = one.user("ana").await;
        for n in 0..8 {
            writes(&one, n).await;
        }
        here(&one, ana).await;
        let (first, second) = tokio::join!(deal(&one), deal(&other));
        assert!(first + second >= 2, "{}", store.name());
        let hers = owners(&one).await.into_iter().filter(|owner| *owner == Some(ana)).count();
        assert_eq!(hers, 2, "{}: she has room for two", store.name());
    }
}

#[tokio::test]
async fn the_least_busy_gets_the_next_one() {
    for store in stores().await {
        let office = Office::with(&store, &IN_TURN.replace("round_robin", "least_busy"));
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let (first, second) = (writes(&office, 1).await, writes(&office, 2).await);
        for user in [ana, diego] {
            here(&office, user).await;
        }
        assert!(office.inbox.claim(first, ana, office.clock.now()).await.unwrap());
        assert_eq!(deal(&office).await, 1);
        assert_eq!(get(&store, second).await.assignee, Some(diego), "{}", store.name());
    }
}

#[tokio::test]
async fn an_agent_who_is_silent_for_too_long_loses_the_conversation_to_the_team_and_does_not_get_it_again() {
    for store in stores().await {
        let office = Office::with(&store, &format!("{IN_TURN}{RULES}"));
        let ana = office.user("ana").await;
        let id = writes(&office, 1).await;
        here(&office, ana).await;
        assert_eq!(deal(&office).await, 1);
        office.clock.advance(Duration::from_mins(29));
        let config = &office.engine.config;
        assert_eq!(office.inbox.take_from_silent(config, office.clock.now()).await.unwrap(), 0, "{}", store.name());
        office.clock.advance(Duration::from_mins(1));
        assert_eq!(office.inbox.take_from_silent(config, office.clock.now()).await.unwrap(), 1, "{}", store.name());
        let c = get(&store, id).await;
        assert_eq!((c.assignee, c.returned_from, c.team.as_deref()), (None, Some(ana), Some("turnos")));
        here(&office, ana).await;
        assert_eq!(deal(&office).await, 0, "{}: not to her again", store.name());
        let diego = office.user("diego").await;
        here(&office, diego).await;
        assert_eq!(deal(&office).await, 1);
        let c = get(&store, id).await;
        assert_eq!((c.assignee, c.returned_from), (Some(diego), None), "{}", store.name());
        assert_eq!(deeds(&store, "conversation.unassign").await.len(), 1);
    }
}

#[tokio::test]
async fn an_agent_who_answers_or_was_never_set_a_time_keeps_what_they_have_and_who_is_shut_out_does_not() {
    for store in stores().await {
        let office = Office::with(&store, IN_TURN);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let (hers, his) = (writes(&office, 1).await, writes(&office, 2).await);
        let now = office.clock.now();
        assert!(
            office.inbox.claim(hers, ana, now).await.unwrap() && office.inbox.claim(his, diego, now).await.unwrap()
        );
        office.advance(20);
        user::disable(&store, diego, office.clock.now()).await.unwrap();
        let taken = office.inbox.take_from_silent(&office.engine.config, office.clock.now()).await.unwrap();
        assert_eq!(taken, 1, "{}", store.name());
        assert_eq!(owners(&office).await, [Some(ana), None], "{}", store.name());
    }
}

#[tokio::test]
async fn a_transfer_leaves_its_note_to_the_next_and_the_team_deals_it_out_anew() {
    for store in stores().await {
        let office = Office::with(&store, IN_TURN);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        let id = writes(&office, 1).await;
        assert!(office.inbox.claim(id, ana, NOW).await.unwrap());
        let done = office.inbox.hand_over(id, &Onward::Agent(diego), &how("diego", "pide factura")).await.unwrap();
        assert_eq!(done, HandedOver::Done);
        let c = get(&store, id).await;
        assert_eq!((c.assignee, c.team.as_deref()), (Some(diego), Some("turnos")), "{}", store.name());
        let thread = conversation::thread(&store, id).await.unwrap();
        let last = thread.last().unwrap();
        assert_eq!((last.direction, last.author.as_str()), (Direction::Note, "ana → diego"), "{}", store.name());
        let team = Onward::Team("recepcion".to_owned());
        office.inbox.hand_over(id, &team, &how("recepcion", "")).await.unwrap();
        let c = get(&store, id).await;
        assert_eq!((c.assignee, c.team.as_deref()), (None, Some("recepcion")), "{}", store.name());
        assert_eq!(conversation::thread(&store, id).await.unwrap().len(), thread.len(), "no note, no line");
        assert_eq!(deeds(&store, "conversation.assign").await.len(), 2);
        assert!(office.inbox.close(id, "ana", NOW).await.unwrap().is_done());
        let late = office.inbox.hand_over(id, &Onward::Agent(diego), &how("diego", "x")).await.unwrap();
        assert_eq!(late, HandedOver::Closed, "{}", store.name());
    }
}

#[tokio::test]
async fn of_handing_on_and_taking_over_at_the_same_time_one_is_done_and_the_other_told_so() {
    for store in stores().await {
        let office = Office::with(&store, IN_TURN);
        let (ana, diego, eva) = (office.user("ana").await, office.user("diego").await, office.user("eva").await);
        let own = HandOver { of: Reach::Own(Some(ana)), ..how("eva", "pide factura") };
        let (to, inbox) = (Onward::Agent(eva), &office.inbox);
        for round in 0..12 {
            let id = writes(&office, round).await;
            assert!(inbox.claim(id, ana, NOW).await.unwrap());
            let hand = async { inbox.hand_over(id, &to, &own).await.unwrap() };
            let take = async { inbox.take_over(id, diego, ana, NOW).await.unwrap() };
            let (handed, taken) = in_every_order(round, hand, take).await;
            let expected = if taken { (HandedOver::Others, diego) } else { (HandedOver::Done, eva) };
            assert_eq!((handed, get(&store, id).await.assignee), (expected.0, Some(expected.1)), "{}", store.name());
            let lines = conversation::thread(&store, id).await.unwrap().len();
            assert_eq!(lines, if taken { 1 } else { 2 }, "{}: a note only with what it belongs to", store.name());
            match round % 4 {
                0 => assert!(!taken),
                1 => assert!(taken),
                _ => {}
            }
        }
    }
}

async fn bot(store: &Store, name: &str) {
    token::add(store, name, Role::Bot, NOW, NOW.plus(Duration::from_hours(9_000))).await.unwrap();
}

#[tokio::test]
async fn a_bot_answers_what_it_was_given_gives_it_back_and_what_it_leaves_comes_back_by_itself() {
    for store in stores().await {
        let office = Office::with(&store, &format!("{IN_TURN}{RULES}"));
        let ana = office.user("ana").await;
        let id = writes(&office, 1).await;
        let to = Onward::Bot("turnero".to_owned());
        assert_eq!(office.inbox.hand_over(id, &to, &how("bot:turnero", "")).await.unwrap(), HandedOver::NoBot);
        bot(&store, "turnero").await;
        assert_eq!(office.inbox.hand_over(id, &to, &how("bot:turnero", "")).await.unwrap(), HandedOver::Done);
        here(&office, ana).await;
        assert_eq!(deal(&office).await, 0, "{}: a bot has it", store.name());
        let other = office.engine.answer_as_bot(id, "hola", "otro", &Once::default()).await.unwrap();
        assert!(matches!(other, AnswerOutcome::Refused(_)), "{}: another bot", store.name());
        let sent = office.engine.answer_as_bot(id, "¿Qué turno?", "turnero", &Once::default()).await.unwrap();
        assert!(matches!(sent, AnswerOutcome::Sent(_)), "{}: {sent:?}", store.name());
        assert_eq!(get(&store, id).await.waiting_since, None);
        assert!(office.inbox.give_back(id, Some("turnero"), &how("", "no entiendo")).await.unwrap());
        let c = get(&store, id).await;
        assert_eq!((c.bot, c.waiting_since.is_some(), c.assignee), (None, true, None), "{}", store.name());
        office.inbox.hand_over(id, &to, &how("bot:turnero", "")).await.unwrap();
        office.clock.advance(Duration::from_mins(6));
        let taken = office.inbox.take_from_silent(&office.engine.config, office.clock.now()).await.unwrap();
        assert_eq!((taken, get(&store, id).await.bot), (1, None), "{}", store.name());
    }
}

#[tokio::test]
async fn an_agent_takes_a_conversation_from_a_bot_before_writing_in_it() {
    for store in stores().await {
        let office = Office::with(&store, IN_TURN);
        let ana = office.user("ana").await;
        bot(&store, "turnero").await;
        let id = writes(&office, 1).await;
        let to = Onward::Bot("turnero".to_owned());
        office.inbox.hand_over(id, &to, &how("bot:turnero", "")).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert!(!conversation::answer(&mut tx, id, ana, NOW).await.unwrap(), "{}", store.name());
        drop(tx);
        assert!(office.inbox.claim(id, ana, NOW).await.unwrap());
        let mut tx = store.begin().await.unwrap();
        assert!(conversation::answer(&mut tx, id, ana, NOW).await.unwrap(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_campaigns_route_may_name_a_bot_and_the_audit_says_so() {
    for store in stores().await {
        let office = Office::new(&store);
        bot(&store, "turnero").await;
        let run = office.run("es_AR", "").await;
        office.message_from(run, ANA, "lab", "bot:turnero").await;
        office.writes(ANA, "¿a qué hora?").await;
        let c = office.conversations().await.remove(0);
        assert_eq!((c.bot.as_deref(), c.assignee), (Some("turnero"), None), "{}", store.name());
        assert_eq!(deeds(&store, "conversation.route").await[0].2, "route bot:turnero");
        office.message_from(run, "5491155550124", "lab", "bot:nadie").await;
        office.writes("5491155550124", "¿a qué hora?").await;
        let c = office.conversations().await.remove(1);
        assert_eq!((c.bot, c.team.as_deref()), (None, Some("recepcion")), "{}: no such bot", store.name());
    }
}
