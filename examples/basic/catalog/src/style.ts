// A constructed sheet needs neither a file of its own nor 'unsafe-inline' in the page's policy.
const css = `
.catalog { font: 16px/1.5 system-ui, sans-serif; color: #1d2b36; }
.catalog h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
.catalog ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
.catalog-product { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; align-items: center;
  padding: .75rem 1rem; border: 1px solid #d5dde3; border-radius: 10px; background: #fff; }
.catalog-product.is-open { border-color: #a8322a; }
.catalog-name { font-weight: 600; }
.catalog-price { grid-row: 2; color: #566874; }
.catalog-buttons { grid-row: 1 / span 2; grid-column: 2; display: flex; gap: .5rem; }
.catalog button { font: inherit; padding: .3rem .8rem; border: 1px solid #a8322a; border-radius: 999px;
  background: none; color: #a8322a; cursor: pointer; }
.catalog button.is-strong { background: #a8322a; color: #fff; }
.catalog-details { grid-column: 1 / -1; margin: .6rem 0 0; padding-top: .6rem; border-top: 1px dashed #d5dde3; }
.catalog footer { margin-top: .75rem; font-size: .8rem; color: #566874; }
`;

/** Adds the catalog's look to the page; the function that comes back removes it. */
export function style(): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  };
}
