/** What the market sells. A price is in marks, for one piece of the unit. */
export interface Good {
  id: string;
  name: string;
  unit: string;
  price: number;
}

export const goods: readonly Good[] = [
  { id: 'amber', name: 'Baltic amber', unit: 'pouch', price: 42 },
  { id: 'salt', name: 'Lüneburg salt', unit: 'barrel', price: 9 },
  { id: 'stockfish', name: 'Bergen stockfish', unit: 'bundle', price: 14 },
  { id: 'cloth', name: 'Flemish cloth', unit: 'bolt', price: 65 },
];
