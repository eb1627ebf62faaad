"""How complex an instruction is and how good a response, by a judge (Deita, arXiv 2312.15685, sections 2.2 and 2.3)."""
