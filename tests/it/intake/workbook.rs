//! Workbooks: XLSX and ODS as spreadsheets write them.

use recado::intake::audience::{Audience, FileFormat};
use recado::intake::rows::fingerprint;

use super::given::Given;
use super::package::{ods, package, xlsx};

fn given(reading: &str) -> Given {
    Given::promotion(&format!(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ nombre }}}}\"\n[reading]\n{reading}\n"
    ))
}

/// A sheet of rows of texts.
fn sheet(rows: &[&[&str]]) -> Vec<u8> {
    sheet_with(rows, &[])
}

fn sheet_with(rows: &[&[&str]], hidden: &[usize]) -> Vec<u8> {
    let cell = |(at, cell): (usize, &&str), line: usize| {
        let column = char::from(b'A' + at as u8);
        let cell = cell.replace('&', "&amp;").replace('<', "&lt;");
        format!("<c r=\"{column}{line}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>")
    };
    let row = |(no, row): (usize, &&[&str])| {
        let (line, hide) = (no + 1, if hidden.contains(&no) { " hidden=\"1\"" } else { "" });
        let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|at| cell(at, line));
        format!("<row r=\"{line}\"{hide}>{}</row>", cells.collect::<Vec<_>>().concat())
    };
    let rows = rows.iter().enumerate().map(row).collect::<Vec<_>>().concat();
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>").into_bytes()
}

fn one(rows: &[&[&str]]) -> Vec<u8> {
    xlsx(&[("Hoja1", "", &sheet(rows))], &[])
}

/// The cells of every row of a workbook.
fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    let given = given("");
    let audience = Audience::open(&given.file_named("a.xlsx", bytes)).unwrap_or_else(|p| panic!("{p:?}"));
    let lines = audience.lines().unwrap().map(|line| match line {
        recado::intake::audience::Line::Cells(cells) => cells,
        recado::intake::audience::Line::Unreadable(why, _) => panic!("{why:?}"),
    });
    lines.collect()
}

#[test]
fn a_workbook_is_read_as_a_text_with_the_same_cells_is() {
    let bytes = one(&[&["Nombre", "Teléfono"], &["Ana & Eva <3", "1155550101"], &["José", "1155550102"]]);
    let given = given("");
    assert_eq!(given.fates(&bytes), ["5491155550101", "5491155550102"]);
    assert_eq!(given.drafts(&bytes)[0].fill.body[0].text, "Ana & Eva <3");
    let facts = given.open(&bytes, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.format, facts.sheet.as_deref(), facts.header_row), (FileFormat::Xlsx, Some("Hoja1"), 1));
    let text = given.file("Nombre;Teléfono\nAna & Eva <3;1155550101\nJosé;1155550102\n");
    let book = given.file_named("a.xlsx", &bytes);
    assert_eq!(fingerprint("a = 1", &text, &|_| ()).unwrap(), fingerprint("a = 1", &book, &|_| ()).unwrap());
}

#[test]
fn cells_come_as_a_person_sees_them() {
    let xml = r#"<worksheet><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c><c r="E1" t="s"><v>4</v></c><c r="F1" t="s"><v>5</v></c></row>
        <row r="2"><c r="A2"><v>5491155550101</v></c><c r="B2" s="2"><v>46351.604166666664</v></c><c r="C2" s="3"><v>1234567890</v></c><c r="D2" s="4"><v>0.35416666666666669</v></c><c r="E2" t="b"><v>1</v></c><c r="F2"><f>1/3*30</f><v>9.9999999999999982</v></c></row>
        <row r="3"><c r="A3"><v>5.491155550102E12</v></c><c r="B3" s="1"><v>46351</v></c><c r="C3" t="str"><f>A1</f><v>a_x0041_b</v></c><c r="E3" t="e"><v>#N/A</v></c><c r="F3"><v>0.1</v></c></row>
    </sheetData></worksheet>"#;
    let bytes = xlsx(&[("A", "", xml.as_bytes())], &["Celular", "Fecha", "CPF", "Hora", "Vino", "Monto"]);
    assert_eq!(
        cells(&bytes),
        [
            ["5491155550101", "2026-11-25 14:30", "01234567890", "08:30", "TRUE", "10"],
            ["5491155550102", "2026-11-25", "aAb", "", "#N/A", "0.1"],
        ]
    );
}

