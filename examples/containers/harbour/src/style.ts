// A constructed sheet needs neither a file of its own nor 'unsafe-inline' in the page's policy.
const css = `
.quay { padding: 1rem 1.25rem; border: 1px solid #d5dde3; border-radius: 10px; background: #fbf6ec; color: #1d2b36; }
.quay h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
.quay footer { margin-top: .75rem; font-size: .8rem; }
`;

/** Adds the quay's look to the page; the function that comes back removes it. */
export function style(): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  };
}
