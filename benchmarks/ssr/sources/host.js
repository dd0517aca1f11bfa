// The entry of the peer's host: shared packages are there only behind an import().
export const load = () => import('./pages.jsx');
