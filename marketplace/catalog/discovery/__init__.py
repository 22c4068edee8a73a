"""Finding algorithms: home, explore, shelves, owners, stars, follows and feeds."""
