/** The server's words, where backticks enclose names: those are shown as code. */
export function Marked({ text }: { text: string }) {
  // With the split every second part is what stood between backticks; a lone one stays as it is.
  const parts = text.split(/`([^`]+)`/);
  return <>{parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>;
}
