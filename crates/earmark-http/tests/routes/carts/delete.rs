//! `DELETE /v1/carts/{id}`.

use crate::support::Shop;

#[tokio::test]
async fn a_deleted_cart_is_gone() {
    let shop = Shop::open().await;
    let cart = shop.op("POST", "/v1/carts").send().await.id();
    let path = format!("/v1/carts/{cart}");
    let deleted = shop.op("DELETE", &path).send().await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!(shop.op("GET", &path).send().await.status, 404);
    assert_eq!(shop.op("DELETE", &path).send().await.status, 404);
    assert_eq!(shop.op("GET", "/v1/carts/cart_x").send().await.status, 404);
}
