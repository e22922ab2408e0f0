//! `GET /docs`: does the page load everything from this server?

use crate::support::Shop;

#[tokio::test]
async fn the_reference_page_loads_nothing_from_elsewhere() {
    let shop = Shop::open().await;
    let page = shop.request("GET", "/docs").send().await;
    let text = String::from_utf8(page.body.clone()).unwrap();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"));
    for text in [text.as_str(), policy] {
        assert!(!text.contains("//"), "no host is named: {text}");
    }
    let sources: Vec<_> = text.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(sources, ["/docs/scalar.js", "/docs/start.js"]);
    for source in sources {
        let got = shop.request("GET", source).send().await;
        assert_eq!((got.status, got.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
        assert!(!got.body.is_empty());
    }
    let start = String::from_utf8(shop.request("GET", "/docs/start.js").send().await.body).unwrap();
    assert!(start.lines().filter(|line| !line.starts_with("//")).all(|line| !line.contains("//")), "{start}");
    assert!(start.contains("telemetry: false") && start.contains("withDefaultFonts: false"));
}
