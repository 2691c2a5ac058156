// Where the page is: in a document of its own, or in the tree of elements that a notebook's cell holds.

export let tree = document;
export const settle = (within) => (tree = within);
export const find = (id) => tree.getElementById(id);

// Ends what listens to the notebook's document, when the cell is gone.
export const leaving = new AbortController();
