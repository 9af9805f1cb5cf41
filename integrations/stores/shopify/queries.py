"""The GraphQL that is sent to Shopify, as its Admin API defines it (https://shopify.dev/docs/api/admin-graphql)."""

SCOPES = "query Scopes { shop { name } currentAppInstallation { accessScopes { handle } } }"

LOCATIONS = "query Locations { locations(first: 100) { nodes { id name isActive } } }"

STOCK = """query Stock($query: String!, $location: ID!) { productVariants(first: 5, query: $query) { nodes { id sku inventoryItem {
  id tracked inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } } } } } }"""

SET_STOCK = """mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { inventoryAdjustmentGroup { id } userErrors { code field message } } }"""

METAFIELD = """query Metafield($id: ID!, $key: String!) { order(id: $id) { metafield(namespace: "ordersync", key: $key) { value } } }"""

METAFIELDS_SET = """mutation SetMetafields($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { metafields { id } userErrors { code field message } } }"""

TAGS = "query Tags($id: ID!) { order(id: $id) { tags } }"

TAGS_ADD = """mutation AddTags($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { node { id } userErrors { field message } } }"""

CUSTOMER = "query Customer($id: ID!) { customer(id: $id) { email phone } }"

CUSTOMER_UPDATE = """mutation UpdateCustomer($input: CustomerInput!) {
  customerUpdate(input: $input) { customer { id } userErrors { field message } } }"""

PARCELS = """query Parcels($id: ID!) { order(id: $id) {
  fulfillments(first: 100) { id trackingInfo(first: 50) { number } }
  fulfillmentOrders(first: 50) { nodes { id status assignedLocation { location { id } }
    lineItems(first: 200) { nodes { id remainingQuantity lineItem { id } } } } } } }"""

FULFIL = """mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } } }"""

TRACKING_UPDATE = """mutation UpdateTracking($id: ID!, $tracking: FulfillmentTrackingInput!) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: false) {
    fulfillment { id } userErrors { field message } } }"""
