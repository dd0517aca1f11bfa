/** What there is to call out. */
export const news: readonly string[] = [
  'Three cogs from Bergen lie in the harbour, laden with stockfish.',
  'The council has set the price of salt for the winter.',
  'A wagon of English wool was weighed, and found to be what it said.',
];
