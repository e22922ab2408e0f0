//! `DELETE /v1/carts/{id}`: is a deleted cart gone?

use crate::support::Shop;

#[tokio::test]
async fn a_deleted_cart_is_gone() {
    let shop = Shop::open().await;
    let cart = shop.operator("POST", "/v1/carts").send().await.id();
    let path = format!("/v1/carts/{cart}");
    let deleted = shop.operator("DELETE", &path).send().await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!(shop.operator("GET", &path).send().await.status, 404);
    assert_eq!(shop.operator("DELETE", &path).send().await.status, 404);
    assert_eq!(shop.operator("GET", "/v1/carts/cart_x").send().await.status, 404);
}
