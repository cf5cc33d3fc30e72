"""Research and data analysis: figures whose every operand can be pointed at, computed in a closed calculator and computed again."""
