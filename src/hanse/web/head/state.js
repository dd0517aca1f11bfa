// Puts the resolved state where an orchestrator in this page looks for it: all of it, or nothing.
{
  const { store, namespace, documents } = JSON.parse(document.getElementById("hanse-state").textContent);
  const names = Object.keys(documents);
  if (store === "global") {
    globalThis[namespace] = Object.assign(Object.create(null), documents);
  } else {
    try {
      const storage = store === "local" ? localStorage : sessionStorage;
      try {
        for (const name of names) storage.setItem(`${namespace}.${name}`, JSON.stringify(documents[name]));
      } catch {
        for (const name of names) storage.removeItem(`${namespace}.${name}`);
      }
    } catch {
      // Storage is switched off: the orchestrator finds nothing, and begins anew.
    }
  }
}
