//! Small files with every kind of row, and what must be planned for them.

use super::*;
use crate::replay::rows;

/// The plan of rows as `invoice,code,description,quantity,price,customer`.
fn planned(lines: &[&str]) -> Plan {
    let mut text = "InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID\n".to_owned();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    plan(&rows::parse(text.as_bytes()).unwrap()).unwrap()
}

fn sold(reference: &str) -> Fate {
    Fate::Sold { reference: reference.to_owned() }
}

#[test]
fn every_kind_of_row_has_its_fate() {
    let plan = planned(&[
        "1,10002,PAINT SET,10,0.85,77",
        "1,POST,POSTAGE,1,18,77",
        "1,BANK CHARGES,Bank Charges,1,15,77",
        "2,10002,PAINT SET,1,0,",
        "3,10002,,5,0,",
        "4,10002,damages,-2,0,",
        "5,10002,PAINT SET,x,0.85,",
        "C6,10002,PAINT SET,-4,0.85,77",
        "C7,10002,PAINT SET,-9,0.80,77",
        "C8,10002,PAINT SET,-1,0.85,78",
        "C9,10002,PAINT SET,1,0.85,77",
    ]);
    let takes = |units, unmatched| Fate::Cancelled { takes: vec![("1".to_owned(), units)], unmatched };
    let expect = [
        sold("1"),
        Fate::NotAProduct,
        Fate::OutsideGrammar,
        sold("2"),
        Fate::Corrected,
        Fate::Corrected,
        Fate::Malformed,
        takes(4, 0),
        takes(6, 3),
        Fate::CancellationUnmatched,
        Fate::Malformed,
    ];
    assert_eq!(plan.fates, expect);
    assert_eq!(plan.report.rows(), 11);
    assert_eq!(plan.report.rows_of("cancelled at another price than bought, refunded as bought"), 1);
    assert_eq!(plan.items["10002"].received, 13);
    assert_eq!(plan.orders[0].held["10002"], 10);
}

#[test]
fn second_price_and_too_many_lines_make_further_orders() {
    let mut lines =
        vec!["1,10002,A,1,1,".to_owned(), "1,10002,A,2,1.00,".to_owned(), "1,10002,A,4,2,".to_owned()];
    lines.extend((0..500).map(|number| format!("1,{},B,1,1,", 20_000 + number)));
    let plan = planned(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(plan.fates[..3], [sold("1"), sold("1"), sold("1-2")]);
    assert_eq!(plan.orders.len(), 2);
    assert_eq!(plan.orders[0].lines.len(), 500);
    assert_eq!((plan.orders[0].lines["10002"].units(), plan.orders[1].lines["10002"].units()), (3, 4));
    assert_eq!(plan.report.rows_of("second price in its invoice, in a further order"), 1);
    assert_eq!(plan.report.rows_of("beyond 500 lines of its invoice, in a further order"), 1);
}

#[test]
fn codes_in_mixed_case_are_one_item() {
    let plan = planned(&["1,85123a,LANTERN,1,1,", "1,85123A,LANTERN,2,1,"]);
    assert_eq!(plan.items.keys().collect::<Vec<_>>(), ["85123A"]);
    assert_eq!(plan.orders[0].lines["85123A"].units(), 3);
}

#[test]
fn cancellation_takes_from_the_latest_purchases() {
    let plan = planned(&["1,10002,A,5,1,7", "2,10002,A,2,1,7", "3,10002,A,9,1,8", "C4,10002,A,-4,1,7"]);
    let takes = vec![("2".to_owned(), 2), ("1".to_owned(), 2)];
    assert_eq!(plan.fates[3], Fate::Cancelled { takes, unmatched: 0 });
    let whole = plan.steps.iter().filter_map(|step| match step {
        Step::Cancel { order, lines, .. } => Some((*order, lines.is_none())),
        _ => None,
    });
    assert_eq!(whole.collect::<Vec<_>>(), [(0, false), (1, true)]);
}

#[test]
fn short_stock_is_refused_where_it_runs_out_and_cancelled_units_come_back() {
    // The 26th SKU is the first that gets half of what the file takes.
    let mut lines = (0..25).map(|number| format!("1,{},FILLER,1,1,7", 10_000 + number)).collect::<Vec<_>>();
    for line in
        ["2,20000,A,4,1,7", "3,20000,A,4,1,7", "C4,20000,A,-1,1,7", "5,20000,A,2,1,7", "6,20000,,-3,0,"]
    {
        lines.push(line.to_owned());
    }
    let plan = planned(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(plan.items["20000"].received, 6);
    let takes = vec![("2".to_owned(), 1)];
    let expect = [
        sold("2"),
        Fate::Refused,
        Fate::Cancelled { takes, unmatched: 0 },
        sold("5"),
        Fate::CorrectionRefused,
    ];
    assert_eq!(plan.fates[25..], expect);
    let refused = &plan.orders[2].lines["20000"].additions[0];
    assert_eq!((refused.requested, refused.available), (4, 2));
    assert!(!plan.orders[2].is_placed());
}
