//! Who agreed to promotions and who wants none are two choices of the mapping step.

use axum::http::StatusCode;
use recado::engine::planner::Planner;
use recado::store::{campaign, exclusion, version};

use super::{form, open, upload};
use crate::engine::stage::CAMPAIGN;
use crate::support::{TestStore, stores};

const LIST: &str = "Paciente;Celular;Acepta promociones;Baja;Lista\nAna;+5491150000001;sí;;\nEva;+5491150000002;sí;x;\n\
    Luz;+5491150000003;sí;;sí\nSol;+5491150000004;no;;\n";

const CHOSEN: [(&str, &str); 4] =
    [("var.1.column", "paciente"), ("var.1.form", ""), ("var.1.otherwise", ""), ("var.1.own", "")];

async fn definition(store: &TestStore, name: &str) -> String {
    let campaign = campaign::by_name(store, name).await.unwrap().unwrap();
    version::latest(store, campaign.id).await.unwrap().unwrap().definition
}

#[tokio::test]
async fn who_agreed_and_who_wants_none_are_chosen_apart() {
    for store in stores().await {
        let (_stage, site, visitor) = open(&store).await;
        upload(&site, &visitor, "/drafts", "Oferta", ("lista.csv", LIST)).await;
        let fields = form(&[&CHOSEN[..], &[("kind", "promotion")]].concat());
        site.post("/drafts/1", &visitor, &fields).await;
        let page = site.get("/drafts/1", Some(&visitor)).await.body;
        for said in [
            "Who agreed to promotions<",
            "Who wants no promotions<",
            "recognised: Acepta promociones<",
            "recognised: Baja<",
            "data-test=\"col.refusal\"",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        // The column that was recognised is named, and another one of refusals: nothing that counts goes.
        let named = [("col.consent", "Acepta promociones"), ("col.refusal", "Lista"), ("action", "finish")];
        let fields = form(&[&CHOSEN[..], &[("kind", "promotion")], &named].concat());
        let done = site.post("/drafts/1", &visitor, &fields).await;
        assert!(done.leads_to().starts_with("/campaigns/2"), "{}", done.body);
        let kept = definition(&store, "oferta").await;
        assert!(kept.contains("consent = \"Acepta promociones\"") && kept.contains("refusal = \"Lista\""), "{kept}");
        let sheet = site.get_read("/campaigns/2", &visitor).await.body;
        assert!(sheet.contains("wants no promotions: Baja, Lista"), "{}: {sheet}", store.name());
        // Changed and copied it stays.
        let begun = site.post("/campaigns/2/edit", &visitor, &[]).await;
        let draft = begun.leads_to().to_owned();
        site.post(&draft, &visitor, &[("title", "Otra"), ("action", "finish")]).await;
        assert!(definition(&store, "oferta").await.contains("refusal = \"Lista\""), "{}", store.name());
        let copied = upload(&site, &visitor, "/campaigns/2/copy", "Copia", ("otra.csv", LIST)).await;
        site.post(copied.leads_to(), &visitor, &[("action", "finish")]).await;
        assert!(definition(&store, "copia").await.contains("refusal = \"Lista\""), "{}", store.name());
    }
}

#[tokio::test]
async fn a_column_of_refusals_is_not_taken_for_one_of_those_who_agreed() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    upload(&site, &visitor, "/drafts", "Oferta", ("lista.csv", LIST)).await;
    let turned = [("kind", "promotion"), ("col.consent", "Baja"), ("action", "finish")];
    let refused = site.post("/drafts/1", &visitor, &form(&[&CHOSEN[..], &turned].concat())).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.body.contains("Choose it as “Who wants no promotions” under"), "{}", refused.body);
    let right = [("kind", "promotion"), ("col.consent", ""), ("col.refusal", "Baja"), ("action", "finish")];
    let done = site.post("/drafts/1", &visitor, &form(&[&CHOSEN[..], &right].concat())).await;
    assert!(done.leads_to().starts_with("/campaigns/"), "{}", done.body);
}

#[tokio::test]
async fn lists_of_columns_stay_as_the_file_says_them() {
    let store = stores().await.remove(0);
    let (stage, site, visitor) = open(&store).await;
    let lists = format!("{CAMPAIGN}[columns]\nconsent = [\"Uno\", \"Dos\"]\nrefusal = [\"Baja\", \"Lista\"]\n");
    let people = "nombre,telefono,Uno,Dos,Baja,Lista\nAna,+5491150000001,sí,sí,,\n";
    stage.load("listas", &lists, people).await;
    site.post("/campaigns/2/edit", &visitor, &[]).await;
    let page = site.get("/drafts/1", Some(&visitor)).await.body;
    assert!(page.contains("Uno, Dos: all of them") && page.contains("Baja, Lista: all of them"), "{page}");
    let kept = [("col.consent", "="), ("col.refusal", "="), ("title", "Otra"), ("action", "finish")];
    site.post("/drafts/1", &visitor, &form(&kept)).await;
    let kept = definition(&store, "listas").await;
    assert!(
        kept.contains("consent = [\"Uno\", \"Dos\"]") && kept.contains("refusal = [\"Baja\", \"Lista\"]"),
        "{kept}"
    );
}

#[tokio::test]
async fn a_correction_leaves_out_whoever_it_says_wants_none() {
    for store in stores().await {
        let (stage, site, visitor) = open(&store).await;
        let promotion = CAMPAIGN.replacen("\"reminder\"", "\"promotion\"", 1);
        let people = "nombre,telefono,Lista\nAna,+5491150000001,\nEva,+5491150000002,sí\n";
        let run = stage.run("oferta", &promotion, people).await;
        stage.engine.pause(run, "ana", "").await.unwrap();
        site.post(&format!("/runs/{run}/correct"), &visitor, &[]).await;
        let fields = [("template", "reminder|es_AR"), ("col.refusal", "Lista"), ("action", "finish")];
        let done = site.post("/drafts/1", &visitor, &fields).await;
        assert_eq!(done.leads_to(), format!("/runs/{run}?done=corrected"), "{}", done.body);
        stage.engine.resume(run, "ana").await.unwrap();
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        stage.sender().drain().await;
        let sent: Vec<String> = stage.stub.values.lock().unwrap().iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(sent, ["Ana"], "{}", store.name());
        let left_out = exclusion::counts(&store, run).await.unwrap();
        assert_eq!(left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect::<Vec<_>>(), [("no_consent", 1)]);
    }
}
