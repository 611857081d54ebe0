//! What pages and the API read: one module per page, on the reading pool, paged by cursor.
