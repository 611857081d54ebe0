//! Packages (ZIP) as spreadsheets write them, to hold whatever a test puts into them.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A package of `parts`: names and bytes.
pub fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in parts {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes everything");
        let packed = encoder.finish().expect("memory takes everything");
        let mut crc = Crc::new();
        crc.update(bytes);
        let at = out.len() as u32;
        let mut common = Vec::new();
        for field in [20_u16, 0, 8, 0, 0] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), packed.len() as u32, bytes.len() as u32] {
            common.extend(field.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, at) = (parts.len() as u16, out.len() as u32);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0; 2]);
    out
}

const STYLES: &str = r#"<styleSheet><numFmts count="11"><numFmt numFmtId="164" formatCode="dd/mm/yyyy\ hh:mm"/><numFmt numFmtId="165" formatCode="00000000000"/><numFmt numFmtId="166" formatCode="&quot;Hs &quot;hh:mm"/><numFmt numFmtId="167" formatCode="(00) 00000-0000"/><numFmt numFmtId="168" formatCode="000\.000\.000\-00"/><numFmt numFmtId="169" formatCode="0.0%"/><numFmt numFmtId="170" formatCode="[h]:mm"/><numFmt numFmtId="171" formatCode="mm:ss.0"/><numFmt numFmtId="172" formatCode="[$R$-416]\ #,##0.00;[Red]\-[$R$-416]\ #,##0.00"/><numFmt numFmtId="173" formatCode="[&lt;=9999999999]\(00\)\ 0000\-0000;\(00\)\ 00000\-0000"/><numFmt numFmtId="174" formatCode="[$-C0A]dddd\ d\ &quot;de&quot;\ mmmm;@"/></numFmts><cellXfs count="16"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/><xf numFmtId="9"/><xf numFmtId="169"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/><xf numFmtId="173"/><xf numFmtId="174"/><xf numFmtId="11"/><xf numFmtId="4"/></cellXfs></styleSheet>"#;

/// A workbook of Excel's of these sheets: name, further attributes (as `state="hidden"`), and XML. Cell formats are 0 plain,
/// 1 a date, 2 date and time, 3 eleven digits, 4 a time of day, 5 and 12 phones, 6 an identity number, 7 and 8 shares of a
/// hundred, 9 hours beyond a day, 10 tenths of seconds, 11 money, 13 a date in words, 14 with an exponent, 15 with marks of
/// thousands. Shared texts are `strings`.
pub fn xlsx(sheets: &[(&str, &str, &[u8])], strings: &[&str]) -> Vec<u8> {
    let (mut list, mut relations) = (Vec::new(), Vec::new());
    for (no, (name, more, _)) in sheets.iter().enumerate() {
        list.push(format!(r#"<sheet name="{name}" sheetId="{no}" {more} r:id="rId{no}"/>"#));
        relations.push(format!(r#"<Relationship Id="rId{no}" Type="worksheet" Target="worksheets/sheet{no}.xml"/>"#));
    }
    let workbook = format!("<workbook><sheets>{}</sheets></workbook>", list.concat());
    let relations = format!("<Relationships>{}</Relationships>", relations.concat());
    let strings = format!("<sst><si><t>{}</t></si></sst>", strings.join("</t></si><si><t>"));
    let top = r#"<Relationships><Relationship Id="rId1" Target="xl/workbook.xml"/></Relationships>"#;
    let names: Vec<String> = (0..sheets.len()).map(|no| format!("xl/worksheets/sheet{no}.xml")).collect();
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", top.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
    ];
    parts.extend(names.iter().map(String::as_str).zip(sheets.iter().map(|(_, _, xml)| *xml)));
    package(&parts)
}

/// A workbook of `OpenDocument` with this content.
pub fn ods(content: &[u8]) -> Vec<u8> {
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    package(&[("mimetype", kind), ("META-INF/manifest.xml", b"<manifest:manifest/>"), ("content.xml", content)])
}
