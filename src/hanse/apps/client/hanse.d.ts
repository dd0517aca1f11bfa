// The types of what components import from Hanse.
import type { AnchorHTMLAttributes, ComponentType, ReactElement, ReactNode } from 'react';

/** Where a page is. */
export interface Route {
  /** The app that owns the page. */
  readonly app: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** The path as the app's files have it: `/shop/[id]`. */
  readonly pattern: string;
  /** What fills the holes of the pattern; `[...rest]` is filled by several. */
  readonly params: Readonly<Record<string, string | readonly string[]>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface NavigateOptions {
  /** Takes the place of the page in the browser's history. */
  readonly replace?: boolean;
  /** Goes to the top of the page; true if not given. */
  readonly scroll?: boolean;
}

export interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>, NavigateOptions {
  readonly href: string;
  /** When the page is fetched: as soon as it is pointed at, or not before the click. */
  readonly prefetch?: 'intent' | 'none';
  readonly children?: ReactNode;
}

export interface FragmentProps {
  /** The module: `shop/Teaser`. */
  readonly of: string;
  /** Its properties, beside what its own `load` gives: what JSON can say. */
  readonly props?: Readonly<Record<string, unknown>>;
}

/** A module of any remote, rendered by itself, with data of its own. */
export function Fragment(props: FragmentProps): ReactElement;
export function Link(props: LinkProps): ReactElement;
export function useRoute(): Route;
export function useData<T = Readonly<Record<string, unknown>>>(): T;
/** Resolves when the page is shown; rejects with `AbortError` where the visitor has gone elsewhere meanwhile. */
export function navigate(href: string, options?: NavigateOptions): Promise<void>;

/** What the build makes of a page and its layouts. */
export function page(Page: ComponentType<any>, layouts?: readonly ComponentType<any>[]): ComponentType<any>;
