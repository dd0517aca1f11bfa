// Nobody vouches for this: it runs in WebAssembly, and of its HTML only what is harmless reaches the page.
const ARRIVED = { Lübeck: 'Three cogs with stockfish', Visby: 'A cog with amber' };

export const render = ({ port }) => `
  <p>News from ${port}: ${ARRIVED[port] ?? 'no ship today'}.</p>
  <script>document.title = 'The stranger was here';</script>
  <img src="x" onerror="document.title = 'The stranger was here'" alt="">`;
