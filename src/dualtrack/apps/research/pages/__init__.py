"""Pages of the research desk: documents and questions, the cell in the page's picture, notes under the publish rule, the register."""
