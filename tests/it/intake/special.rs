//! What a campaign gives beside texts, links and codes: a place, a product, an offer's end, lists of products, what a flow
//! is told, and cards.

use recado::domain::fill::{HeaderFill, Place, Product, Section};
use recado::domain::template::parts::{Card, Offer};
use recado::domain::template::{Button, Header, Template};
use recado::intake::campaign_file::CampaignFile;

use super::given::{Given, template};

fn campaign(more: &str) -> Given {
    Given::promotion(&format!("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n{more}"))
}

fn text(label: &str) -> String {
    label.to_owned()
}

fn carousel() -> Template {
    let card = |body: &str| Card {
        header: Some(Header::Image),
        body: body.to_owned(),
        buttons: vec![Button::Url { text: text("Ver"), url: text("https://x.example/{{1}}") }],
    };
    Template { cards: vec![card("{{1}} hoy"), card("{{1}} mañana")], ..template("Hola {{1}}.") }
}

const CARDS: &str = r#"
[template.cards.0]
image     = { column = "Foto" }
variables = { 1 = "{{ producto | upper }}" }
buttons   = { 0 = { url = "{{ sku }}?c=ñ" } }
[template.cards.1]
image     = "https://x.example/{{ sku }}.jpg"
variables = { 1 = "Otro" }
buttons   = { 0 = { url = "todo" } }
[variables]
1 = "{{ nombre }}"
"#;

#[test]
fn cards_are_filled_row_by_row_and_compared_both_ways() {
    let given = campaign(CARDS).with_template(carousel());
    let rows = given.drafts("Celular,Nombre,Producto,SKU,Foto\n1155550101,Ana,té,t1,https://x.example/a.png\n");
    let cards = &rows[0].fill.cards;
    assert_eq!(cards[0].header, Some(HeaderFill::Link { link: text("https://x.example/a.png") }));
    assert_eq!((cards[0].body[0].text.as_str(), cards[1].body[0].text.as_str()), ("TÉ", "Otro"));
    assert_eq!((cards[0].buttons[0].text.as_str(), cards[1].buttons[0].text.as_str()), ("t1?c=%C3%B1", "todo"));
    assert_eq!(cards[1].header, Some(HeaderFill::Link { link: text("https://x.example/t1.jpg") }));
    let header = "Celular,Nombre,Producto,SKU,Foto\n";
    let long = format!("{header}1155550101,Ana,{},t1,https://x.example/a.png\n", "x".repeat(160));
    assert_eq!(given.fates(long), ["bad_value (card_too_long: 0)"]);
    let no_link = format!("{header}1155550101,Ana,té,t1,foto.png\n");
    assert_eq!(given.fates(no_link), ["bad_value (not_a_link: cards.0.header)"]);
    let bare = campaign("[variables]\n1 = \"x\"").with_template(carousel());
    assert_eq!(bare.blockers("Celular\n1\n"), ["missing_slot"; 6]);
    let plain = Template { cards: Vec::new(), ..carousel() };
    assert_eq!(campaign(CARDS).with_template(plain).blockers("Celular,Nombre,Producto,SKU,Foto\n"), ["extra_slot"; 6]);
}

#[test]
fn a_place_comes_from_columns_with_commas_or_points() {
    let more = "location = { latitude = \"{{ lat }}\", longitude = \"{{ lon }}\", name = \"{{ sede }}\", address = \"Av. 1\" }\n";
    let given = campaign(more).with_template(Template { header: Some(Header::Location), ..template("Le esperamos.") });
    let rows = given.drafts("Celular;Lat;Lon;Sede\n1155550101;-34,6037;-58.38;Norte\n");
    let place =
        Place { latitude: text("-34.6037"), longitude: text("-58.38"), name: text("Norte"), address: text("Av. 1") };
    assert_eq!(rows[0].fill.header, Some(HeaderFill::Location(place)));
    let fates = given.fates("Celular;Lat;Lon;Sede\n1155550101;norte;1;x\n1155550102;1;2;\n");
    assert_eq!(fates, ["bad_value (not_degrees: location.latitude)", "empty_value (value: location.name)"]);
}

