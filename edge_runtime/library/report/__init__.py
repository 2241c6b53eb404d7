"""What a library holds, as one page: `summary` adds its rows up, `page` writes them down."""
