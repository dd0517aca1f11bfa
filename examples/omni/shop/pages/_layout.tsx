import CartBadge from 'checkout/CartBadge';
import type { ReactNode } from 'react';

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <>
      <CartBadge />
      <main>{children}</main>
    </>
  );
}
