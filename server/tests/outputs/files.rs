use std::fs;
use std::io::Read;
use std::path::Path;

use yagura_server::output::{FileOutput, FileSettings, Format, Output, Queued, RotateSettings};
use yagura_server::spool::Position;

use crate::world::alert;

fn queued(id: u128) -> Queued {
    Queued {
        position: Position::new(id as u64 + 1),
        finding: alert(id, 0),
    }
}

fn open(folder: &Path, rotate: RotateSettings) -> FileOutput {
    let settings = FileSettings {
        path: "sub/alerts.jsonl".into(),
        format: Format::Record,
        rotate,
    };
    FileOutput::open(&settings, folder).expect("a file")
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn the_unfinished_last_line_is_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sub/alerts.jsonl");
    let mut output = open(folder.path(), RotateSettings::default());
    output.deliver(&[queued(1), queued(2)]).expect("delivered");
    drop(output);
    let whole = fs::read(&path).expect("a file");
    for left in [b"{".to_vec(), vec![b'x'; 10_000]] {
        fs::write(&path, [whole.clone(), left].concat()).expect("written");
        drop(open(folder.path(), RotateSettings::default()));
        assert_eq!(fs::read(&path).expect("a file"), whole);
    }
    fs::write(&path, "no line at all").expect("written");
    drop(open(folder.path(), RotateSettings::default()));
    assert_eq!(fs::read(&path).expect("a file"), b"");
}

#[test]
fn a_large_file_becomes_a_former_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let rotate = RotateSettings {
        bytes: 500,
        keep: 2,
        gzip: true,
        ..RotateSettings::default()
    };
    let mut output = open(folder.path(), rotate);
    for id in 0..10 {
        output.deliver(&[queued(id)]).expect("delivered");
    }
    let names: Vec<String> = {
        let listed = fs::read_dir(folder.path().join("sub")).expect("a folder");
        let names = listed.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names,
        ["alerts.jsonl", "alerts.jsonl.1.gz", "alerts.jsonl.2.gz"]
    );
    let packed = fs::File::open(folder.path().join("sub/alerts.jsonl.1.gz")).expect("a file");
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(packed);
    unpacked.read_to_string(&mut text).expect("gzip");
    assert!(text.len() <= 500 && text.ends_with("}\n"), "{text}");
}

#[test]
fn a_file_that_was_moved_away_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sub/alerts.jsonl");
    let mut output = open(folder.path(), RotateSettings::default());
    output.deliver(&[queued(1), queued(2)]).expect("delivered");
    fs::rename(&path, folder.path().join("moved")).expect("moved");
    output.deliver(&[queued(3)]).expect("delivered");
    assert_eq!((lines(&folder.path().join("moved")), lines(&path)), (2, 1));
}