#[test]
fn number_formats_are_read_as_a_person_sees_them_or_by_their_value() {
    for (style, value, read) in [
        (5, "11987654321", "(11) 98765-4321"),
        (5, "1198765432", "(01) 19876-5432"),
        (12, "1134567890", "(11) 3456-7890"),
        (12, "11987654321", "(11) 98765-4321"),
        (3, "42", "00000000042"),
        (6, "1234567890", "012.345.678-90"),
        (7, "0.15", "15%"),
        (7, "0.28999999999999998", "29%"),
        (8, "0.125", "12.5%"),
        (9, "1.5", "36:00"),
        (9, "0.375", "09:00"),
        // Whole seconds count: an appointment has no tenths.
        (10, "0.010439814814814815", "00:15:02"),
        (13, "46351", "2026-11-25"),
        // A date that its format hides is there all the same.
        (4, "46351.604166666664", "2026-11-25 14:30"),
        // Amounts and long numbers count by their value.
        (11, "1234.5", "1234.5"),
        (15, "1234567", "1234567"),
        (14, "5491155550101", "5491155550101"),
    ] {
        let xml = format!(
            r#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" s="{style}"><v>{value}</v></c></row></sheetData></worksheet>"#
        );
        assert_eq!(cells(&xlsx(&[("A", "", xml.as_bytes())], &["Dato"])), [[read]], "style {style} of {value}");
    }
    let iso = br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="d" s="2"><v>2026-11-25T14:30:00</v></c></row></sheetData></worksheet>"#;
    assert_eq!(cells(&xlsx(&[("A", "", iso)], &["Dato"])), [["2026-11-25 14:30"]]);
}

#[test]
fn number_formats_of_open_document_are_read_as_a_person_sees_them_or_by_their_value() {
    for (kind, value, shown, read) in [
        ("float", "11987654321", "(11) 98765-4321", "(11) 98765-4321"),
        ("float", "42", "00042", "00042"),
        ("float", "1234567890", "012.345.678-90", "012.345.678-90"),
        ("float", "1234567", "1.234.567", "1234567"),
        ("float", "5491155550101", "5,49E+12", "5491155550101"),
        ("float", "-5", "-5", "-5"),
        ("percentage", "0.125", "12,5%", "12.5%"),
        ("percentage", "0.15", "15 %", "15%"),
        ("currency", "1234.5", "R$ 1.234,50", "1234.5"),
    ] {
        let content = format!(
            r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="A"><table:table-row><table:table-cell><text:p>Dato</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="{kind}" office:value="{value}"><text:p>{shown}</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#
        );
        assert_eq!(cells(&ods(content.as_bytes())), [[read]], "{kind} {value} shown as {shown}");
    }
}

#[test]
fn shared_texts_keep_their_runs_and_leave_out_how_they_are_spoken() {
    let xml = br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>"#;
    let strings = ["Celular</t></si><si><r><t>Ma</t></r><r><t>r&#237;a</t></r><rPh><t>x</t></rPh></si><si><t>"];
    assert_eq!(cells(&xlsx(&[("A", "", xml)], &strings)), [["María"]]);
}

#[test]
fn rows_and_cells_that_are_left_out_are_empty_and_those_beside_the_table_are_told() {
    let xml = br#"<worksheet><sheetData><row r="2"><c r="B2" t="str"><v>Celular</v></c><c r="C2" t="str"><v>Nombre</v></c></row><row r="5"><c r="C5" t="str"><v>Ana</v></c><c r="F5" t="str"><v>llamar</v></c></row></sheetData></worksheet>"#;
    let bytes = xlsx(&[("A", "", xml)], &[]);
    assert_eq!(cells(&bytes), [["", "", ""], ["", "", ""], ["", "", "Ana"]]);
    let given = given("");
    assert_eq!(given.fates(&bytes), ["no_phone", "no_phone", "no_phone"]);
    assert!(given.warnings(&bytes).contains(&"cells_beside".to_owned()));
}

#[test]
fn hidden_rows_are_asked_about_and_done_as_the_campaign_says() {
    let rows: [&[&str]; 4] =
        [&["Nombre", "Celular"], &["Ana", "1155550101"], &["Eva", "1155550102"], &["Lía", "1155550103"]];
    let bytes = xlsx(&[("A", "", &sheet_with(&rows, &[2]))], &[]);
    let problems = given("").open(&bytes, |_| ()).unwrap_err();
    assert_eq!(problems[0].code, "hidden_rows");
    assert!(problems[0].args.contains(&("row".to_owned(), "2".to_owned())));
    assert!(problems[0].args.contains(&("line".to_owned(), "3".to_owned())));
    let left = given("hidden_rows = \"leave out\"").fates(&bytes);
    assert_eq!(left, ["5491155550101", "not_selected (hidden_row)", "5491155550103"]);
    assert_eq!(given("hidden_rows = \"take\"").fates(&bytes)[1], "5491155550102");
}

