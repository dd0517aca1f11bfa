/** What another remote sends with the event `basket:add`. The price is in marks. */
export interface Item {
  id: string;
  name: string;
  price: number;
}

/** An item of the basket, and how many of it. */
export interface Line extends Item {
  count: number;
}

/** The lines with one more of `item`. */
export function addItem(lines: readonly Line[], item: Item): Line[] {
  if (!lines.some((line) => line.id === item.id)) return [...lines, { ...item, count: 1 }];
  return lines.map((line) => (line.id === item.id ? { ...line, count: line.count + 1 } : line));
}

/** The lines with one less of the item called `id`; a line of none is dropped. */
export function removeItem(lines: readonly Line[], id: string): Line[] {
  return lines
    .map((line) => (line.id === id ? { ...line, count: line.count - 1 } : line))
    .filter((line) => line.count > 0);
}

export const total = (lines: readonly Line[]): number =>
  lines.reduce((sum, line) => sum + line.count * line.price, 0);
