//! The sheet as people and programs read it.

use recado::domain::forecast::LimitedBy;
use recado::domain::template::parts::Offer;
use recado::locale::{Language, sentences};
use recado::preflight::{Listing, json, text, write_text};

use super::folder::{AUDIENCE, CAMPAIGN, Folder};

const ENGLISH: &str = "\
Recordatorio de turno
─────────────────────
Kind              Reminder
Template          appointment_reminder · es_AR · billed as utility
                  approved · tried for 30 days
Sender            saludcenter
File              turnos.csv · UTF-8 (9 letters of more than one byte) · semicolons between cells
Columns           phone: Teléfono · when: Fecha + Hora · name: Paciente · dates are day/month

Rows read                 7
Messages                  4
Left out                  3
                          1  No phone number (row 3)
                          1  Not a possible phone number (row 4)
                             the first, row 4: It has too few or too many digits for its country.
                          1  Not selected by the campaign (row 6)
                  Row 1 is the first below the header: line 2 of the spreadsheet.

Cost              USD 0.0806  likely, if 95 % are delivered
                  USD 0.0721  low, if 85 % are delivered
                  USD 0.2479  at most, 100 % delivered at the worst price
                  Argentina                           3  USD 0.0741
                  Brazil                              1  USD 0.0065

Starts            Tuesday 2026-11-24, 14:30
All sent          Wednesday 2026-11-25, 09:15
Limited by        the times the messages are due
                  Times of America/Argentina/Buenos_Aires; up to 20 messages a second.
";

#[test]
fn the_sheet_reads_well_in_a_terminal() {
    let sheet = Folder::new().sheet();
    let english = text(&sheet, Language::En);
    assert_eq!(&english[..ENGLISH.len().min(english.len())], ENGLISH, "{english}");
    assert!(english.ends_with("\nReady: nothing stands in the way.\n"), "{english}");
    assert!(english.contains("  row 1 → +5491155550101"), "{english}");
    assert!(english.contains("    │ Hola María, le esperamos el miércoles 25 de noviembre, 14:30.\n"), "{english}");
}

#[test]
fn every_language_says_everything() {
    let mut folder = Folder::new();
    folder.template = None;
    folder.knows_sender = false;
    let sheet = folder.sheet();
    for language in Language::ALL {
        let mut listing = Listing::default();
        sheet.rows.iter().flatten().for_each(|row| listing.add(row));
        let mut page = Vec::new();
        write_text(&mut page, &sheet, language, &mut listing.done().unwrap()).unwrap();
        let page = String::from_utf8(page).unwrap();
        let no_phone = recado::locale::say(language, "exclusion.no_phone", &[]);
        assert_eq!(page.matches(&no_phone).count(), 2, "once for its reason, once for its row: {page}");
        assert!(!page.contains("preflight.") && !page.contains("problem.") && !page.contains('{'), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    }
}

#[test]
fn the_end_of_an_offer_is_told_on_the_campaigns_clock() {
    let campaign =
        CAMPAIGN.replace("language = \"es_AR\"\n", "language = \"es_AR\"\noffer_ends = \"2026-12-06 20:00\"\n");
    let mut folder = Folder::of(&campaign, AUDIENCE);
    folder.template().offer = Some(Offer { text: "¡Solo hoy!".to_owned(), ends: true });
    let sheet = folder.sheet();
    assert!(sheet.samples[0].text.starts_with("¡Solo hoy! (2026-12-06 20:00)\n"), "{}", sheet.samples[0].text);
}

/// Keys that code puts together from words would otherwise be missed only on the screen that needs them.
#[test]
fn every_word_the_sheet_puts_a_key_together_from_has_a_sentence() {
    for language in Language::ALL {
        let sentences = sentences(language);
        let columns = ["phone", "when", "id", "name", "timezone", "cost_centre", "route", "link"];
        let mut keys: Vec<String> = columns.iter().map(|role| format!("preflight.column.{role}")).collect();
        keys.extend(["comma", "semicolon", "tab"].map(|d| format!("preflight.delimiter.{d}")));
        keys.extend(["day_first", "month_first"].map(|order| format!("preflight.dates.{order}")));
        keys.extend(["reminder", "resume_contact", "promotion"].map(|kind| format!("preflight.kind.{kind}")));
        keys.extend((1..=7).map(|day| format!("preflight.weekday.{day}")));
        keys.extend(recado::store::cost::CostKey::ALL.map(|key| format!("costs.column.{}", key.as_str())));
        keys.extend(["messages", "open", "reserved", "charged"].map(|figure| format!("costs.column.{figure}")));
        keys.extend(LimitedBy::ALL.map(|by| format!("limited_by.{}", by.as_str())));
        keys.extend(["approved", "pending", "rejected", "paused", "disabled"].map(|s| format!("preflight.status.{s}")));
        keys.extend(["green", "yellow", "red"].map(|quality| format!("preflight.quality.{quality}")));
        keys.extend(["longest", "oddest", "spread"].map(|kind| format!("preflight.{kind}")));
        for key in keys {
            assert!(sentences.contains_key(&key), "{language:?} {key}");
        }
    }
}

#[test]
fn every_market_and_reason_has_a_name_in_every_language() {
    for language in Language::ALL {
        let sentences = sentences(language);
        for market in recado::billing::market::Market::all() {
            assert!(sentences.contains_key(&format!("market.{market}")), "{market}");
        }
        for reason in recado::domain::exclusion::ExclusionReason::ALL {
            assert!(sentences.contains_key(&format!("exclusion.{}", reason.as_str())), "{reason:?}");
        }
    }
}

#[test]
fn the_json_has_the_promised_fields() {
    let mut folder = Folder::new();
    folder.template = None;
    let json = json(&folder.sheet(), Language::Es);
    assert_eq!((json["rows_read"].as_i64(), json["messages"].as_i64()), (Some(7), Some(4)));
    assert_eq!(json["excluded"]["bad_phone"], 1);
    assert_eq!(json["rows"][3]["row"], 4);
    assert_eq!(json["rows"][3]["reason"], "bad_phone");
    assert!(json["rows"][0].get("reason").is_none());
    assert_eq!(json["cost"]["currency"], "USD");
    assert_eq!(json["cost"]["likely"], "0.08056");
    assert!(json["starts_at"].is_i64() && json["sent_out_at"]["high"].is_i64());
    assert_eq!(json["samples"][0]["row"], 1);
    assert_eq!(json["blockers"][0]["code"], "template_unknown");
    assert!(json["blockers"][0]["message"].as_str().unwrap().contains("plantilla"), "{json}");
}
