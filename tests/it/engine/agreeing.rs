//! Promotions go to those who have agreed: consent is kept and obeyed, and so is who wants none.

use recado::engine::StartOutcome;

use super::stage::{CAMPAIGN, Stage};
use super::templates::{bodies, started};
use crate::support::stores;

#[tokio::test]
async fn whoever_has_not_agreed_gets_no_promotion_and_the_basis_of_the_others_is_kept() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let promotion = CAMPAIGN.replacen("\"reminder\"", "\"promotion\"", 1);
        let audience = "nombre,telefono,consentimiento\nAna,+5491155550001,Formulario 3/3\nEva,+5491155550002,no\nLuz,+5491155550003,\nSol,+5491155550004,sí\n";
        let id = started(&stage, &promotion, audience).await;
        assert_eq!(bodies(&store, id).await.len(), 2, "{}", store.name());
        let left_out = recado::store::exclusion::counts(&store, id).await.unwrap();
        assert_eq!(left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect::<Vec<_>>(), [("no_consent", 2)]);
        let who = stage.engine.person_of("+5491155550001").await.unwrap().unwrap().unwrap();
        let told = stage.engine.export_person(who.id).await.unwrap();
        assert_eq!(told.consents[0].basis, "Formulario 3/3", "{}", store.name());
    }
}

#[tokio::test]
async fn whoever_a_named_column_says_wants_none_gets_no_promotion() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let promotion = CAMPAIGN.replacen("\"reminder\"", "\"promotion\"", 1);
        let audience = "nombre,telefono,Acepta,HasOptedOutOfEmail\nAna,+5491155550001,sí,\nEva,+5491155550002,sí,x\nLuz,+5491155550003,no,\n";
        let named = format!("{promotion}[columns]\nrefusal = \"HasOptedOutOfEmail\"\n");
        let id = started(&stage, &named, audience).await;
        let bodies = bodies(&store, id).await;
        assert!(bodies.len() == 1 && bodies[0].contains("Ana"), "{bodies:?}, {}", store.name());
        let left_out = recado::store::exclusion::counts(&store, id).await.unwrap();
        assert_eq!(left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect::<Vec<_>>(), [("no_consent", 2)]);
        let turned = format!("{promotion}[columns]\nconsent = \"HasOptedOutOfEmail\"\n");
        let version = stage.load("turned", &turned, audience).await;
        let StartOutcome::Refused(why) = stage.engine.start(version, "ana").await.unwrap() else { panic!("started") };
        assert_eq!(why.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["consent_refuses"]);
    }
}
