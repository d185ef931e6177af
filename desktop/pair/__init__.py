"""The pair: base and tuned one over the other, to see, compare, cut and judge."""