#[test]
fn of_several_sheets_the_one_with_phones_is_read_and_others_are_asked_about() {
    let people = sheet(&[&["Nombre", "Celular"], &["Ana", "1155550101"]]);
    let others = sheet(&[&["Nombre", "Celular"], &["Eva", "1155550102"]]);
    let notes = sheet(&[&["Código", "Detalle"], &["1", "x"]]);
    let by_content = xlsx(&[("Códigos", "", &notes), ("Turnos", "", &people), ("Vacía", "", b"<worksheet/>")], &[]);
    let facts = given("").open(&by_content, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.sheet.as_deref(), facts.sheets.len()), (Some("Turnos"), 3));
    let both = xlsx(&[("Lunes", "", &people), ("Martes", "", &others)], &[]);
    let problems = given("").open(&both, |_| ()).unwrap_err();
    assert_eq!((problems[0].code.as_str(), problems[0].args[0].1.as_str()), ("several_sheets", "Lunes, Martes"));
    assert_eq!(given("sheet = \"martes\"").fates(&both), ["5491155550102"]);
    assert_eq!(given("sheet = \"Miércoles\"").blockers(&both), ["no_such_sheet"]);
    let hidden = xlsx(&[("Lunes", "", &people), ("Vieja", "state=\"hidden\"", &others)], &[]);
    assert_eq!(given("").fates(&hidden), ["5491155550101"]);
    assert_eq!(given("sheet = \"Vieja\"").fates(&hidden), ["5491155550102"]);
}

#[test]
fn the_header_of_a_sheet_is_found_below_titles() {
    let bytes = one(&[&["Clínica del Norte"], &[], &["Nombre", "Celular"], &["Ana", "1155550101"]]);
    let facts = given("").open(&bytes, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.header_row, facts.title_lines), (3, vec!["Clínica del Norte".to_owned()]));
    assert_eq!(given("").fates(&bytes), ["5491155550101"]);
    assert_eq!(given("header_row = 3").fates(&bytes), ["5491155550101"]);
}

const ODS: &str = r#"<office:document-content><office:automatic-styles><style:style style:name="off"><style:table-properties table:display="false"/></style:style></office:automatic-styles><office:body><office:spreadsheet>
<table:table table:name="Vieja" table:style-name="off"><table:table-row><table:table-cell><text:p>Celular</text:p></table:table-cell></table:table-row></table:table>
<table:table table:name="Turnos"><table:table-header-rows><table:table-row><table:table-cell office:value-type="string"><text:p>Celular</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>Fecha</text:p></table:table-cell><table:table-cell><text:p>Nombre</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="1155550101"><text:p>1,16E+09</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="date" office:date-value="2026-11-25T14:30:00"><text:p>25/11/26</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Ana<text:s/>Paz</text:p><text:p>dos</text:p><office:annotation><text:p>nota</text:p></office:annotation></table:table-cell></table:table-row>
<table:table-row table:visibility="filter"><table:table-cell><text:p>1155550102</text:p></table:table-cell><table:table-cell/><table:table-cell/><table:table-cell office:value-type="time" office:time-value="PT09H05M00S"/></table:table-row>
<table:table-row table:number-rows-repeated="1048571"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"#;

#[test]
fn open_document_sheets_are_read_with_what_they_repeat() {
    let bytes = ods(ODS.as_bytes());
    let row = ["1155550101", "", "", "2026-11-25 14:30", "Ana Paz\ndos"];
    assert_eq!(cells(&bytes), [row, row, ["1155550102", "", "", "09:05", ""]]);
    let facts = given("").open(&bytes, |_| ()).unwrap_err();
    assert_eq!(facts[0].code, "hidden_rows");
    let given = given("hidden_rows = \"take\"");
    let facts = given.open(&bytes, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.format, facts.sheet.as_deref()), (FileFormat::Ods, Some("Turnos")));
}

#[test]
fn workbooks_that_cannot_be_read_are_refused_by_name() {
    let encrypted = package(&[
        ("META-INF/manifest.xml", b"<manifest><file-entry><encryption-data/></file-entry></manifest>"),
        ("content.xml", b"?"),
    ]);
    for (bytes, code) in [
        (encrypted, "audience_password"),
        (package(&[("xl/workbook.bin", b"")]), "audience_binary_excel"),
        (package(&[("turnos.csv", b"Celular\n1\n")]), "audience_packed"),
        (xlsx(&[("A", "", b"<worksheet><sheetData/></worksheet>")], &[]), "audience_empty"),
        (one(&[&["Celular"], &["1"]])[..300].to_vec(), "audience_damaged"),
        (ods(b"<a></a>"), "audience_damaged"),
    ] {
        assert_eq!(given("").blockers(&bytes), [code]);
    }
}

