// The cart: one for the whole page, whichever apps' components use it.
import { useSyncExternalStore } from 'react';

let goods: readonly string[] = [];
const listeners = new Set<() => void>();

export const add = (id: string): void => {
  goods = [...goods, id];
  for (const tell of listeners) tell();
};

const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};

const NOTHING: readonly string[] = [];

/** What is in the cart; on the server nothing is. */
export const useCart = (): readonly string[] => useSyncExternalStore(subscribe, () => goods, () => NOTHING);
