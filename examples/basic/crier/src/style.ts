const css = `
.crier { font: 16px/1.5 system-ui, sans-serif; padding: .75rem 1rem; border-left: 4px solid #a8322a; background: #fff; }
.crier h2 { margin: 0; font-size: 1.1rem; }
.crier ul { margin: .25rem 0 .5rem; padding-left: 1.2rem; }
.crier button { font: inherit; padding: .2rem .8rem; border: 1px solid #a8322a; border-radius: 999px;
  background: none; color: #a8322a; cursor: pointer; }
`;

/** Adds the crier's look to the page; the function that comes back removes it. */
export function style(): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  };
}
