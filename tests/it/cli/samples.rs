//! A template with a picture in its header, from a file on this machine to the review.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::rig::{Database, Rig, Setup};

#[tokio::test]
async fn a_template_is_created_with_the_sample_of_its_header() {
    let rig = Rig::start(Setup { provider: "gupshup", ..Setup::new(Database::Sqlite) }).await;
    let draft = json!({"name": "promo_banner", "language": "es_AR", "category": "marketing",
        "body": "Hola {{1}}, mire nuestras ofertas.", "examples": {"1": "Ana"}});
    let (file, banner) = (rig.path().join("promo.json"), rig.path().join("banner.png"));
    std::fs::write(&file, draft.to_string()).unwrap();
    std::fs::write(&banner, b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR").unwrap();
    let recado = async |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
        command.env("RECADO_URL", rig.daemon_url()).env("RECADO_TOKEN", rig.token());
        let done = command.args(args).stdin(std::process::Stdio::null()).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code(), text(done.stdout), text(done.stderr))
    };
    let (file, sample) = (file.display().to_string(), banner.display().to_string());
    let create = ["template", "create", &file, "--sample", &sample, "--submit", "--json"];
    let (status, out, err) = recado(&create).await;
    assert_eq!(status, Some(0), "{out}{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&made["name"], &made["header"]["kind"]), (&json!("promo_banner"), &json!("image")), "{made}");

    std::fs::write(&banner, "not a picture").unwrap();
    let (status, _, err) = recado(&["template", "create", &file, "--sample", &sample]).await;
    assert_eq!(status, Some(1), "{err}");
    assert!(err.contains("JPEG or PNG"), "{err}");
    let (status, _, err) = recado(&["template", "create", &file, "--sample", "nowhere.png"]).await;
    assert!(status != Some(0) && err.contains("nowhere.png"), "{err}");
}