#[test]
fn days_that_count_from_1904_are_the_days_they_are() {
    let xml = br#"<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>Celular</v></c></row><row r="2"><c r="A2" s="1"><v>1</v></c></row></sheetData></worksheet>"#;
    let bytes = package(&[
        (
            "xl/workbook.xml",
            br#"<workbook><workbookPr date1904="1"/><sheets><sheet name="A" r:id="r"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            br#"<Relationships><Relationship Id="r" Target="/xl/worksheets/s.xml"/></Relationships>"#,
        ),
        ("xl/styles.xml", br#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#),
        ("xl/worksheets/s.xml", xml),
    ]);
    assert_eq!(cells(&bytes), [["1904-01-02"]]);
}

/// Ana and two children share a date; each row has a phone of its own.
fn merged() -> Vec<u8> {
    let rows: [&[&str]; 5] = [
        &["Nombre", "Celular", "Fecha"],
        &["Ana", "1155550101", "26/11/2026 09:00"],
        &["Eva", "1155550102", ""],
        &["Lía", "1155550103", ""],
        &["Sol", "1155550104", "27/11/2026 09:00"],
    ];
    let sheet = String::from_utf8(sheet(&rows)).unwrap();
    let merges = "</sheetData><mergeCells><mergeCell ref=\"A1:B1\"/><mergeCell ref=\"C2:C4\"/></mergeCells>";
    xlsx(&[("A", "", sheet.replace("</sheetData>", merges).as_bytes())], &[])
}

/// A reminder that speaks of each row's date.
fn reminder(reading: &str) -> Given {
    Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
         country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ when }}}}\"\n\
         [schedule]\nsend = \"24h before\"\n[reading]\n{reading}\n"
    ))
}

#[test]
fn cells_merged_over_rows_are_asked_about_and_done_as_the_campaign_says() {
    let problems = reminder("").open(merged(), |_| ()).unwrap_err();
    assert_eq!(problems.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), ["merged_cells"]);
    for (name, value) in [("n", "1"), ("row", "1"), ("line", "2"), ("column", "Fecha")] {
        assert!(problems[0].args.contains(&(name.to_owned(), value.to_owned())), "{problems:?}");
    }
    let filled = reminder("merged_cells = \"fill\"");
    assert_eq!(filled.fates(merged()).len(), 4);
    let days: Vec<String> = filled.drafts(merged()).iter().map(|d| d.fill.body[0].text.clone()).collect();
    assert!(days[..3].iter().all(|day| *day == days[0]) && days[3] != days[0], "{days:?}");
    let left = reminder("merged_cells = \"leave\"").fates(merged());
    assert_eq!(left[1..3], ["bad_when (no_date_of: Fecha)", "bad_when (no_date_of: Fecha)"]);
    // Nothing depends on the date: nobody is asked.
    assert_eq!(given("").fates(merged()).len(), 4);
    let ods_rows = r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="T">
<table:table-row><table:table-cell><text:p>Celular</text:p></table:table-cell><table:table-cell><text:p>Fecha</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>1155550101</text:p></table:table-cell><table:table-cell table:number-rows-spanned="2"><text:p>26/11/2026 09:00</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell><text:p>1155550102</text:p></table:table-cell><table:covered-table-cell/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"#;
    let bytes = ods(ods_rows.as_bytes());
    assert_eq!(reminder("").blockers(&bytes), ["merged_cells"]);
    let drafts = reminder("merged_cells = \"fill\"").drafts(&bytes);
    assert_eq!(drafts[0].fill.body[0].text, drafts[1].fill.body[0].text);
}

#[test]
fn formulas_that_were_never_calculated_are_told_with_their_cure() {
    let xml = br#"<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>Celular</v></c><c r="B1" t="str"><v>Nombre</v></c><c r="C1" t="str"><v>Nota</v></c></row><row r="2"><c r="A2"><f>CONCATENATE("11 5555-","0101")</f><v></v></c><c r="B2" t="str"><f>A9</f><v></v></c><c r="C2"><f>1+1</f><v/></c></row><row r="3"><c r="A3"><f>A2</f></c><c r="B3" t="str"><v>Eva</v></c></row></sheetData></worksheet>"#;
    let bytes = xlsx(&[("A", "", xml)], &[]);
    let problems = given("").open(&bytes, |_| ()).unwrap_err();
    let told = problems.iter().find(|p| p.code == "formulas_not_calculated").unwrap_or_else(|| panic!("{problems:?}"));
    // A text that is empty was calculated, and nothing depends on the note.
    for (name, value) in [("n", "2"), ("row", "1"), ("line", "2"), ("column", "Celular")] {
        assert!(told.args.contains(&(name.to_owned(), value.to_owned())), "{told:?}");
    }
    let content = r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="T">
<table:table-row><table:table-cell><text:p>Celular</text:p></table:table-cell><table:table-cell><text:p>Nombre</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:formula="of:=1"/><table:table-cell><text:p>Ana</text:p></table:table-cell></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"#;
    assert!(given("").blockers(ods(content.as_bytes())).contains(&"formulas_not_calculated".to_owned()));
}
