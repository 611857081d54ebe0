use super::*;

#[test]
fn a_place_is_called_the_same_in_both_directions() {
    for name in [
        "location.latitude",
        "location.longitude",
        "location.name",
        "location.address",
        "product.id",
        "product.catalog",
        "offer_ends",
        "products",
        "data.turno",
        "cards.0.header",
        "cards.9.product.id",
        "cards.1.product.catalog",
        "cards.2.variables.first_name",
        "cards.2.buttons.1",
    ] {
        assert_eq!(Slot::parse(name).expect(name).to_string(), name);
    }
    for no in ["", "1", "cards.10.header", "cards.x.header", "cards.0.footer", "data.", "location"] {
        assert_eq!(Slot::parse(no), None, "{no}");
    }
}

#[test]
fn degrees_are_written_with_a_point_and_bounded() {
    for (given, expected) in [
        ("-34.6037", Some("-34.6037")),
        ("-34,6037", Some("-34.6037")),
        ("+12.5", Some("12.5")),
        (" 90 ", Some("90")),
        ("90.1", None),
        ("", None),
        ("NaN", None),
        ("34° S", None),
        ("1e1", None),
    ] {
        assert_eq!(degrees(given, 90.0).as_deref(), expected, "{given}");
    }
}

#[test]
fn a_moment_is_read_in_the_campaigns_zone_and_a_day_ends_at_its_end() {
    let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
    let at = |text| moment(text, &zone).map(|at| at.0);
    // 2026-12-06T23:00:00Z
    let eight = Some(1_796_598_000_000);
    for text in ["2026-12-06 20:00", "2026-12-06T20:00:00", "06/12/2026 20:00", "6/12/2026 20:00", "06.12.2026 20:00h"]
    {
        assert_eq!(at(text), eight, "{text}");
    }
    assert_eq!(at("2026-12-06"), Some(1_796_598_000_000 + 4 * 3_600_000 - 1_000));
    for text in ["", "mañana", "31/02/2026 20:00", "06/12/26 20:00", "2026-12-06 25:00", "2026-12-06 20:00:00:00"] {
        assert_eq!(at(text), None, "{text}");
    }
}

#[test]
fn products_come_in_sections_of_which_several_have_titles() {
    let read = |text: &str| {
        sections(text).map(|all| all.into_iter().map(|s| (s.title, s.products.join("+"))).collect::<Vec<_>>())
    };
    let of = |title: &str, products: &str| (title.to_owned(), products.to_owned());
    assert_eq!(read("sku1, sku2"), Some(vec![of("", "sku1+sku2")]));
    assert_eq!(read("Ofertas: sku1, sku2; Nuevos: sku3"), Some(vec![of("Ofertas", "sku1+sku2"), of("Nuevos", "sku3")]));
    let many = (0..31).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",");
    for no in ["", ";", "Ofertas:", "a; b", "Un título de más de veinticuatro: a", &many] {
        assert_eq!(read(no), None, "{no}");
    }
}

#[test]
fn values_become_what_is_sent() {
    let zone = TimeZone::UTC;
    let mut fill = Fill::default();
    let given = [
        ("location.latitude", "-34,6"),
        ("location.longitude", "-58.38"),
        ("location.name", "Sede Norte"),
        ("location.address", "Av. 1"),
        ("cards.1.header", "https://x.example/2.jpg"),
        ("cards.0.header", "https://x.example/1.jpg"),
        ("cards.0.variables.1", "Té"),
        ("cards.1.product.id", "sku1"),
        ("cards.1.product.catalog", "194"),
    ];
    let given = given.map(|(slot, text)| (Slot::parse(slot).unwrap(), text.to_owned()));
    put(&mut fill, given.to_vec(), (&zone, &[])).unwrap();
    let place = Place {
        latitude: "-34.6".to_owned(),
        longitude: "-58.38".to_owned(),
        name: "Sede Norte".to_owned(),
        address: "Av. 1".to_owned(),
    };
    assert_eq!(fill.header, Some(HeaderFill::Location(place)));
    assert_eq!(fill.cards.len(), 2);
    assert_eq!(fill.cards[0].body, [Value { name: "1".to_owned(), text: "Té".to_owned() }]);
    let product = Product { id: "sku1".to_owned(), catalog: "194".to_owned() };
    assert_eq!(fill.cards[1].header, Some(HeaderFill::Product(product)));
    let link = Slot::Card(0, CardSlot::Header);
    let refused = put(&mut fill, vec![(link.clone(), "http://x.example/1.jpg".to_owned())], (&zone, &[]));
    assert_eq!(refused, Err((link, Misfit::Link)));
}
