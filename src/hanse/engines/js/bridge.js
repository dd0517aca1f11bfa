// What modules of a generation get from the guest: their own `import()`, and what was evaluated before them.

let loader;

export const expose = (made) => (loader = made);
export const importFrom = (node) => loader.importFrom(node);
export const heldBy = (node) => loader.heldBy(node);
