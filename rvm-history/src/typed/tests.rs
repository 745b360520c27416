//! Values of types, there and back, and fields of records.

use super::*;

fn value(kind: &str, bytes: &[u8]) -> String {
    kind.parse::<Type>().unwrap().value(bytes).to_string()
}

/// Guards against bytes that are taken in the wrong order, and against a sign that is lost.
#[test]
fn numbers_have_an_order_and_a_sign() {
    assert_eq!(value("u16le", &[1, 2]), "513");
    assert_eq!(value("u16be", &[1, 2]), "258");
    assert_eq!(value("i8", &[0xff]), "-1");
    assert_eq!(value("i16be", &[0xff, 0xfe]), "-2");
    assert_eq!(value("i32le", &[0xfe, 0xff, 0xff, 0xff]), "-2");
    assert_eq!(value("u32be", &[0xff, 0, 0, 1]), "4278190081");
    assert_eq!(value("i64be", &[0x80, 0, 0, 0, 0, 0, 0, 0]), i64::MIN.to_string());
    assert_eq!(value("u64le", &[0xff; 8]), u64::MAX.to_string());
    assert_eq!(value("f32be", &[0x3f, 0x80, 0, 0]), "1");
    assert_eq!(value("f64le", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f]), "1.5");
}

/// Guards against text that moves a terminal's cursor, and against bytes that are too few for their type.
#[test]
fn text_shows_no_control_characters_and_rests_are_digits() {
    assert_eq!(value("text:3", b"a\x1b\n"), r#""a\u{1b}\n""#);
    assert_eq!(value("char", b"x"), "\"x\"");
    assert_eq!(value("text:5", b"ab\0\0\0"), "\"ab\"");
    assert_eq!(value("u32le", &[1, 2, 0xab]), "0102ab");
    assert_eq!(value("hex", &[0, 0xff]), "00ff");
}

/// Guards against values that are searched for as other bytes than they are shown from, and against ones that do not fit.
#[test]
fn values_go_there_and_back() {
    let values = [
        ("u8", "255"),
        ("i8", "-128"),
        ("u16be", "258"),
        ("i32be", "-5"),
        ("u64le", "18446744073709551615"),
        ("i64le", "-9223372036854775808"),
        ("f64be", "-0.25"),
        ("f32le", "1.5"),
        ("hex", "0aff"),
    ];
    for (kind, text) in values {
        let kind: Type = kind.parse().unwrap();
        assert_eq!(kind.value(&kind.bytes_of(text).unwrap()).to_string(), text, "{kind}");
    }
    for (kind, text) in [
        ("u8", "256"),
        ("i8", "128"),
        ("u16le", "-1"),
        ("hex", "abc"),
        ("hex:2", "ab"),
        ("char", "ab"),
        ("u8", "x"),
    ] {
        assert!(kind.parse::<Type>().unwrap().bytes_of(text).is_err(), "{kind}:{text}");
    }
}

fn fields(layout: &str, offset: u64, len: usize) -> Vec<(usize, usize, String)> {
    let layout: RecordLayout = layout.parse().unwrap();
    let fields = layout.fields(offset, len);
    fields.map(|field| (field.start, field.end, field.kind.to_string())).collect()
}

/// Guards against fields that drift where a range starts or ends inside one.
#[test]
fn fields_follow_the_records() {
    let whole = |at: &[(usize, usize, &str)]| -> Vec<_> {
        at.iter().map(|(start, end, kind)| (*start, *end, (*kind).to_owned())).collect()
    };
    assert_eq!(fields("u32le,u8", 9, 8), whole(&[(0, 4, "u32le"), (4, 5, "u8"), (5, 8, "hex")]));
    assert_eq!(
        fields("u32le,u8@100", 102, 5),
        whole(&[(0, 2, "hex"), (2, 3, "u8"), (3, 5, "hex")])
    );
    assert_eq!(fields("u32le,u8@0x64", 99, 5), whole(&[(0, 1, "u8"), (1, 5, "u32le")]));
    assert_eq!(fields("u8,text", 0, 5), whole(&[(0, 1, "u8"), (1, 5, "text")])[..].to_vec());
    assert_eq!(fields("u64le", 0, 0), []);
}

/// Guards against layouts that say nothing or two things at once, and numbers without end.
#[test]
fn wrong_layouts_are_refused() {
    for layout in [
        "",
        "u9",
        "u64",
        "text,u8",
        "hex@4",
        "u8@",
        "u8@x",
        "u8@0x+1",
        "text:0",
        "hex:99999999999",
        "u8,,u8",
    ] {
        assert!(layout.parse::<RecordLayout>().is_err(), "{layout:?} was taken");
    }
}
