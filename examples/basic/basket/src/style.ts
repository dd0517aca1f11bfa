// A constructed sheet needs neither a file of its own nor 'unsafe-inline' in the page's policy.
const css = `
.basket { font: 16px/1.5 system-ui, sans-serif; color: #1d2b36; padding: 1rem 1.25rem;
  border: 1px solid #d5dde3; border-radius: 10px; background: #fbf6ec; }
.basket.is-empty { color: #566874; }
.basket h2 { margin: 0 0 .75rem; font-size: 1.25rem; color: #1d2b36; }
.basket ul { list-style: none; margin: 0; padding: 0; }
.basket li { display: flex; justify-content: space-between; align-items: center; padding: .25rem 0; }
.basket button { width: 1.8rem; height: 1.8rem; border: 1px solid #23527c; border-radius: 50%;
  background: none; color: #23527c; font: inherit; line-height: 1; cursor: pointer; }
.basket-total { display: flex; justify-content: space-between; margin: .75rem 0 0; padding-top: .5rem;
  border-top: 1px solid #d5dde3; }
.basket footer { margin-top: .75rem; font-size: .8rem; color: #566874; }
`;
/** Adds the basket's look to the page; the function that comes back removes it. */
export function style(): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  };
}
