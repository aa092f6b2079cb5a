//! Coverage of ATT&CK as a heat map: one self-contained page, no scripts, nothing fetched.

use std::fmt::Write;

use super::bench_html::markup::escape;
use super::quantity::grouped;
use crate::coverage::logsources::Needed;
use crate::coverage::matrix::Matrix;

const STYLE: &str = "\
:root{color-scheme:light dark;font:15px/1.4 system-ui,sans-serif}
main{max-width:100rem;margin:0 auto;padding:1rem}
.matrix{display:flex;gap:.4rem;align-items:flex-start;overflow-x:auto}
.tactic{flex:1 0 8rem}
.tactic h2{font-size:.85rem;margin:0 0 .3rem}
.cell{border-radius:.2rem;padding:.15rem .4rem;margin:.15rem 0;font-size:.8rem;display:flex;justify-content:space-between;gap:.5rem}
table{border-collapse:collapse;margin-top:1rem}
td,th{padding:.15rem .8rem .15rem 0;text-align:left}
td.number{text-align:right}
.missing{color:#b3261e}
";

// Writing to a string cannot fail.

/// The page.
pub fn page(matrix: &Matrix, needed: &[Needed]) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>Coverage of ATT&amp;CK</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Coverage of ATT&amp;CK</h1>\n<p>{} rules, {} techniques; {} rules without a tag. \
         The darker a technique, the more rules are about it; point at one to see which.</p>\n\
         <div class=\"matrix\">\n",
        grouped(matrix.rules),
        matrix.techniques.len(),
        grouped(matrix.untagged),
    );
    for (tactic, covered) in &matrix.tactics {
        let _ = writeln!(
            out,
            "<div class=\"tactic\"><h2>{tactic} ({})</h2>",
            grouped(covered.rules)
        );
        for technique in matrix.cells.get(tactic).into_iter().flatten() {
            cell(&mut out, matrix, technique);
        }
        out.push_str("</div>\n");
    }
    out.push_str("</div>\n");
    logsources(&mut out, needed);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn cell(out: &mut String, matrix: &Matrix, technique: &str) {
    let Some(covered) = matrix.techniques.get(technique) else {
        return;
    };
    // Ten rules are as dark as it gets: one more matters less the more there are.
    let percent = 12 + covered.rules.min(10) * 8;
    let mut titles = covered.titles.join("\n");
    let more = covered.rules.saturating_sub(covered.titles.len() as u64);
    if more > 0 {
        let _ = write!(titles, "\nand {more} more");
    }
    let _ = writeln!(
        out,
        "<div class=\"cell\" title=\"{}\" style=\"background:color-mix(in srgb,#1f6fb4 {percent}%,transparent)\">\
         <span>{}</span><span>{}</span></div>",
        escape(&titles),
        escape(technique),
        covered.rules,
    );
}

fn logsources(out: &mut String, needed: &[Needed]) {
    out.push_str("<table>\n<tr><th>logsource</th><th>rules</th><th>events</th></tr>\n");
    for of in needed {
        let events = match (of.known, of.events) {
            (false, _) => "unknown logsource".to_owned(),
            (true, None) => String::new(),
            (true, Some(events)) => grouped(events),
        };
        let class = if !of.known || of.events == Some(0) {
            " class=\"missing\""
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "<tr{class}><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{events}</td></tr>",
            escape(&of.logsource),
            grouped(of.rules),
        );
    }
    out.push_str("</table>\n");
}
