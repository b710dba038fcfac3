"""Building blocks that pages share: escaping, errors, pickers, forms, charts and the small web parts in ``web/``."""
