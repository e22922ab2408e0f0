//! `GET /v1/items/{sku}`: is an item found, with a token where the catalogue is private?

use insta::assert_snapshot;

use crate::support::{Settings, Shop};

#[tokio::test]
async fn the_catalogue_is_open_unless_it_is_private() {
    let shop = Shop::open().await;
    shop.stock("a.b-c_D", 100, 5).await;
    assert_snapshot!("open", shop.request("GET", "/v1/items/a.b-c_D").send().await.shown());
    let mut private = Settings::default();
    private.http.private_catalogue = true;
    let shop = Shop::with(private).await;
    shop.stock("a", 100, 5).await;
    assert_snapshot!("private", shop.request("GET", "/v1/items/a").send().await.shown());
    assert_eq!(shop.operator("GET", "/v1/items/a").send().await.status, 200);
    assert_eq!(shop.request("GET", "/v1/items").send().await.status, 401);
}

#[tokio::test]
async fn what_is_not_there_or_cannot_be_a_sku_is_not_found() {
    let shop = Shop::open().await;
    for path in ["/v1/items/none", "/v1/items/a%20b", "/v1/items/%ff", "/v1/items/a%2Fb"] {
        let got = shop.request("GET", path).send().await;
        assert_eq!((got.status, got.code().as_str()), (404, "not_found"), "{path}");
    }
}