#[test]
fn an_offer_ends_in_the_campaigns_zone_and_nothing_leaves_after_it() {
    let offer = Template { offer: Some(Offer { text: text("¡Solo hoy!"), ends: true }), ..template("Hola.") };
    let given = campaign("offer_ends = \"{{ vence }}\"\n").with_template(offer.clone());
    let rows = given.drafts("Celular,Vence\n1155550101,2027-12-06 20:00\n");
    let ends = rows[0].fill.offer_ends_at.unwrap();
    assert_eq!(ends.to_string(), "2027-12-06T23:00:00Z");
    assert_eq!(rows[0].latest_at, Some(ends));
    let fates = given.fates("Celular,Vence\n1155550101,2020-01-01\n1155550102,pronto\n");
    assert_eq!(fates, ["too_late (offer_over)", "bad_value (not_a_moment: offer_ends)"]);
    let long = Template { body: "x".repeat(601), ..offer };
    assert_eq!(
        campaign("offer_ends = \"2027-12-06 20:00\"\n").with_template(long).fates("Celular\n1155550101\n"),
        ["bad_value (body_too_long: 601)"]
    );
}

#[test]
fn products_catalogs_and_flows_are_given_by_their_buttons() {
    let buttons = vec![
        Button::Products { text: text("Ver") },
        Button::Catalog { text: text("Todo") },
        Button::Flow { text: text("Completar") },
    ];
    let all = Template { buttons, header: Some(Header::Product), ..template("Hola.") };
    let more = r#"
product = { id = "{{ sku }}", catalog = "194" }
[template.buttons]
0 = { thumbnail = "{{ sku }}", products = "Ofertas: {{ sku }}, b; Nuevos: c" }
1 = { thumbnail = "b" }
2 = { token = "t-{{ sku }}", data = { turno = "{{ turno }}" } }
"#;
    let given = campaign(more).with_template(all.clone());
    let fill = &given.drafts("Celular,SKU,Turno\n1155550101,a,9001\n")[0].fill;
    assert_eq!(fill.header, Some(HeaderFill::Product(Product { id: text("a"), catalog: text("194") })));
    let section = |title: &str, products: &[&str]| Section {
        title: title.to_owned(),
        products: products.iter().map(|p| (*p).to_owned()).collect(),
    };
    assert_eq!(fill.products, [section("Ofertas", &["a", "b"]), section("Nuevos", &["c"])]);
    assert_eq!((fill.flow_data[0].name.as_str(), fill.flow_data[0].text.as_str()), ("turno", "9001"));
    assert_eq!(fill.buttons.iter().map(|b| b.text.as_str()).collect::<Vec<_>>(), ["a", "b", "t-a"]);
    let bare = campaign("").with_template(all);
    assert_eq!(bare.blockers("Celular\n1\n"), ["missing_button", "missing_slot", "missing_slot", "missing_slot"]);
}

/// What is written and what is said of it.
#[test]
fn what_cannot_be_is_refused_with_its_place() {
    for (more, said) in [
        (
            "location = { latitude = \"1\", longitude = \"2\", name = \"x\" }",
            "\"address\" is missing in [template.location]",
        ),
        ("product = { id = \"1\" }", "\"catalog\" is missing in [template.product]"),
        ("[template.cards.10]\nimage = \"x\"", "\"10\" must be a card's place, from 0 to 9"),
        (
            "[template.cards.0]\nimage = \"https://x.example/a\"\nvideo = \"https://x.example/b\"",
            "\"video\" is too much: a card has an image or a video",
        ),
        ("[template.cards.0]\nvariables = { \"A b\" = \"x\" }", "must be a parameter of the card"),
        (
            "[template.buttons]\n0 = { url = \"a\", token = \"b\" }",
            "a button takes one of url, code, thumbnail and token",
        ),
        ("[template.buttons]\n0 = { }", "a button takes { url ="),
        ("offer_ends = 7", "\"offer_ends\" must be text in quotes, not a number"),
        ("image = \"a.jpg\"\ngif = \"a.mp4\"", "\"gif\" is too much"),
    ] {
        let file = format!(
            "kind = \"promotion\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"UTC\"\n[template]\nname = \"t\"\nlanguage = \"es\"\n{more}\n"
        );
        let problems = CampaignFile::parse(&file, "campaign.toml").expect_err(more);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|problem| problem.contains(said)), "{more}: {told:?}");
    }
}
