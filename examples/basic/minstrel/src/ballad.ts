const verses = ['The sea gives and the sea takes', 'and neither asks the council.'];

const escape = (text: string) => text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);

/**
 * Renders the ballad. A guest may put anything into his song: what may not stand in a page does not arrive there.
 */
export function render({ singer }: { singer: string }): string {
  const lines = verses.map((verse) => `<p onclick="document.title = 'caught'">${verse}</p>`).join('');
  return `<blockquote class="ballad">${lines}<footer>sung by ${escape(singer)}</footer>
    <script>document.title = 'caught'</script><img src="x" onerror="document.title = 'caught'" alt="">
    <a href="javascript:alert(1)">Give him a coin</a></blockquote>`;
}
